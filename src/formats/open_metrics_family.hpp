// SPDX-License-Identifier: Apache-2.0
// OpenMetrics' rules beyond one line: what a family's metadata, samples, values, order and buckets must be.
// No thread rule: each page its own. Kept inside src/formats.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/exposition_line.hpp"
#include "formats/once.hpp"

namespace keyshift::formats {

std::optional<MetricType> open_metrics_type(std::string_view word);

/// The buckets, sum and count of one histogram at one time.
class HistogramPoint {
 public:
    /// `suffix` is what the sample's name has after the family's.
    Problem add(std::string_view suffix, std::string_view le, double value);
    /// Whether what add() was told is whole.
    Problem finish() const;

 private:
    bool started_ = false;
    std::optional<double> bound_;
    double cumulative_ = 0;
    std::optional<double> count_;
    std::optional<double> sum_;
    bool negative_bounds_ = false;
    bool gauge_ = false;
};

/// Takes a page's metadata and samples in their order.
class OpenMetricsFamilies {
 public:
    explicit OpenMetricsFamilies(Once& once) : once_(&once) {}

    enum class Metadata : std::uint8_t { type = 1, help = 2, unit = 4 };
    /// `text` is the rest of the line.
    Problem metadata(Metadata what, std::string_view name, std::string_view text, std::uint32_t line);
    Problem sample(const SampleLine& sample, std::uint32_t line);
    /// The page has ended.
    Problem finish();

    /// Of the family that the last call was about.
    MetricType type() const { return type_; }

 private:
    void begin(std::string_view name, std::uint32_t line);
    Problem unit(std::string_view text);
    Problem group(const SampleLine& sample, std::string_view suffix, std::uint32_t line);

    Once* once_;
    std::string name_;
    MetricType type_ = MetricType::unknown;
    unsigned metadata_ = 0;  ///< Metadata that was there
    bool has_unit_ = false;
    std::uint32_t line_ = 0;  ///< 0: no family yet
    bool has_samples_ = false;
    std::uint64_t group_ = 0;
    std::optional<double> group_at_;
    HistogramPoint point_;
};

}  // namespace keyshift::formats
