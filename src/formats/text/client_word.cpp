// SPDX-License-Identifier: Apache-2.0
#include "formats/text/client_word.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <arpa/inet.h>

namespace keyshift::formats {
namespace {

constexpr std::size_t kLongestName = 253;

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, base::is_digit);
}

bool is_name_byte(char c) {
    return base::is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
}

/// Without ":port", if the rest has no other colon.
std::string_view without_port(std::string_view text) {
    const std::size_t colon = text.find(':');
    const bool port = colon != std::string_view::npos && is_port(text.substr(colon + 1));
    return port ? text.substr(0, colon) : text;
}

}  // namespace

bool is_bare_address(std::string_view text) {
    if (is_ipv4(text)) return true;
    if (text.find(':') == std::string_view::npos) return false;
    text = text.substr(0, text.find('%'));
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::ranges::copy(text, terminated.begin());
    std::array<unsigned char, 16> ignored{};
    return inet_pton(AF_INET6, terminated.data(), ignored.data()) == 1;
}

bool is_address(std::string_view text) {
    if (is_bare_address(text)) return true;
    if (!text.starts_with('[')) return is_ipv4(without_port(text));
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_bare_address(text.substr(1, end - 1))) return false;
    const std::string_view behind = text.substr(end + 1);
    return behind.empty() || (behind.starts_with(':') && is_port(behind.substr(1)));
}

bool is_host_name(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty() || text.size() > kLongestName || text.front() == '.' || text.front() == '-')
        return false;
    if (!std::ranges::all_of(text, is_name_byte) || text.find("..") != std::string_view::npos) return false;
    const std::string_view last = text.substr(text.rfind('.') + 1);
    return !std::ranges::all_of(last, base::is_digit);
}

bool is_client(std::string_view text) {
    return text.starts_with("unix:") || is_address(text) || is_host_name(without_port(text));
}

}  // namespace keyshift::formats
