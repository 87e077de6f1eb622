// SPDX-License-Identifier: Apache-2.0
#include "http/query.hpp"

#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace keyshift::http {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::size_t kMostParameters = 50;

enum class Plus { is_blank, is_itself };

bool is_plain_text(std::string_view text) {
    while (!text.empty()) {
        const base::Decoded next = base::decode_utf8(text);
        const bool control = next.code_point < 0x20 || (next.code_point >= 0x7f && next.code_point < 0xa0);
        if (!next.valid || control) return false;
        text.remove_prefix(next.size);
    }
    return true;
}

Result<std::string> decode(std::string_view text, Plus plus) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' && plus == Plus::is_blank ? ' ' : text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? base::hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? base::hex_digit(text[i + 2]) : -1;
        if (low < 0)
            return Error{Errc::usage, "a % is not followed by two hexadecimal digits", "write % as %25"};
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (is_plain_text(out)) return out;
    return Error{Errc::usage, "a value is no UTF-8, or has a control character in it", "leave that out"};
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> out;
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        if (pair.empty()) continue;
        if (out.size() == kMostParameters)
            return Error{Errc::usage, "there are more than 50 parameters", "give each once"};
        const std::size_t equals = pair.find('=');
        auto name = decode(pair.substr(0, equals), Plus::is_blank);
        auto value = equals == std::string_view::npos ? Result<std::string>(std::string())
                                                      : decode(pair.substr(equals + 1), Plus::is_blank);
        if (!name) return name.error();
        if (!value) return value.error();
        out.emplace_back(*std::move(name), *std::move(value));
    }
    return out;
}

Result<std::string> decode_path_part(std::string_view part) {
    return decode(part, Plus::is_itself);
}

std::string encode_query_value(std::string_view value) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : value) {
        if (base::is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    return out;
}

}  // namespace keyshift::http
