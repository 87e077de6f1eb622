// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace keyshift::base {
namespace {

void append_escaped(std::string& out, const Decoded& decoded, unsigned char byte) {
    std::array<char, 16> text{};
    if (!decoded.valid || decoded.code_point < 0x100) {
        std::snprintf(
            text.data(), text.size(), "\\x%02x",
            decoded.valid ? static_cast<unsigned>(decoded.code_point) : static_cast<unsigned>(byte));
    } else {
        std::snprintf(text.data(), text.size(), "\\u{%x}", static_cast<unsigned>(decoded.code_point));
    }
    out += text.data();
}

}  // namespace

Decoded decode_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (size == 0 || lead > 0xF4 || text.size() < size) return {};
    char32_t code_point = lead & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return {};
        code_point = code_point << 6U | (byte(i) & 0x3FU);
    }
    constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < kSmallest.at(size) || code_point > 0x10FFFF || surrogate) return {};
    return {code_point, size, true};
}

bool is_unsafe_to_display(char32_t c) {
    struct Range {
        char32_t first;
        char32_t last;
    };
    static constexpr std::array<Range, 10> kRanges{{{0x00, 0x1F},
                                                    {0x7F, 0x9F},
                                                    {0x061C, 0x061C},
                                                    {0x180E, 0x180E},
                                                    {0x200B, 0x200C},  // U+200D joins emoji and is harmless
                                                    {0x200E, 0x200F},
                                                    {0x2028, 0x202E},
                                                    {0x2060, 0x206F},
                                                    {0xFEFF, 0xFEFF},
                                                    {0xE0000, 0xE007F}}};
    return std::any_of(kRanges.begin(), kRanges.end(), [c](Range r) { return c >= r.first && c <= r.last; });
}

std::string escape_unsafe(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Decoded decoded = decode_utf8(text);
        if (decoded.valid && !is_unsafe_to_display(decoded.code_point)) {
            out += text.substr(0, decoded.size);
        } else if (decoded.valid && decoded.code_point == '\n') {
            out += "\\n";
        } else if (decoded.valid && decoded.code_point == '\r') {
            out += "\\r";
        } else if (decoded.valid && decoded.code_point == '\t') {
            out += "\\t";
        } else {
            append_escaped(out, decoded, static_cast<unsigned char>(text[0]));
        }
        text.remove_prefix(decoded.size);
    }
    return out;
}

std::size_t count_code_points(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text.remove_prefix(decode_utf8(text).size);
    return count;
}

}  // namespace keyshift::base
