// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared/own_requests.hpp"

#include <cstddef>

#include "base/ascii.hpp"
#include "formats/text/bytes64.hpp"

namespace keyshift::collectors {
namespace {

/// What all of it has in it.
constexpr std::string_view kName = "keyshift";
constexpr std::string_view kAgent = "keyshift/";

bool is_word(char c) {
    return base::is_alphanumeric(c) || c == '_' || c == '-';
}

/// Of a Debian version: "0.1.0", "1.2~rc1-1+b1".
std::size_t version_size(std::string_view text) {
    if (text.empty() || !base::is_digit(text.front())) return 0;
    std::size_t size = 1;
    while (size < text.size() &&
           (is_word(text[size]) || text[size] == '.' || text[size] == '+' || text[size] == '~'))
        ++size;
    return size;
}

/// Whether the parameter that stands at `at` begins and ends there.
bool is_parameter(std::string_view text, std::size_t at) {
    const std::size_t end = at + kOwnParameter.size();
    if (at == 0 || (text[at - 1] != '?' && text[at - 1] != '&')) return false;
    return end == text.size() || (!is_word(text[end]) && text[end] != '.' && text[end] != '%');
}

bool has_own_parameter(std::string_view text) {
    for (std::size_t at = text.find(kOwnParameter); at != std::string_view::npos;
         at = text.find(kOwnParameter, at + 1))
        if (is_parameter(text, at)) return true;
    return false;
}

bool has_own_agent(std::string_view text) {
    for (std::size_t at = text.find(kAgent); at != std::string_view::npos; at = text.find(kAgent, at + 1)) {
        const bool begins = at == 0 || (!is_word(text[at - 1]) && text[at - 1] != '/' && text[at - 1] != '.');
        if (begins && version_size(text.substr(at + kAgent.size())) > 0) return true;
    }
    return false;
}

}  // namespace

bool may_hold_own(std::string_view text) {
    using formats::Bytes64;
    // Two of its letters, at the distance that they have, of 64 places at once.
    constexpr std::size_t kSecond = 5;
    constexpr std::size_t kRead = Bytes64::kSize + kName.size();
    while (text.size() >= kRead) {
        const Bytes64 firsts(text.data());
        const Bytes64 seconds(text.data() + kSecond);
        const bool any = (firsts.are(kName.front()) & seconds.are(kName[kSecond])).mask() != 0;
        if (any && text.substr(0, kRead).find(kName) != std::string_view::npos) return true;
        text.remove_prefix(Bytes64::kSize);
    }
    return text.find(kName) != std::string_view::npos;
}

bool is_own_agent(std::string_view user_agent) {
    if (!user_agent.starts_with(kAgent)) return false;
    const std::string_view version = user_agent.substr(kAgent.size());
    return !version.empty() && version_size(version) == version.size();
}

bool is_own_target(std::string_view target) {
    const std::size_t query = target.find('?');
    return query != std::string_view::npos &&
           has_own_parameter(target.substr(query, target.find('#', query) - query));
}

bool is_own_line(std::string_view line) {
    return has_own_agent(line) || has_own_parameter(line);
}

std::string mark_target(std::string_view target) {
    std::string out(target);
    if (is_own_target(target)) return out;
    out += target.find('?') == std::string_view::npos ? '?' : '&';
    return out.append(kOwnParameter);
}

}  // namespace keyshift::collectors
