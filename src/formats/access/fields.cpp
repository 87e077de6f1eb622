// SPDX-License-Identifier: Apache-2.0
#include "formats/access/fields.hpp"

#include "base/ascii.hpp"

namespace keyshift::formats {
namespace {

/// The byte that two hexadecimal digits at `at` stand for, or -1.
int hex_byte(std::string_view text, std::size_t at) {
    if (at + 2 > text.size()) return -1;
    const int high = base::hex_digit(text[at]);
    const int low = base::hex_digit(text[at + 1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void append_utf8(std::string& out, unsigned code_point) {
    const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (code_point < 0x80) return put(code_point);
    if (code_point < 0x800) {
        put(0xC0U | code_point >> 6U);
    } else {
        put(0xE0U | code_point >> 12U);
        put(0x80U | (code_point >> 6U & 0x3FU));
    }
    put(0x80U | (code_point & 0x3FU));
}

/// What stands behind a backslash at `at`; returns how many characters that are, 0: no escape.
std::size_t unescape_one(std::string_view text, std::size_t at, std::string& out) {
    if (at == text.size()) return 0;
    constexpr std::string_view kNames = "nrtbfav\"\\/";
    constexpr std::string_view kBytes = "\n\r\t\b\f\a\v\"\\/";
    const std::size_t named = kNames.find(text[at]);
    if (named != std::string_view::npos) {
        out += kBytes[named];
        return 1;
    }
    const int byte = hex_byte(text, at + 1);
    if (text[at] == 'x' && byte >= 0) {
        out += static_cast<char>(byte);
        return 3;
    }
    const int low = hex_byte(text, at + 3);
    if (text[at] != 'u' || byte < 0 || low < 0) return 0;
    append_utf8(out, static_cast<unsigned>(byte * 256 + low));
    return 5;
}

}  // namespace

std::string unescape(std::string_view text, AccessEscape escape) {
    if (escape == AccessEscape::none) return std::string(text);
    const char mark = escape == AccessEscape::hash ? '#' : '\\';
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != mark) {
            out += text[at];
        } else if (escape == AccessEscape::backslash) {
            const std::size_t size = unescape_one(text, at + 1, out);
            if (size == 0) out += mark;
            at += size;
        } else if (const int byte = hex_byte(text, at + 1); byte >= 0) {
            out += static_cast<char>(byte);
            at += 2;
        } else {
            out += mark;
        }
    }
    return out;
}

}  // namespace keyshift::formats
