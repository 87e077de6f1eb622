// SPDX-License-Identifier: Apache-2.0
#include "commands/screen/layout.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"

namespace keyshift::commands {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::string_view kPlain = "\x1b[0m";
/// Less than that of a line is no line.
constexpr std::size_t kLeastWidth = 10;

struct Range {
    char32_t first;
    char32_t last;
};

template <std::size_t N>
bool is_in(char32_t c, const std::array<Range, N>& ranges) {
    return std::any_of(ranges.begin(), ranges.end(), [c](Range r) { return c >= r.first && c <= r.last; });
}

/// Unicode's East_Asian_Width W and F, and emoji, by their blocks.
constexpr std::array<Range, 13> kWide{{{0x1100, 0x115F},
                                       {0x231A, 0x231B},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0x33FF},
                                       {0x3400, 0x4DBF},
                                       {0x4E00, 0xA4CF},
                                       {0xA960, 0xA97F},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0x1F300, 0x1FAFF},
                                       {0x20000, 0x3FFFD}}};
/// Combining marks, variation selectors, the joiner.
constexpr std::array<Range, 7> kNoWidth{{{0x0300, 0x036F},
                                         {0x0483, 0x0489},
                                         {0x1AB0, 0x1AFF},
                                         {0x1DC0, 0x1DFF},
                                         {0x200D, 0x200D},
                                         {0x20D0, 0x20FF},
                                         {0xFE00, 0xFE0F}}};

struct Glyph {
    std::size_t bytes = 1;
    std::size_t columns = 1;
};

/// The next character of `text`, which is not empty, or a whole sequence of a colour.
Glyph next_glyph(std::string_view text) {
    if (text.substr(0, 2) == "\x1b[") {
        const std::size_t end = text.find('m');
        if (end != std::string_view::npos) return {end + 1, 0};
    }
    const base::Decoded decoded = base::decode_utf8(text);
    if (!decoded.valid) return {decoded.size, 1};
    if (is_in(decoded.code_point, kNoWidth)) return {decoded.size, 0};
    return {decoded.size, is_in(decoded.code_point, kWide) ? 2U : 1U};
}

/// The bytes of `text` that fit `width` columns, one character at least.
std::size_t bytes_that_fit(std::string_view text, std::size_t width) {
    std::size_t bytes = 0;
    std::size_t used = 0;
    while (bytes < text.size()) {
        const Glyph glyph = next_glyph(text.substr(bytes));
        if (bytes > 0 && used + glyph.columns > width) break;
        bytes += glyph.bytes;
        used += glyph.columns;
    }
    return bytes;
}

/// Where what fits ends: at the last space that does not begin a line, or anywhere.
std::size_t line_end(std::string_view text, std::size_t width) {
    const std::size_t bytes = bytes_that_fit(text, width);
    if (bytes == text.size() || text[bytes] == ' ') return bytes;
    const std::size_t space = text.find_last_of(' ', bytes);
    if (space == std::string_view::npos || text.find_first_not_of(' ') > space) return bytes;
    return space;
}

std::string_view without_spaces_before(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

std::string_view without_spaces_behind(std::string_view text) {
    const std::size_t last = text.find_last_not_of(' ');
    return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

/// As many words as fit `width`, and an ellipsis.
std::string with_ellipsis(std::string_view text, std::size_t width) {
    if (width < 2) return std::string(kEllipsis);
    const std::size_t end = columns(text) < width ? text.size() : line_end(text, width - 1);
    return std::string(without_spaces_behind(text.substr(0, end))).append(kEllipsis);
}

/// Where the last clause ends that ends within `most` bytes, outside of parentheses; 0: none does.
std::size_t last_clause(std::string_view text, std::size_t most) {
    std::size_t end = 0;
    int depth = 0;
    for (std::size_t at = 0; at <= most && at + 1 < text.size(); ++at) {
        const std::string_view here = text.substr(at, 2);
        if (depth == 0 && (here == "; " || here == " (" || here == ", " || here == ": ")) end = at;
        if (text[at] == '(') ++depth;
        if (text[at] == ')' && depth > 0) --depth;
    }
    return end;
}

/// A colour ends where its text is cut off.
std::string with_colour_ended(std::string text) {
    const std::size_t last = text.rfind("\x1b[");
    if (last != std::string::npos && text.compare(last, kPlain.size(), kPlain) != 0) text += kPlain;
    return text;
}

}  // namespace

std::size_t columns(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const Glyph glyph = next_glyph(text);
        width += glyph.columns;
        text.remove_prefix(glyph.bytes);
    }
    return width;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width, std::size_t indent) {
    if (width < indent + kLeastWidth) indent = 0;
    std::vector<std::string> lines;
    std::size_t room = std::max(width, kLeastWidth);
    std::string begin;
    do {
        const std::size_t end = line_end(text, room);
        lines.push_back(begin + std::string(without_spaces_behind(text.substr(0, end))));
        text = without_spaces_before(text.substr(end));
        begin.assign(indent, ' ');
        room = std::max(width, kLeastWidth) - indent;
    } while (!text.empty());
    return lines;
}

std::string shortened(std::string_view text, std::size_t width) {
    if (columns(text) <= width) return std::string(text);
    const std::size_t clause = last_clause(text, bytes_that_fit(text, width));
    // A clause that leaves most of the line empty says too little.
    const bool says_enough = clause > 0 && 2 * columns(text.substr(0, clause)) >= width;
    return with_colour_ended(says_enough ? std::string(text.substr(0, clause)) : with_ellipsis(text, width));
}

void limit_lines(std::vector<std::string>& lines, std::size_t most, std::size_t width) {
    if (lines.size() <= most) return;
    lines.resize(most);
    lines.back() = with_colour_ended(with_ellipsis(lines.back(), width));
}

}  // namespace keyshift::commands
