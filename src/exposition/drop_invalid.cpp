// SPDX-License-Identifier: Apache-2.0
#include "exposition/drop_invalid.hpp"

#include <algorithm>
#include <compare>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <prometheus/metric_family.h>

#include "base/utf8.hpp"

namespace keyshift::exposition {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using LabelSet = std::vector<ClientMetric::Label>;

/// Each string is compared once, which the label's own operators do not do.
struct InOrder {
    bool operator()(const LabelSet& a, const LabelSet& b) const {
        const auto compare = [](const ClientMetric::Label& x, const ClientMetric::Label& y) {
            const auto by_name = x.name <=> y.name;
            return by_name != 0 ? by_name : x.value <=> y.value;
        };
        return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), compare) < 0;
    }
};
using LabelSets = std::set<LabelSet, InOrder>;

void make_valid_utf8(std::string& text) {
    std::string clean;
    for (std::string_view rest = text; !rest.empty();) {
        const base::Decoded decoded = base::decode_utf8(rest);
        clean += decoded.valid ? rest.substr(0, decoded.size) : "\xEF\xBF\xBD";
        rest.remove_prefix(decoded.size);
    }
    if (clean != text) text = std::move(clean);
}

bool is_name(std::string_view text) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.empty() || !is_letter(text.front())) return false;
    return std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_digit(c); });
}

/// OpenMetrics has no counter of another name, and render.hpp writes no other type.
bool can_be_written(const MetricFamily& family) {
    constexpr std::string_view kTotal = "_total";
    if (family.type == MetricType::Counter)
        return family.name.ends_with(kTotal) && family.name.size() > kTotal.size();
    return family.type == MetricType::Gauge || family.type == MetricType::Histogram;
}

/// The labels in a canonical order when they are fit and new to `seen`.
bool is_fit(const LabelSet& labels, LabelSets& seen, MetricType type) {
    LabelSet sorted = labels;
    std::sort(sorted.begin(), sorted.end());
    for (const ClientMetric::Label& label : sorted)
        if (!is_name(label.name) || (type == MetricType::Histogram && label.name == "le")) return false;
    if (std::ranges::adjacent_find(sorted, {}, &ClientMetric::Label::name) != sorted.end()) return false;
    return seen.insert(std::move(sorted)).second;
}

std::size_t drop_unfit_samples(MetricFamily& family) {
    LabelSets seen;
    return std::erase_if(family.metric, [&](ClientMetric& metric) {
        for (ClientMetric::Label& label : metric.label) make_valid_utf8(label.value);
        return !is_fit(metric.label, seen, family.type);
    });
}

}  // namespace

std::size_t drop_invalid(std::vector<MetricFamily>& families) {
    std::size_t dropped = 0;
    std::set<std::string> names;
    std::erase_if(families, [&](MetricFamily& family) {
        if (is_name(family.name) && can_be_written(family) && names.insert(family.name).second) return false;
        dropped += family.metric.size();
        return true;
    });
    for (MetricFamily& family : families) {
        make_valid_utf8(family.help);
        dropped += drop_unfit_samples(family);
    }
    return dropped;
}

}  // namespace keyshift::exposition
