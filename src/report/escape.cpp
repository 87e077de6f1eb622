// SPDX-License-Identifier: Apache-2.0
#include "report/escape.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace keyshift::report {
namespace {

/// The printable ASCII characters but some: the bytes that a format copies as they are.
class Plain {
 public:
    explicit constexpr Plain(std::string_view special) {
        for (unsigned c = ' '; c <= '~'; ++c) is_plain_[c] = true;
        for (const char c : special) is_plain_[static_cast<unsigned char>(c)] = false;
    }

    /// The first position from `at` on that is not plain; the size of `text` if all are.
    std::size_t end_of_run(std::string_view text, std::size_t at) const {
        while (at < text.size() && is_plain_[static_cast<unsigned char>(text[at])]) ++at;
        return at;
    }
    /// Reads to the end in any case: without an early way out this takes half the time on the usual text.
    bool all(std::string_view text) const {
        bool plain = true;
        for (const char c : text) plain &= is_plain_[static_cast<unsigned char>(c)];
        return plain;
    }

 private:
    std::array<bool, 256> is_plain_{};
};

constexpr Plain kVisible{""};
constexpr Plain kCsv{",;\""};
constexpr Plain kCode{"`|"};
constexpr Plain kHtml{"&<>\"'"};

/// Copies runs of plain characters; calls `special(rest)` where `rest` begins with a printable ASCII
/// character that is not plain; beyond ASCII it makes visible what is unsafe or invalid and copies the
/// rest.
template <class Special>
void append_escaped(std::string& out, std::string_view text, const Plain& plain, Special special) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = plain.end_of_run(text, at);
        out.append(text, at, end - at);
        if (end == text.size()) return;
        const std::string_view rest = text.substr(end);
        const base::Decoded decoded = base::decode_utf8(rest);
        if (!decoded.valid || base::is_unsafe_to_display(decoded.code_point)) {
            out += base::escape_unsafe(rest.substr(0, decoded.size));
        } else if (decoded.size > 1) {
            out.append(rest, 0, decoded.size);
        } else {
            special(rest);
        }
        at = end + decoded.size;
    }
}

bool is_blank(char32_t c) {
    return c == ' ' || (c >= 0x0A && c <= 0x0C) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool starts_formula(std::string_view text) {
    constexpr std::u32string_view kTriggers = U"=+-@\t\r\uFF1D\uFF0B\uFF0D\uFF20";
    while (!text.empty()) {
        const base::Decoded decoded = base::decode_utf8(text);
        if (!decoded.valid) return false;
        if (!is_blank(decoded.code_point)) return kTriggers.find(decoded.code_point) != kTriggers.npos;
        text.remove_prefix(decoded.size);
    }
    return false;
}

/// Whether a reader for whom the semicolon separates cells finds a formula after the one that `rest` begins
/// with.
bool starts_formula_after_semicolon(std::string_view rest) {
    const std::size_t begin = rest.find_first_not_of("\" ", 1);
    return begin != rest.npos && starts_formula(rest.substr(begin));
}

bool is_negative_number(std::string_view text) {
    return text.size() > 1 && text[0] == '-' && text.find_first_not_of("0123456789", 1) == text.npos;
}

void append_csv_quoted(std::string& out, std::string_view text) {
    out += '"';
    if (starts_formula(text)) out += '\'';
    append_escaped(out, text, kCsv, [&out](std::string_view rest) {
        if (rest[0] == '"') out += '"';
        out += rest[0];
        if (rest[0] == ';' && starts_formula_after_semicolon(rest)) out += '\'';
    });
    out += '"';
}

}  // namespace

std::size_t append_visible(std::string& out, std::string_view text) {
    if (kVisible.all(text)) {
        out += text;
        return text.size();
    }
    const std::size_t before = out.size();
    append_escaped(out, text, kVisible, [](std::string_view) {});
    return base::count_code_points(std::string_view(out).substr(before));
}

void append_padded(std::string& out, std::string_view text, std::size_t width) {
    const std::size_t characters = append_visible(out, text);
    if (characters < width) out.append(width - characters, ' ');
}

void append_csv_text(std::string& out, std::string_view text) {
    constexpr std::string_view kPerhapsFormula = "=+-@ ";
    const bool copied = !text.empty() && kPerhapsFormula.find(text[0]) == text.npos && kCsv.all(text);
    if (copied) {
        out += text;
    } else {
        append_csv_quoted(out, text);
    }
}

void append_csv_id(std::string& out, std::string_view id) {
    if (is_negative_number(id)) {
        out += id;
    } else {
        append_csv_text(out, id);
    }
}

void append_code_span(std::string& out, std::string_view text) {
    if (text.empty()) {
        out += "*empty*";
        return;
    }
    out += '`';
    append_escaped(out, text, kCode,
                   [&out](std::string_view rest) { out += rest[0] == '`' ? "\\x60" : "\\x7c"; });
    out += '`';
}

void append_html(std::string& out, std::string_view text) {
    append_escaped(out, text, kHtml, [&out](std::string_view rest) {
        switch (rest[0]) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += "&#39;";
                break;
        }
    });
}

}  // namespace keyshift::report
