// SPDX-License-Identifier: Apache-2.0
#include "inventory/cursor_text.hpp"

#include <charconv>

#include "base/ascii.hpp"
#include "inventory/key_query.hpp"

namespace keyshift::inventory {
namespace {

constexpr std::string_view kVersion = "1";

std::vector<std::string> split_at_dots(std::string_view text) {
    std::vector<std::string> out;
    for (;;) {
        const std::size_t dot = text.find('.');
        out.emplace_back(text.substr(0, dot));
        if (dot == std::string_view::npos) return out;
        text.remove_prefix(dot + 1);
    }
}

}  // namespace

std::string cursor_text(std::string_view order, const std::vector<std::string>& parts) {
    std::string out = std::string(kVersion) + "." + std::string(order);
    for (const std::string& part : parts) out += "." + part;
    return out;
}

base::Error bad_cursor() {
    return {base::Errc::usage, "cursor is none of this list in this order",
            "begin at the first page again, without it"};
}

base::Result<std::vector<std::string>> parse_cursor_text(std::string_view text, std::string_view order,
                                                         std::size_t parts) {
    std::vector<std::string> all = split_at_dots(text);
    if (all.size() != parts + 2 || all[0] != kVersion || all[1] != order) return bad_cursor();
    all.erase(all.begin(), all.begin() + 2);
    return all;
}

std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t max) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number > max) return std::nullopt;
    return number;
}

base::Result<std::size_t> parse_limit(std::string_view text, std::size_t most) {
    const auto limit = whole_number(text, most);
    if (limit && *limit > 0) return static_cast<std::size_t>(*limit);
    return base::Error{base::Errc::usage, "limit is out of range",
                       "write 1 to " + std::to_string(kMostLimit)};
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    return out;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = base::hex_digit(text[i]);
        const int low = base::hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

}  // namespace keyshift::inventory
