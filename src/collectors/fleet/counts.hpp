// SPDX-License-Identifier: Apache-2.0
// Turns the answers to a fleet's queries into what its hosts have counted, each host a part of its own: a sum
// would fall when a host vanishes, and look like counters that began anew. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "collectors/fleet/queries.hpp"
#include "formats/metrics/prometheus_api.hpp"

namespace keyshift::collectors {

/// What earlier polls have shown.
struct FleetWatch {
    base::Time since;                 ///< the first poll, by the server's clock
    std::set<std::string> instances;  ///< all that were ever among the readings
};

/// How people and the state call the host of a series: `instance="h:11947",job="keyshift"`. Empty where it
/// has none of the labels, as a sum.
std::string fleet_host(const Fleet& fleet, const formats::ApiSeries& series);

/// The hosts that count fallback; where that is not asked, those that count anything. Sorted.
std::vector<std::string> fleet_hosts(const Fleet& fleet, const std::vector<formats::ApiAnswer>& answers);

/// `answers` are those to fleet.queries, in order. What has no series is not offered, never 0. Errors: other
/// (a partial answer), parse (a value that no counter has), schema (series that do not tell hosts or reasons
/// apart). A host that is new and began to count after the first poll began at 0.
base::Result<Counted> count_fleet(const Fleet& fleet, const std::vector<formats::ApiAnswer>& answers,
                                  const FleetWatch& watch);

}  // namespace keyshift::collectors
