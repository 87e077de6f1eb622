// SPDX-License-Identifier: Apache-2.0
#include "formats/text_families.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "formats/number.hpp"
#include "formats/text.hpp"

namespace keyshift::formats {
namespace {

constexpr std::array<std::pair<std::string_view, MetricType>, 5> kTypes{{
    {"counter", MetricType::counter},
    {"gauge", MetricType::gauge},
    {"histogram", MetricType::histogram},
    {"summary", MetricType::summary},
    {"untyped", MetricType::unknown},
}};

}  // namespace

TextFamilies::Family& TextFamilies::find(std::string_view name) {
    auto found = families_.lower_bound(name);
    if (found == families_.end() || found->first != name)
        found = families_.emplace_hint(found, std::string(name), Family());
    last_ = &found->second;
    return found->second;
}

Problem TextFamilies::help(std::string_view name) {
    Family& family = find(name);
    if (std::exchange(family.has_help, true)) return "there is a second HELP line for this metric";
    return {};
}

Problem TextFamilies::type(std::string_view name, std::string_view word) {
    const auto* const found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& entry) { return entry.first == word; });
    if (found == kTypes.end()) return "there is no type " + in_quotes(word);
    Family& family = find(name);
    if (family.has_samples) return "the TYPE line must stand before the samples of its metric";
    if (std::exchange(family.has_type, true)) return "there is a second TYPE line for this metric";
    family.type = found->second;
    sample_family_ = nullptr;
    return {};
}

/// The histogram or summary that a sample is a part of; null when it is not.
const TextFamilies::Family* TextFamilies::whole(std::string_view sample) const {
    for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
        if (!sample.ends_with(suffix)) continue;
        const auto found = families_.find(sample.substr(0, sample.size() - suffix.size()));
        if (found == families_.end()) return nullptr;
        const bool histogram = found->second.type == MetricType::histogram;
        const bool part = histogram || (found->second.type == MetricType::summary && suffix != "_bucket");
        return part ? &found->second : nullptr;
    }
    return nullptr;
}

Problem TextFamilies::sample(const SampleLine& sample) {
    if (sample_family_ == nullptr || sample.name != sample_name_) {
        const Family* const part_of = whole(sample.name);
        sample_family_ = &find(sample.name);
        sample_name_ = families_.find(sample.name)->first;
        sample_type_ = part_of != nullptr && !sample_family_->has_type ? part_of : sample_family_;
    }
    sample_family_->has_samples = true;
    last_ = sample_type_;
    const bool bucket = type() == MetricType::histogram && sample.name.ends_with("_bucket");
    if (bucket && !parse_float(sample.label("le"))) return "the label le must be there and a number";
    const bool counts = bucket || (sample_type_ != sample_family_ && sample.name.ends_with("_count"));
    if (counts && sample.value < 0) return "a count is negative";
    const std::string_view quantile = sample.label("quantile");
    if (type() == MetricType::summary && !quantile.empty() && !parse_float(quantile))
        return "the label quantile must be a number";
    return {};
}

}  // namespace keyshift::formats
