// SPDX-License-Identifier: Apache-2.0
#include "config/web_file/go_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/ascii.hpp"

namespace keyshift::config {
namespace {

using Kind = TreeNode::Kind;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr double kLimit = 9.2e18;

constexpr auto kYes = std::to_array<std::string_view>(
    {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"});
constexpr auto kNo = std::to_array<std::string_view>(
    {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"});

struct Unit {
    std::string_view name;
    double nanoseconds;
};
// The two spellings of a microsecond have different letters.
constexpr auto kUnits = std::to_array<Unit>({{"ns", 1},
                                             {"us", 1e3},
                                             {"\xC2\xB5s", 1e3},
                                             {"\xCE\xBCs", 1e3},
                                             {"ms", 1e6},
                                             {"s", 1e9},
                                             {"m", 60e9},
                                             {"h", 3600e9}});

bool plain(const TreeNode& node) {
    return node.kind == Kind::text && !node.quoted;
}

std::string without_underscores(std::string_view text) {
    std::string out(text);
    out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
    return out;
}

std::pair<int, std::string_view> base_of(std::string_view digits) {
    if (digits.size() < 2 || digits[0] != '0') return {10, digits};
    switch (base::lower(digits[1])) {
        case 'x':
            return {16, digits.substr(2)};
        case 'b':
            return {2, digits.substr(2)};
        case 'o':
            return {8, digits.substr(2)};
        default:
            return {8, digits.substr(1)};
    }
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto [base, digits] = base_of(text);
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (failed != std::errc() || digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
    if (value > static_cast<std::uint64_t>(kMost)) return std::nullopt;
    return negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
}

/// As YAML 1.1 has it for yaml.v2: an exponent has a sign.
bool is_float(std::string_view text) {
    std::size_t at = text.find_first_not_of("+-") == 1 ? 1 : 0;
    const auto digits = [&] {
        const std::size_t begin = at;
        while (at < text.size() && base::is_digit(text[at])) ++at;
        return at - begin;
    };
    const std::size_t whole = digits();
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (digits() == 0) return false;
    } else if (whole == 0) {
        return false;
    }
    if (at == text.size()) return true;
    if (base::lower(text[at++]) != 'e' || at == text.size() || (text[at] != '+' && text[at] != '-'))
        return false;
    ++at;
    return digits() > 0 && at == text.size();
}

std::optional<std::int64_t> parse_number(std::string_view written) {
    const std::string text = without_underscores(written);
    if (const auto integer = parse_integer(text)) return integer;
    if (!is_float(text)) return std::nullopt;
    double value = 0;
    const char* const begin = text.data() + (text.starts_with('+') ? 1 : 0);
    const auto [end, failed] = std::from_chars(begin, text.data() + text.size(), value);
    if (failed != std::errc() || std::abs(value) > kLimit) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

/// Consumes "1.5" of "1.5h".
std::optional<double> consume_decimal(std::string_view& text) {
    const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view number = text.substr(0, length);
    if (std::ranges::count(number, '.') > 1 || std::ranges::none_of(number, base::is_digit))
        return std::nullopt;
    double value = 0;
    const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (failed != std::errc()) return std::nullopt;
    text.remove_prefix(length);
    return value;
}

std::optional<double> consume_unit(std::string_view& text) {
    const std::size_t length = std::min(text.find_first_of("0123456789."), text.size());
    const auto* const unit = std::ranges::find(kUnits, text.substr(0, length), &Unit::name);
    if (unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(length);
    return unit->nanoseconds;
}

}  // namespace

std::optional<std::string> go_text(const TreeNode& node) {
    if (node.kind == Kind::null) return "";
    if (node.kind == Kind::text) return node.text;
    return std::nullopt;
}

std::optional<bool> go_boolean(const TreeNode& node) {
    if (node.kind == Kind::null) return false;
    if (!plain(node)) return std::nullopt;
    if (std::ranges::find(kYes, node.text) != kYes.end()) return true;
    if (std::ranges::find(kNo, node.text) != kNo.end()) return false;
    return std::nullopt;
}

std::optional<std::int64_t> go_integer(const TreeNode& node) {
    if (node.kind == Kind::null) return 0;
    return plain(node) ? parse_number(node.text) : std::nullopt;
}

std::optional<std::int64_t> go_nanoseconds(const TreeNode& node) {
    if (const auto number = go_integer(node)) return number;
    return node.kind == Kind::text ? parse_go_duration(node.text) : std::nullopt;
}

std::optional<std::int64_t> parse_go_duration(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return 0;
    if (text.empty()) return std::nullopt;
    double total = 0;
    while (!text.empty()) {
        const auto number = consume_decimal(text);
        if (!number) return std::nullopt;
        const auto unit = consume_unit(text);
        if (!unit) return std::nullopt;
        total += *number * *unit;
    }
    if (total > kLimit) return std::nullopt;
    const auto nanoseconds = static_cast<std::int64_t>(total);
    return negative ? -nanoseconds : nanoseconds;
}

}  // namespace keyshift::config
