// SPDX-License-Identifier: Apache-2.0
#include "exposition/negotiate.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "base/ascii.hpp"

namespace keyshift::exposition {
namespace {

/// Cuts the part before the first `separator` off `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return base::trimmed(part);
}

/// 0 to 1, or empty when it is not a weight.
std::optional<double> parse_weight(std::string_view text) {
    double weight = 0;
    const auto [end, ec] =
        std::from_chars(text.data(), text.data() + text.size(), weight, std::chars_format::fixed);
    if (ec != std::errc() || end != text.data() + text.size() || !(weight >= 0 && weight <= 1))
        return std::nullopt;
    return weight;
}

struct Preference {
    std::string_view name;
    std::string_view version;
    std::optional<double> weight = 1.0;
};

Preference parse_preference(std::string_view text) {
    Preference preference;
    preference.name = next_part(text, ';');
    while (!text.empty()) {
        std::string_view value = next_part(text, ';');
        const std::string_view name = next_part(value, '=');
        value = base::trimmed(value);
        if (value.size() > 1 && value.starts_with('"') && value.ends_with('"'))
            value = value.substr(1, value.size() - 2);
        if (base::equals_ignoring_case(name, "q")) preference.weight = parse_weight(value);
        if (base::equals_ignoring_case(name, "version")) preference.version = value;
    }
    return preference;
}

/// The best weight a dialect or encoding got, how exactly it was named, and how early.
struct Rank {
    int exactness = 0;  ///< 0: not named at all
    double weight = 0;
    std::size_t position = 0;

    void offer(int exact, double offered, std::size_t at) {
        if (exact < exactness || (exact == exactness && offered <= weight)) return;
        *this = {exact, offered, at};
    }
};

/// How exactly `preference` names text 0.0.4; 0 when it does not.
int names_text(const Preference& preference) {
    if (base::equals_ignoring_case(preference.name, "text/plain"))
        return preference.version.empty() || preference.version == "0.0.4" ? 3 : 0;
    if (base::equals_ignoring_case(preference.name, "text/*")) return 2;
    return preference.name == "*/*" ? 1 : 0;
}

/// Likewise. That anything will do is no wish for it.
int names_open_metrics(const Preference& preference) {
    if (base::equals_ignoring_case(preference.name, "application/openmetrics-text"))
        return preference.version.empty() || preference.version == "1.0.0" ? 3 : 0;
    return base::equals_ignoring_case(preference.name, "application/*") ? 2 : 0;
}

}  // namespace

Dialect negotiate(std::string_view accept) {
    Rank text;
    Rank open_metrics;
    for (std::size_t position = 0; !accept.empty(); ++position) {
        const Preference preference = parse_preference(next_part(accept, ','));
        if (!preference.weight) continue;
        if (const int exactness = names_text(preference)) text.offer(exactness, *preference.weight, position);
        if (const int exactness = names_open_metrics(preference))
            open_metrics.offer(exactness, *preference.weight, position);
    }
    const bool higher = open_metrics.weight > text.weight;
    const bool earlier = open_metrics.weight == text.weight && open_metrics.position < text.position;
    return open_metrics.weight > 0 && (higher || earlier) ? Dialect::open_metrics : Dialect::text;
}

Encoding negotiate_encoding(std::string_view accept_encoding) {
    Rank gzip;
    Rank identity;
    for (std::size_t position = 0; !accept_encoding.empty(); ++position) {
        const Preference preference = parse_preference(next_part(accept_encoding, ','));
        if (!preference.weight) continue;
        if (base::equals_ignoring_case(preference.name, "gzip") ||
            base::equals_ignoring_case(preference.name, "x-gzip"))
            gzip.offer(2, *preference.weight, position);
        if (preference.name == "*") gzip.offer(1, *preference.weight, position);
        if (base::equals_ignoring_case(preference.name, "identity"))
            identity.offer(1, *preference.weight, position);
    }
    return gzip.weight > 0 && gzip.weight >= identity.weight ? Encoding::gzip : Encoding::identity;
}

std::string_view content_type(Dialect dialect) {
    return dialect == Dialect::text ? "text/plain; version=0.0.4; charset=utf-8"
                                    : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

}  // namespace keyshift::exposition
