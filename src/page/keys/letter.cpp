// SPDX-License-Identifier: Apache-2.0
#include "page/keys/letter.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/people_time.hpp"

namespace keyshift::page {
namespace {

/// What its owner is asked to do with a key, by its phase.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kAsked{{
    {"stranded", "it no longer works and your clients fail: create a new key and put it into them now"},
    {"retired_in_use", "it was deleted while in use: create a new key and put it into your clients now"},
    {"overlap", "the new key is in use, but some client still uses the old one: switch that one, too"},
    {"issued", "a new key was made for it: put the new one into your clients"},
    {"pending", "create a new key and put it into your clients"},
    {"dormant", "nobody has used it for a long time: tell us whether you still need it"},
    {"drained", "your clients use the new key: delete the old one"},
}};

std::string_view asked_of(const api::Key& key) {
    const auto found = std::find_if(kAsked.begin(), kAsked.end(), [&](const auto& entry) {
        return key.phase && entry.first == *key.phase;
    });
    return found == kAsked.end() ? std::string_view() : found->second;
}

std::string key_line(const api::Key& key, std::string_view asked, base::Time now) {
    std::string out = "- " + key.name.value_or("unnamed") + " (" + key.prefix + "…";
    if (key.created_at) out += ", created " + base::format_for_people(*key.created_at, now);
    out += key.last_used_at ? ", last used " + base::format_for_people(*key.last_used_at, now)
                            : std::string(", never used");
    return out + "): " + std::string(asked) + ".";
}

}  // namespace

std::vector<std::string> letter(const std::vector<api::Key>& keys, const LetterFacts& facts) {
    std::vector<std::string> lines;
    for (const api::Key& key : keys)
        if (const auto asked = asked_of(key); !asked.empty())
            lines.push_back(key_line(key, asked, facts.now));
    if (lines.empty()) return {};
    const bool one = lines.size() == 1;
    std::vector<std::string> out{
        one ? "Subject: Please replace your API key" : "Subject: Please replace your API keys",
        "",
        "Hello,",
        "",
        "our API gateway checks keys in a new, much faster way. Keys from before that "
        "cannot be converted,",
        "since nobody but you has them: each must be replaced by a new one.",
        "",
        one ? "This one is yours:" : "These are yours:"};
    out.insert(out.end(), lines.begin(), lines.end());
    out.emplace_back();
    if (facts.cut_off)
        out.emplace_back("Old keys no longer work.");
    else if (facts.deadline && *facts.deadline > facts.now)
        out.push_back("Please do this before " + base::format_for_people(*facts.deadline, facts.now) +
                      ". Old keys stop working after that.");
    else
        out.emplace_back("Please do this soon. Old keys will stop working.");
    out.insert(out.end(), {"", "Thank you."});
    return out;
}

}  // namespace keyshift::page
