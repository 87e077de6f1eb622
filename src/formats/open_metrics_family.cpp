// SPDX-License-Identifier: Apache-2.0
#include "formats/open_metrics_family.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "formats/number.hpp"
#include "formats/text.hpp"

namespace keyshift::formats {
namespace {

struct TypeRule {
    MetricType type;
    std::string_view word;
    std::array<std::string_view, 4> suffixes;  ///< "" for none; the rest repeats the first
};

constexpr std::array<TypeRule, 8> kTypes{{
    {MetricType::unknown, "unknown", {"", "", "", ""}},
    {MetricType::counter, "counter", {"_total", "_created", "_total", "_total"}},
    {MetricType::gauge, "gauge", {"", "", "", ""}},
    {MetricType::histogram, "histogram", {"_bucket", "_count", "_sum", "_created"}},
    {MetricType::gauge_histogram, "gaugehistogram", {"_bucket", "_gcount", "_gsum", "_bucket"}},
    {MetricType::summary, "summary", {"", "_count", "_sum", "_created"}},
    {MetricType::info, "info", {"_info", "_info", "_info", "_info"}},
    {MetricType::state_set, "stateset", {"", "", "", ""}},
}};

const TypeRule& rule_of(MetricType type) {
    return kTypes.at(static_cast<std::size_t>(type));
}

/// What `sample` has after the family's name; empty optional when it is not one of the family's.
std::optional<std::string_view> suffix_of(std::string_view sample, std::string_view family, MetricType type) {
    if (!sample.starts_with(family)) return std::nullopt;
    const std::string_view suffix = sample.substr(family.size());
    const auto& suffixes = rule_of(type).suffixes;
    if (std::find(suffixes.begin(), suffixes.end(), suffix) == suffixes.end()) return std::nullopt;
    return suffix;
}

/// The label that tells the samples of one point apart.
std::string_view point_label(MetricType type, std::string_view family, std::string_view suffix) {
    if (suffix == "_bucket") return "le";
    if (!suffix.empty()) return {};
    return type == MetricType::summary     ? std::string_view("quantile")
           : type == MetricType::state_set ? family
                                           : std::string_view();
}

bool is_histogram(MetricType type) {
    return type == MetricType::histogram || type == MetricType::gauge_histogram;
}

/// Labels and values by type.
Problem check_value(const SampleLine& sample, MetricType type, std::string_view family,
                    std::string_view suffix) {
    constexpr std::array<std::string_view, 5> kCounting{"_total", "_sum", "_count", "_bucket", "_gcount"};
    const bool counting = std::find(kCounting.begin(), kCounting.end(), suffix) != kCounting.end();
    if ((counting || suffix == "_gsum") && std::isnan(sample.value)) return "a count or sum is not a number";
    if (counting && sample.value < 0) return "a count or sum is negative";
    if (type == MetricType::info && sample.value != 1) return "the value of an info must be 1";
    if (type == MetricType::state_set) {
        if (sample.label(family).empty()) return "a state set's label must be called like the family";
        if (sample.value != 0 && sample.value != 1) return "the value of a state must be 0 or 1";
    }
    if (type == MetricType::summary && suffix.empty()) {
        const auto quantile = parse_float(sample.label("quantile"));
        if (!quantile || !(*quantile >= 0 && *quantile <= 1))
            return "the label quantile must be there and a number from 0 to 1";
        if (sample.value < 0) return "a quantile's value is negative";
    }
    const bool exemplars =
        (is_histogram(type) && suffix == "_bucket") || (type == MetricType::counter && suffix == "_total");
    if (sample.exemplar && !exemplars) return "only buckets and a counter's total may have an exemplar";
    return {};
}

}  // namespace

std::optional<MetricType> open_metrics_type(std::string_view word) {
    const auto* const found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRule& rule) { return rule.word == word; });
    return found == kTypes.end() ? std::nullopt : std::optional(found->type);
}

std::string_view name_of(MetricType type) {
    return rule_of(type).word;
}

Problem HistogramPoint::add(std::string_view suffix, std::string_view le, double value) {
    if (suffix == "_created") return {};
    started_ = true;
    if (suffix != "_bucket") {
        gauge_ = gauge_ || suffix.starts_with("_g");
        (suffix.ends_with("count") ? count_ : sum_) = value;
        return {};
    }
    const auto bound = parse_float(le);
    if (!bound || std::isnan(*bound) || (std::isinf(*bound) && *bound > 0 && le != "+Inf"))
        return "the label le must be there and a number, the last one +Inf";
    if (bound_ && *bound <= *bound_) return "the buckets are not in rising order of le";
    if (value < cumulative_) return "a bucket counts less than the one before it";
    negative_bounds_ = negative_bounds_ || *bound < 0;
    bound_ = bound;
    cumulative_ = value;
    return {};
}

