// SPDX-License-Identifier: Apache-2.0
#include "report/letters/letter.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "report/next_step.hpp"

namespace keyshift::report {
namespace {

constexpr auto kAskOfWord = std::to_array<std::pair<std::string_view, Ask>>({
    {"deploy_new_key_now", Ask::replace_now},
    {"create_new_key", Ask::replace},
    {"deploy_new_key", Ask::deploy},
    {"finish_switch", Ask::finish},
    {"confirm_unused", Ask::confirm},
});

constexpr std::array<std::string_view, kAsks + 1> kClauses{
    "it has stopped working: replace it now",
    "replace it",
    "put the new key in its place",
    "it is still used somewhere: find that place",
    "use it once, or tell us that you do not need it",
    "it seems unused: tell us whether you need it",
    "nothing to do",
};

std::string create(const LetterFacts& facts) {
    return "create a new key with the same name" +
           (facts.create_request.empty() ? "" : " (" + facts.create_request + ")");
}

}  // namespace

Ask ask_of(const KeyPhase& key, bool promotes) {
    const std::string_view word = next_step(key).word;
    const auto* const found = std::find_if(kAskOfWord.begin(), kAskOfWord.end(),
                                           [&](const auto& pair) { return pair.first == word; });
    if (found == kAskOfWord.end()) return Ask::nothing;
    return promotes && found->second == Ask::confirm ? Ask::use_once : found->second;
}

void Letter::add(HeldKey key) {
    if (key.ask == Ask::nothing) return;
    ++asked;
    asks[static_cast<std::size_t>(key.ask)] = true;
    const auto place = std::upper_bound(keys.begin(), keys.end(), key.ask,
                                        [](Ask one, const HeldKey& other) { return one < other.ask; });
    keys.insert(place, std::move(key));
    if (keys.size() <= kKeysListed) return;
    keys.pop_back();
    ++more;
}

std::string_view state_of(const Letter& letter) {
    if (letter.asked == 0) return "nothing to do";
    if (letter.has(Ask::replace_now)) return "urgent";
    return letter.has(Ask::replace) || letter.has(Ask::deploy) || letter.has(Ask::finish) ? "to do"
                                                                                          : "confirm";
}

std::string_view clause_of(Ask ask) {
    return kClauses.at(static_cast<std::size_t>(ask));
}

std::string step_of(Ask ask, const LetterFacts& facts) {
    switch (ask) {
        case Ask::replace_now:
            return "Keys that have stopped working: requests with them fail. For each, " + create(facts) +
                   " now, and put it where the old one was.";
        case Ask::replace:
            return "Keys to replace: for each, " + create(facts) +
                   ", put it where the old one is used, and see that it works.";
        case Ask::deploy:
            return "Keys whose new key is not in use yet: put the new key where the old one is used.";
        case Ask::finish:
            return "Keys that are still used beside their new key: some place still has the old one, such as "
                   "a "
                   "second server, a job that runs at night or a colleague's script. Find it and change it.";
        case Ask::use_once:
            return "Keys that have not been used for a while: send any request with each that you need. That "
                   "is all; the key stays the same. Tell us which ones you do not need.";
        case Ask::confirm:
            return "Keys that seem unused: tell us whether you still need them. They will be blocked if "
                   "nobody "
                   "does.";
        case Ask::nothing:
            break;
    }
    return {};
}

bool is_usable_address(std::string_view address) {
    constexpr std::string_view kSeparators = "<>()[],;:\\\"";
    const auto at = address.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return false;
    if (address.find('@', at + 1) != std::string_view::npos) return false;
    constexpr std::size_t kLongest = 254;  // RFC 5321, 4.5.3.1.3
    return address.size() <= kLongest && std::all_of(address.begin(), address.end(), [&](char c) {
               return c > ' ' && c < '\x7f' && kSeparators.find(c) == std::string_view::npos;
           });
}

}  // namespace keyshift::report
