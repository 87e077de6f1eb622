// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/url_text.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::size_t kLongestName = 40;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && base::is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && base::is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool looks_like_a_name(std::string_view name) {
    const auto fits = [](char c) {
        return base::is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '[' || c == ']';
    };
    return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), fits);
}

bool holds_a_secret(const UrlParameter& parameter) {
    const std::string name = base::lower(parameter.name);
    for (const std::string_view part : {"pass", "pw", "secret", "token"})
        if (name.find(part) != std::string::npos) return true;
    return false;
}

}  // namespace

Result<BareText> without_quotes(std::string_view text) {
    text = trimmed(text);
    const auto is_quote = [](char c) { return c == '"' || c == '\'' || c == '`'; };
    if (text.empty() || !is_quote(text.front())) return BareText{text, false};
    if (text.size() < 2 || text.back() != text.front())
        return Error{Errc::config, "begins with a quotation mark that is not closed at its end", {}};
    return BareText{trimmed(text.substr(1, text.size() - 2)), true};
}

std::optional<std::string> percent_decoded(std::string_view text, Plus plus) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+' && plus == Plus::blank) c = ' ';
        if (c == '%') {
            const bool whole = text.size() - i > 2;
            const int high = whole ? base::hex_digit(text[i + 1]) : -1;
            const int low = whole ? base::hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') return std::nullopt;
        out += c;
    }
    return out;
}

Result<UrlParameters> read_query(std::string_view query, Plus plus) {
    UrlParameters out;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = percent_decoded(pair.substr(0, equals), plus);
        auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), plus);
        out.push_back({name.value_or(""), value.value_or(""), equals < pair.size()});
        if (name && value) continue;
        return Error{Errc::config,
                     "has a % in the value of " + shown_name(out, out.size() - 1) +
                         " that begins no percent-encoded character (write %25)",
                     {}};
    }
    return out;
}

std::string shown_name(const UrlParameters& parameters, std::size_t index) {
    const auto end = parameters.begin() + static_cast<std::ptrdiff_t>(index);
    const UrlParameter& parameter = parameters[index];
    if (parameter.has_value && looks_like_a_name(parameter.name) &&
        std::none_of(parameters.begin(), end, holds_a_secret))
        return parameter.name;
    return "parameter number " + std::to_string(index + 1);
}

}  // namespace keyshift::drivers
