// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/utf8.hpp"

namespace keyshift::base {
namespace {

constexpr bool is_plain(char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

void append_unit(std::string& out, unsigned unit) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "\\u%04x", unit & 0xFFFFU);
    out += text.data();
}

void append_escaped(std::string& out, char32_t c) {
    switch (c) {
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (c < 0x10000) {
        append_unit(out, static_cast<unsigned>(c));
    } else {
        append_unit(out, 0xD800U + static_cast<unsigned>((c - 0x10000) >> 10U));
        append_unit(out, 0xDC00U + static_cast<unsigned>((c - 0x10000) & 0x3FFU));
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (true) {
        // Most texts are plain from end to end.
        const auto* const end = std::ranges::find_if_not(text, is_plain);
        const auto plain = static_cast<std::size_t>(end - text.begin());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        const Decoded decoded = decode_utf8(text);
        if (!decoded.valid) {
            out += "\xEF\xBF\xBD";
        } else if (decoded.code_point == '"' || decoded.code_point == '\\') {
            out += '\\';
            out += text[0];
        } else if (is_unsafe_to_display(decoded.code_point)) {
            append_escaped(out, decoded.code_point);
        } else {
            out += text.substr(0, decoded.size);
        }
        text.remove_prefix(decoded.size);
    }
    out += '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    separate();
    append_json_string(out_, text);
    return *this;
}

JsonWriter& JsonWriter::value(double number) {
    if (!std::isfinite(number)) return null();
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return raw({text.data(), static_cast<std::size_t>(end - text.data())});
}

JsonWriter& JsonWriter::begin(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view text) {
    separate();
    out_ += text;
    return *this;
}

void JsonWriter::separate() {
    if (!std::exchange(first_, false)) out_ += ',';
}

}  // namespace keyshift::base
