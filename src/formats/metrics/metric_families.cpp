// SPDX-License-Identifier: Apache-2.0
#include "formats/metrics/metric_families.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace keyshift::formats {
namespace {

struct TypeRule {
    MetricType type;
    std::string_view word;
    std::array<std::string_view, 6> suffixes;  ///< of its samples in OpenMetrics; "" for none
};

constexpr std::array<TypeRule, 8> kTypes{{
    {MetricType::unknown, "unknown", {}},
    {MetricType::counter, "counter", {"_total", "_created"}},
    {MetricType::gauge, "gauge", {}},
    {MetricType::histogram, "histogram", {"_bucket", "_count", "_sum", "_created"}},
    {MetricType::gauge_histogram, "gaugehistogram", {"_bucket", "_gcount", "_gsum", "_count", "_sum"}},
    {MetricType::summary, "summary", {"_count", "_sum", "_created"}},
    {MetricType::info, "info", {"_info"}},
    {MetricType::state_set, "stateset", {}},
}};
constexpr std::array<std::string_view, 8> kSuffixes{"_total", "_created", "_bucket", "_count",
                                                    "_sum",   "_gcount",  "_gsum",   "_info"};

const TypeRule& rule_of(MetricType type) {
    return kTypes.at(static_cast<std::size_t>(type));
}

/// Prometheus' text has no suffixes but those of histograms and summaries.
bool has_part(MetricType type, std::string_view suffix, ExpositionFormat format) {
    const auto& suffixes = rule_of(type).suffixes;
    if (std::find(suffixes.begin(), suffixes.end(), suffix) == suffixes.end()) return false;
    const bool everywhere = suffix != "_total" && suffix != "_created" && suffix != "_info";
    return everywhere || format == ExpositionFormat::open_metrics;
}

}  // namespace

std::string_view name_of(MetricType type) {
    return rule_of(type).word;
}

MetricFamilies::Family& MetricFamilies::family_of(std::string_view name) {
    auto found = families_.lower_bound(name);
    if (found == families_.end() || found->first != name)
        found = families_.emplace_hint(found, std::string(name), Family());
    last_ = &found->second;
    return found->second;
}

/// The same said again changes nothing. What says that samples above are of another type does.
Problem MetricFamilies::type(std::string_view name, std::string_view word) {
    const bool untyped = format_ == ExpositionFormat::prometheus_text && word == "untyped";
    const auto* const found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRule& rule) { return rule.word == word; });
    if (found == kTypes.end() && !untyped) return "there is no such type";
    const MetricType type = untyped ? MetricType::unknown : found->type;
    Family& family = family_of(name);
    if (family.has_type && family.type != type) return "a second TYPE line gives this metric another type";
    if (family.has_samples && family.type != type)
        return "the TYPE line must stand before the samples of its metric";
    family.has_type = true;
    family.type = type;
    sample_family_ = nullptr;
    return {};
}

Problem MetricFamilies::unit(std::string_view name, std::string_view text) {
    family_of(name);
    const bool ending = name.ends_with(text) && name.size() > text.size();
    if (text.empty() || (ending && name[name.size() - text.size() - 1] == '_')) return {};
    return "the metric's name does not end in its unit";
}

/// The family of several samples that one is a part of; null when it is not.
MetricFamilies::Family* MetricFamilies::whole(std::string_view sample) {
    for (const std::string_view suffix : kSuffixes) {
        if (!sample.ends_with(suffix)) continue;
        const auto found = families_.find(sample.substr(0, sample.size() - suffix.size()));
        if (found == families_.end()) return nullptr;
        return has_part(found->second.type, suffix, format_) ? &found->second : nullptr;
    }
    return nullptr;
}

void MetricFamilies::sample(std::string_view name) {
    if (sample_family_ == nullptr || name != sample_name_) {
        Family* const part_of = whole(name);
        sample_family_ = &family_of(name);
        sample_name_ = families_.find(name)->first;
        sample_type_ = part_of != nullptr && !sample_family_->has_type ? part_of : sample_family_;
    }
    sample_family_->has_samples = true;
    last_ = sample_type_;
}

}  // namespace keyshift::formats
