// SPDX-License-Identifier: Apache-2.0
// The types that OpenMetrics has and prometheus::MetricType lacks: which family has one stands here, by name.
// Pure.
#pragma once

#include <string_view>

namespace keyshift::exposition {

struct OpenMetricsType {
    std::string_view family;  ///< in full, a gauge by its MetricType and in text 0.0.4
    std::string_view type;    ///< as OpenMetrics spells it
    std::string_view suffix;  ///< of `family`: the samples keep it, the comment lines do not
};

/// Null: the family's MetricType says what it is. No family is a "stateset" so far, though some are sets of
/// states: that type demands a label called like the metric.
const OpenMetricsType* open_metrics_type(std::string_view family);

}  // namespace keyshift::exposition
