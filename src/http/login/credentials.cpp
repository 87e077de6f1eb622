// SPDX-License-Identifier: Apache-2.0
#include "http/login/credentials.hpp"

#include <cstdint>

#include "base/ascii.hpp"

namespace keyshift::http {
namespace {

constexpr std::string_view kScheme = "Basic ";

int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (base::is_digit(c)) return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    std::string out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool padded = i >= text.size() - padding;
        const int value = padded ? 0 : value_of(text[i]);
        if (value < 0) return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        if (i % 4 != 3) continue;
        for (const unsigned shift : {16U, 8U, 0U}) out.push_back(static_cast<char>(bits >> shift & 0xFFU));
        bits = 0;
    }
    out.resize(out.size() - padding);
    return out;
}

std::optional<Credentials> parse_credentials(std::string_view authorization) {
    if (!base::equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
    const auto decoded = decode_base64(authorization.substr(kScheme.size()));
    if (!decoded) return std::nullopt;
    const std::size_t colon = decoded->find(':');
    if (colon == std::string::npos) return std::nullopt;
    return Credentials{decoded->substr(0, colon), base::Secret(decoded->substr(colon + 1))};
}

}  // namespace keyshift::http
