// SPDX-License-Identifier: Apache-2.0
// What one poll of all replicas came to, and what `keyshift doctor` says of it. Pure; values.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "collectors/collector.hpp"
#include "collectors/gateway_metrics/counter_rules.hpp"
#include "collectors/gateway_metrics/metrics_page.hpp"
#include "collectors/gateway_metrics/target_files.hpp"

namespace keyshift::collectors {

struct TargetSnapshot {
    std::string name;
    base::Result<MetricsPage> page;
    /// Port and path, where it is reached by a loopback address alone; else empty.
    std::string loopback = {};
    bool mixed = false;  ///< several processes answer under this name, see GatewayReplicas
};

/// A target that is left out, because it is the replica `of`.
struct TargetAlias {
    std::string name;
    std::string of;
};

struct GatewaySnapshot {
    std::vector<TargetSnapshot> targets;
    std::vector<DiscoveryFault> hosts;  ///< of which the addresses are not known
    std::vector<DiscoveryFault> files;
    std::vector<TargetAlias> aliases = {};
};

/// Those targets that are in trouble first, of all not more than can be read, and rules without a series.
std::vector<Finding> gateway_findings(const GatewaySnapshot& snapshot, const CounterRules& rules);

}  // namespace keyshift::collectors
