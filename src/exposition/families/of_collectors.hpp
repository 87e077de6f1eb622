// SPDX-License-Identifier: Apache-2.0
// Which families tell of which collector, for who asks for some only (/metrics?collect[]=...). Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace keyshift::exposition {

/// Beside the collectors: what is concluded from all of them, phases, verdict, headlines.
inline constexpr const char* kMigration = "migration";

/// What tells of one of `wanted`: whole families, and of those with a label `source` the series that name
/// one. What tells of keyshift itself is always in it.
std::vector<prometheus::MetricFamily> families_of(const std::vector<prometheus::MetricFamily>& all,
                                                  const std::set<std::string>& wanted);

}  // namespace keyshift::exposition
