// SPDX-License-Identifier: Apache-2.0
#include "config/tree/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace keyshift::config {
namespace {

bool is_variable_name(std::string_view name) {
    return !name.empty() && begins_name(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) { return begins_name(c) || base::is_digit(c); });
}

/// Edits (insert, drop, change, swap two neighbours) between two short names.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

}  // namespace

base::Error invalid(std::string what, std::string hint) {
    return {base::Errc::config, std::move(what), std::move(hint)};
}

bool begins_name(char c) {
    return base::is_letter(c) || c == '_';
}

Expansion expand(std::string_view text, const Environment& environment) {
    Expansion out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = text.substr(i);
        if (rest.starts_with("$$")) {
            out.text += '$';
            ++i;
        } else if (rest.starts_with("${")) {
            const std::size_t end = rest.find('}');
            const std::string_view name = rest.substr(2, end == std::string_view::npos ? 0 : end - 2);
            if (!is_variable_name(name)) {
                out.errors.push_back({base::Errc::config, "has a '${' that is not a plain ${NAME}",
                                      "write $${ for a literal ${"});
                continue;
            }
            if (auto value = environment(name)) {
                out.text += *value;
            } else {
                out.errors.push_back(
                    {base::Errc::config,
                     "needs the environment variable " + std::string(name) + ", which is not set",
                     "set it, or write $${ for a literal ${"});
            }
            i += end;
        } else {
            out.text += text[i];
        }
    }
    return out;
}

std::string shown(std::string_view text) {
    constexpr std::size_t kMaxBytes = 60;
    for (const std::string_view sign : {"://", "@", "pass", "PASS", "secret", "SECRET"})
        if (text.find(sign) != std::string_view::npos) return "the value";
    if (text.size() <= kMaxBytes) return "'" + base::escape_unsafe(text) + "'";
    std::size_t cut = kMaxBytes;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
    return "'" + base::escape_unsafe(text.substr(0, cut)) + "...'";
}

std::string joined(std::span<const std::string> names, std::string_view separator) {
    std::string out;
    for (const std::string& name : names) out.append(out.empty() ? "" : separator).append(name);
    return out;
}

bool is_plain_key(std::string_view key) {
    constexpr std::size_t kMaxBytes = 40;
    return !key.empty() && key.size() <= kMaxBytes && std::all_of(key.begin(), key.end(), [](char c) {
        return begins_name(c) || base::is_digit(c) || c == '-' || c == '.';
    });
}

std::optional<std::string> nearest(std::string_view name, std::span<const std::string> known) {
    std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
    std::optional<std::string> found;
    for (const std::string& candidate : known) {
        const std::size_t edits = distance(name, candidate);
        if (edits >= best) continue;
        best = edits;
        found = candidate;
    }
    return found;
}

base::Result<std::size_t> index_of(std::string_view text, std::span<const std::string> names) {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    const auto near = nearest(text, names);
    return base::Error{base::Errc::config, "is not one of " + joined(names),
                       near ? "did you mean '" + *near + "'?" : ""};
}

base::Result<double> parse_ratio(std::string_view text) {
    const base::Error error{base::Errc::config, "is not a share", "write for example 2% or 0.02"};
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return error;
    double value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return error;
    return percent ? value / 100 : value;
}

std::string format_ratio(double ratio) {
    std::array<char, 32> buffer{};
    // Rounded, because 0.07 * 100 is 7.000000000000001.
    const double percent = std::round(ratio * 1e8) / 1e6;
    const auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), percent);
    return code == std::errc{} ? std::string(buffer.data(), end) + "%" : "";
}

}  // namespace keyshift::config
