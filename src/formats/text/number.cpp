// SPDX-License-Identifier: Apache-2.0
#include "formats/text/number.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/ascii.hpp"

namespace keyshift::formats {
namespace {

template <class Number>
std::optional<Number> parse_all(std::string_view text) {
    Number value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || text.empty()) return std::nullopt;
    return value;
}

/// The size of the decimal number that `text` begins with; 0 when it does not.
std::size_t decimal_size(std::string_view text) {
    const auto digits = [&](std::size_t from) {
        return std::min(text.find_first_not_of("0123456789", from), text.size()) - from;
    };
    std::size_t size = digits(0);
    std::size_t mantissa = size;
    if (size < text.size() && text[size] == '.') {
        mantissa += digits(size + 1);
        size = mantissa + 1;
    }
    if (mantissa == 0) return 0;
    if (size < text.size() && (text[size] == 'e' || text[size] == 'E')) {
        std::size_t exponent = size + 1;
        if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
        if (digits(exponent) == 0) return 0;
        size = exponent + digits(exponent);
    }
    return size;
}

/// Whether a decimal number that does not fit a double is too small for it, not too large.
bool is_tiny(std::string_view text) {
    const std::size_t e = std::min(text.find_first_of("eE"), text.size());
    const std::string_view mantissa = text.substr(0, e);
    const std::size_t first = mantissa.find_first_of("123456789");
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const bool negative = e + 1 < text.size() && text[e + 1] == '-';
    const bool has_sign = negative || (e + 1 < text.size() && text[e + 1] == '+');
    const std::string_view digits = e == text.size() ? "0" : text.substr(e + 1 + (has_sign ? 1U : 0U));
    const auto exponent = parse_unsigned(digits);
    if (!exponent || *exponent > std::numeric_limits<std::uint32_t>::max()) return negative;
    const auto magnitude = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
    const auto power = static_cast<std::int64_t>(*exponent);
    return magnitude + (negative ? -power : power) < 0;
}

}  // namespace

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
    return parse_all<std::uint64_t>(text);
}

std::optional<std::int64_t> parse_signed(std::string_view text) {
    if (text.starts_with("+") && !text.starts_with("+-")) text.remove_prefix(1);
    return parse_all<std::int64_t>(text);
}

std::optional<double> parse_float(std::string_view text) {
    if (base::equals_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    if (base::equals_ignoring_case(text, "inf") || base::equals_ignoring_case(text, "infinity")) {
        value = std::numeric_limits<double>::infinity();
    } else {
        if (text.empty() || decimal_size(text) != text.size()) return std::nullopt;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        if (read.ec == std::errc::result_out_of_range && !is_tiny(text)) return std::nullopt;
        if (read.ec != std::errc{}) value = 0;
    }
    return negative ? -value : value;
}

}  // namespace keyshift::formats