Problem HistogramPoint::finish() const {
    if (!started_) return {};
    if (!bound_ || !std::isinf(*bound_) || *bound_ < 0) return "a histogram has no bucket with le=\"+Inf\"";
    if (count_.has_value() != sum_.has_value()) return "a histogram has only one of sum and count";
    if (count_ && *count_ != cumulative_) return "a histogram's count is not that of its last bucket";
    if (sum_ && negative_bounds_ && !gauge_) return "a histogram with negative buckets has a sum";
    if (sum_ && *sum_ < 0 && !negative_bounds_)
        return "a histogram without negative buckets has a negative sum";
    return {};
}

Problem OpenMetricsFamilies::metadata(Metadata what, std::string_view name, std::string_view text,
                                      std::uint32_t line) {
    if (line_ == 0 || name != name_) {
        if (Problem problem = finish(); !problem.empty()) return problem;
        begin(name, line);
    }
    if (has_samples_) return "metadata must stand before the samples of its family";
    if ((metadata_ & static_cast<unsigned>(what)) != 0) return "there is a second such line for this family";
    metadata_ |= static_cast<unsigned>(what);
    if (what == Metadata::type) {
        const auto type = open_metrics_type(text);
        if (!type) return "there is no type " + in_quotes(text);
        type_ = *type;
    }
    if (what == Metadata::unit && !text.empty()) {
        if (Problem problem = unit(text); !problem.empty()) return problem;
        has_unit_ = true;
    }
    const bool unitless = type_ == MetricType::info || type_ == MetricType::state_set;
    return has_unit_ && unitless ? "an info or a state set has no unit" : Problem();
}

Problem OpenMetricsFamilies::unit(std::string_view text) {
    const std::string_view name = name_;
    if (!name.ends_with(text) || name.size() <= text.size() || name[name.size() - text.size() - 1] != '_')
        return "the family's name does not end in its unit " + in_quotes(text);
    return {};
}

Problem OpenMetricsFamilies::sample(const SampleLine& sample, std::uint32_t line) {
    auto suffix = line_ == 0 ? std::nullopt : suffix_of(sample.name, name_, type_);
    if (!suffix) {
        if (line_ != 0 && sample.name == name_)
            return "its family has the type " + std::string(name_of(type_)) + ": samples need a suffix";
        if (Problem problem = finish(); !problem.empty()) return problem;
        begin(sample.name, line);
        suffix = "";
    }
    if (Problem problem = check_value(sample, type_, name_, *suffix); !problem.empty()) return problem;
    if (Problem problem = group(sample, *suffix, line); !problem.empty()) return problem;
    has_samples_ = true;
    if (!is_histogram(type_)) return {};
    return point_.add(*suffix, sample.label("le"), sample.value);
}

/// Samples that differ in no label but the point's own stand together, their timestamps rising.
Problem OpenMetricsFamilies::group(const SampleLine& sample, std::string_view suffix, std::uint32_t line) {
    const std::uint64_t family = hash_of(name_);
    const std::uint64_t at = sample.at_seconds ? hash_of(std::hash<double>{}(*sample.at_seconds), 1) : 0;
    once_->add(Once::What::series, hash_of(hash_of(hash_of(sample.name), sample.labels_hash()), at), line);
    const std::uint64_t group = type_ == MetricType::info
                                    ? family
                                    : hash_of(family, sample.labels_hash(point_label(type_, name_, suffix)));
    const bool same_group = has_samples_ && group == group_;
    if (same_group && sample.at_seconds.has_value() != group_at_.has_value())
        return "only some samples of a metric have timestamps";
    if (same_group && type_ != MetricType::info && sample.at_seconds && *sample.at_seconds < *group_at_)
        return "a metric's timestamps go back";
    if (!same_group) once_->add(Once::What::group, group, line);
    if (!same_group || sample.at_seconds != group_at_) {
        if (Problem problem = point_.finish(); !problem.empty()) return problem + " (above this line)";
        point_ = {};
    }
    group_ = group;
    group_at_ = sample.at_seconds;
    return {};
}

void OpenMetricsFamilies::begin(std::string_view name, std::uint32_t line) {
    name_ = name;
    type_ = MetricType::unknown;
    metadata_ = 0;
    has_unit_ = false;
    line_ = line;
    has_samples_ = false;
    group_at_.reset();
    point_ = {};
}

Problem OpenMetricsFamilies::finish() {
    if (line_ == 0) return {};
    // Its own name and those of its samples are no other family's.
    once_->add(Once::What::family, hash_of(name_), line_);
    const auto& suffixes = rule_of(type_).suffixes;
    for (std::size_t i = 0; i < suffixes.size(); ++i) {
        const bool repeated =
            std::find(suffixes.begin(), suffixes.begin() + i, suffixes[i]) != suffixes.begin() + i;
        if (!suffixes[i].empty() && !repeated)
            once_->add(Once::What::family, hash_of(name_ + std::string(suffixes[i])), line_);
    }
    Problem problem = point_.finish();
    return problem.empty() ? problem : problem + " (above this line)";
}

}  // namespace keyshift::formats
