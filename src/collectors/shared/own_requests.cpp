// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared/own_requests.hpp"

#include <cstddef>
#include <cstdint>

#include "base/ascii.hpp"

namespace keyshift::collectors {
namespace {

/// What all of it has in it.
constexpr std::string_view kName = "keyshift";
constexpr std::string_view kAgent = "keyshift/";
constexpr std::size_t kAtOnce = 64;

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
    // Two of its letters, at the distance that they have: a loop that compilers make vector instructions of,
    // at a tenth of what find() takes.
    constexpr std::size_t kLast = kName.size() - 1;
    const auto same = [](char a, char b) { return a == b ? 1U : 0U; };
    const char* at = text.data();
    std::size_t left = text.size();
    while (left >= kAtOnce + kLast) {
        std::uint8_t any = 0;
        for (std::size_t i = 0; i < kAtOnce; ++i)
            any |= static_cast<std::uint8_t>(same(at[i], kName.front()) & same(at[i + 4], kName[4]) &
                                             same(at[i + kLast], kName.back()));
        if (any != 0 && std::string_view(at, kAtOnce + kLast).find(kName) != std::string_view::npos)
            return true;
        at += kAtOnce;
        left -= kAtOnce;
    }
    return std::string_view(at, left).find(kName) != std::string_view::npos;
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
