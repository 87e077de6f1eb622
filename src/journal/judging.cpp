// SPDX-License-Identifier: Apache-2.0
#include "journal/judging.hpp"

#include "collectors/catalog.hpp"

namespace keyshift::journal {

domain::Policy judging(const config::Config& config) {
    using config::FallbackAssertion;
    domain::Policy policy;
    policy.windows = {config.migration.drain_window, config.migration.dormant_after};
    policy.inventory = config.migration.strict_inventory ? domain::InventoryPolicy::strict
                                                         : domain::InventoryPolicy::lenient;
    if (config.gateway.fallback == FallbackAssertion::present)
        policy.asserted = domain::FallbackMode::present;
    if (config.gateway.fallback == FallbackAssertion::absent) policy.asserted = domain::FallbackMode::absent;
    policy.uses_recorded = config.gateway.columns.last_used_at.has_value();
    policy.last_used_delay = config.gateway.last_used_delay;
    policy.quiet_period = config.migration.quiet_period;
    policy.promotes_in_place = config.gateway.promotes_in_place;
    policy.canary = config.gateway.canary;
    policy.start = config.migration.start;
    policy.deadline = config.migration.deadline;
    policy.failure_budget = config.migration.failure_budget;
    for (const config::CollectorConfig& collector : config.collectors)
        policy.measurable[collector.type] = collectors::configured(collector).measures(config.gateway);
    policy.known_sources = collectors::known_sources();
    return policy;
}

JournalSettings journal_settings(const config::Config& config) {
    return {judging(config), config.web.per_key_series ? domain::kMostKeySeries : 0, config.state.retention};
}

}  // namespace keyshift::journal
