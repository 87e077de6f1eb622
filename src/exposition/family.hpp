// SPDX-License-Identifier: Apache-2.0
// Metric families as plain values, as one writes them down in documentation; render.hpp spells them in either
// of Prometheus' two text formats. No thread rule: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace keyshift::exposition {

/// A state set is a gauge with one sample for each state, 1 for the one that holds: OpenMetrics' own type
/// would demand a label called like the metric.
enum class Type : std::uint8_t { gauge, counter, histogram, info };

struct Label {
    std::string name;
    std::string value;  ///< UTF-8, unescaped

    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 misreads it
    auto operator<=>(const Label&) const = default;
};

/// One series of a gauge, counter or info. No timestamps: the scrape's own time is meant.
struct Sample {
    std::vector<Label> labels;
    double value = 0;
};

struct Bucket {
    double upper_bound = 0;        ///< inclusive
    std::uint64_t cumulative = 0;  ///< observations at or below it
};

struct HistogramSample {
    std::vector<Label> labels;    ///< without "le"
    std::vector<Bucket> buckets;  ///< ascending, without +Inf, which `count` gives
    double sum = 0;
    std::uint64_t count = 0;
};

struct Family {
    std::string name;  ///< in full: a counter's ends in _total, an info's in _info
    std::string help;  ///< one sentence; unescaped
    Type type = Type::gauge;
    std::vector<Sample> samples;              ///< unless a histogram
    std::vector<HistogramSample> histograms;  ///< only of a histogram
};

/// Makes families fit for one page: invalid UTF-8 becomes U+FFFD, and what would break the page for its
/// reader is dropped: a sample whose labels an earlier one of its family has (in any order), a label name
/// given twice, a name no metric or label may have, a later family with the name of an earlier one. Returns
/// how many samples were dropped; 0 is normal.
std::size_t drop_unfit(std::vector<Family>& families);

}  // namespace keyshift::exposition
