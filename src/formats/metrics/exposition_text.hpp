// SPDX-License-Identifier: Apache-2.0
// Reads pages of metrics: Prometheus' text format 0.0.4 and OpenMetrics 1.0, both with the quoted UTF-8 names
// of newer exporters. Strict where a slip could change a number (a page cut short, a series given twice, a
// number that is not one), because whoever reads a counter wrong decides wrongly. Pure: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::formats {

enum class ExpositionFormat : std::uint8_t { prometheus_text, open_metrics };

/// The format that a Content-Type announces. None, or text/plain, is Prometheus' text; empty for anything
/// else, such as HTML, JSON, Prometheus' protobuf or OpenMetrics 2.
std::optional<ExpositionFormat> exposition_format(std::string_view content_type);

/// `unknown` is also Prometheus' "untyped".
enum class MetricType : std::uint8_t {
    unknown,
    counter,
    gauge,
    histogram,
    gauge_histogram,
    summary,
    info,
    state_set
};

/// The word that stands in a TYPE line of OpenMetrics: "counter", "gaugehistogram".
std::string_view name_of(MetricType type);

struct ExpositionLabel {
    std::string_view name;
    std::string_view value;  ///< unescaped, never empty
};

struct ExpositionSample {
    std::string_view name;                    ///< in full, with _total, _bucket and the like
    std::span<const ExpositionLabel> labels;  ///< in the page's order, without those whose value is empty
    double value = 0;                         ///< may be NaN or infinite
    std::optional<double> at_seconds;         ///< since the epoch, where the page says it
    MetricType type = MetricType::unknown;    ///< of its family; unknown without a TYPE line

    /// The value of a label; empty without one, which means the same.
    std::string_view label(std::string_view label_name) const;
};

/// Told what stands on the page, in its order. Views are valid during the call only.
class ExpositionHandler {
 public:
    virtual ~ExpositionHandler() = default;
    virtual void sample(const ExpositionSample& sample) = 0;
    /// A HELP or TYPE line names a family, which may have no sample; `type` is unknown until a TYPE line said
    /// it.
    virtual void family(std::string_view name, MetricType type) {
        static_cast<void>(name);
        static_cast<void>(type);
    }
};

struct ExpositionLimits {
    std::size_t label_value_bytes = 4096;  ///< of a name, too
    std::size_t labels_per_sample = 64;
    std::size_t samples = 200'000;
};

struct ExpositionSummary {
    std::size_t samples = 0;
    std::size_t lines = 0;
};

/// Reads a whole page, in time linear in its size but for one sort of hashes. On failure (parse, with the
/// line's number) the page is worth nothing: forget what `handler` was told. A series given twice is found
/// after all samples. In OpenMetrics one series may have several samples with rising timestamps.
base::Result<ExpositionSummary> parse_exposition(std::string_view body, ExpositionFormat format,
                                                 ExpositionHandler& handler,
                                                 const ExpositionLimits& limits = {});

}  // namespace keyshift::formats
