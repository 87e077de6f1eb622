// SPDX-License-Identifier: Apache-2.0
// What a fleet's Prometheus is asked: by default what keyshift on each host has counted of its own gateway,
// host by host, and whether all hosts are well. Pure; values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "config/options/options.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::collectors {

/// One instant query.
struct FleetQuery {
    enum class Gives : std::uint8_t {
        counter,   ///< `event`
        failures,  ///< by the label `reason`
        requests,  ///< by the label `outcome`
        health,    ///< at least 1 where all is well
        start,     ///< when a host began to count, in seconds since the epoch
    };
    std::string key;  ///< in the section `queries`; empty: it is not the operator's to change
    std::string text;
    Gives gives = Gives::counter;
    domain::Event event = domain::Event::fallback;
    /// Not the operator's own: each host has one series, or one for each reason or outcome.
    bool standard = false;
    std::string complaint = {};  ///< of health: what a value below 1 means
    bool may_be_empty = false;   ///< of health: that there is no series says nothing

    /// What messages call it.
    std::string name() const;
    /// The label that tells apart what one host counts; empty for the others.
    std::string_view label() const;
    /// What it may count.
    domain::Events events() const;
};

/// Which series are the fleet's, and what tells its hosts apart.
struct FleetHosts {
    std::string job;                  ///< of keyshift on the hosts
    std::vector<std::string> labels;  ///< not empty
    base::Duration stale_after{};     ///< a host that was scraped longer ago is missing
    std::size_t at_least = 1;         ///< so many must answer
};

struct Fleet {
    FleetHosts hosts;
    std::vector<FleetQuery> queries;

    /// All events that it can count if all hosts answer.
    domain::Events measures() const;
    /// All that decides what a series means.
    std::string scope() const;
};

/// "job", "host_labels", "stale_after", "instances" and the section "queries".
Fleet read_fleet(config::OptionsReader& options);

}  // namespace keyshift::collectors
