// SPDX-License-Identifier: Apache-2.0
// Which counters of a gateway's own /metrics count which events. Values.
#pragma once

#include <string>
#include <vector>

#include "config/options/options.hpp"
#include "config/presets/preset.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::collectors {

using config::CounterRule;
using config::CounterRules;

/// "counters"; empty when it is not given.
CounterRules read_counter_rules(config::OptionsReader& options);

/// What can be counted by them if their series are there.
domain::Events events_of(const CounterRule& rule);
domain::Events events_of(const CounterRules& rules);

/// As messages name it: gateway_auth_cache_total{result="hit"}.
std::string text_of(const CounterRule& rule);
/// All of them, for Readings::scope: differs when anything differs.
std::string scope_of(const CounterRules& rules);

}  // namespace keyshift::collectors
