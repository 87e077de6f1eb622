// SPDX-License-Identifier: Apache-2.0
// What one replica's /metrics says of the counters that matter. Pure: safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "collectors/gateway_metrics/counter_rules.hpp"
#include "domain/counts/meter.hpp"

namespace keyshift::collectors {

struct MetricsPage {
    std::vector<domain::Reading> readings;  ///< by series, each once
    domain::Events countable;               ///< what can be counted by what stands on the page
    std::vector<bool> matched;              ///< for each rule: a series of it is there
    std::optional<double> started_at;       ///< the process, in seconds since the epoch
    std::string epoch = {};                 ///< of all readings: by its start; empty: not known
    std::string release = {};  ///< the gateway's, by the label of a ..._build_info; empty: not known
};

/// More mapped series than this are refused: a rule without labels can match a series for each key.
inline constexpr std::size_t kMostSeries = 10'000;

/// Errors: parse (not a page of metrics, cut short, a counter that is no counter or no number).
base::Result<MetricsPage> read_metrics_page(std::string_view content_type, std::string_view body,
                                            const CounterRules& rules);

}  // namespace keyshift::collectors
