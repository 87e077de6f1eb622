// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include <array>
#include <cstdio>

#include "base/utf8.hpp"

namespace keyshift::base {
namespace {

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
    while (!text.empty()) {
        const Decoded decoded = decode_utf8(text);
        if (!decoded.valid) {
            out += "\xEF\xBF\xBD";
        } else if (decoded.code_point == '"' || decoded.code_point == '\\') {
            out += '\\';
            out += text[0];
        } else if (is_treacherous(decoded.code_point)) {
            append_escaped(out, decoded.code_point);
        } else {
            out += text.substr(0, decoded.size);
        }
        text.remove_prefix(decoded.size);
    }
    out += '"';
}

}  // namespace keyshift::base
