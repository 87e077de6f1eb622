// SPDX-License-Identifier: Apache-2.0
// One replica is counted once, under whatever names, and a name behind which several processes take turns is
// not counted at all. What is taken for one replica:
// - targets of one resolved address, port and path (GatewayTargets, before anything is asked);
// - targets on this machine's loopback addresses (127.0.0.1, [::1], localhost) of one port and path, unless
//   their pages tell of different starts.
// A start in the same moment alone is not enough: replicas that one roll-out starts have it too, and leaving
// one of them out would lose what it counts. Where nothing but the start is the same, doctor says so.
// What is taken for several processes: a start that is earlier than one seen before (a process begins once),
// or, without a start, counters that fall and are back at their old values, twice.
// Used on the collector's worker thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/gateway_metrics/findings.hpp"
#include "domain/evidence/ground.hpp"

namespace keyshift::collectors {

/// Takes targets that are a replica that another one is out of `snapshot.targets`, into `snapshot.aliases`.
void merge_aliases(GatewaySnapshot& snapshot);

class GatewayReplicas {
 public:
    /// After so many polls in which nothing speaks for several processes, there is one.
    static constexpr std::size_t kCalm = 20;

    /// Sets TargetSnapshot::mixed, and gives each page's readings an epoch that the jitter of a start does
    /// not change.
    void record(GatewaySnapshot& snapshot);

 private:
    struct Seen {
        std::optional<double> newest_start = {};
        std::string epoch = {};
        std::map<std::string, std::uint64_t> last = {};    // values by series, of the last poll
        std::map<std::string, std::uint64_t> before = {};  // ... of the one before
        std::size_t returns = 0;
        std::size_t calm = kCalm;  // polls since something spoke for several
        bool mixed = false;
    };

    static bool is_another(Seen& seen, const MetricsPage& page);
    static void steady_epoch(Seen& seen, MetricsPage& page);

    std::map<std::string, Seen> seen_;
};

/// How the doubt begins where no target has a counter for the fallback.
inline constexpr std::string_view kNoTargetShows = "no target shows ";
/// What the zeros of the counters for the fallback rest on. The doubt names the remedy behind ": ".
domain::Ground gateway_ground(const GatewaySnapshot& snapshot, const CounterRules& rules);

}  // namespace keyshift::collectors
