// SPDX-License-Identifier: Apache-2.0
#include "app/configuration.hpp"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

#include "base/utf8.hpp"
#include "collectors/catalog.hpp"
#include "collectors/probe.hpp"

namespace keyshift::app {
namespace {

/// Where the package has it.
constexpr const char* kInstalled = "/etc/keyshift/keyshift.yaml";

}  // namespace

std::optional<std::filesystem::path> configuration_file(const std::optional<std::filesystem::path>& given) {
    if (given) return given;
    if (auto named = config::non_empty(config::process_environment(), "KEYSHIFT_CONFIG")) return *named;
    if (::access(kInstalled, R_OK) == 0) return kInstalled;
    return std::nullopt;
}

config::Loaded read_configuration(const std::optional<std::filesystem::path>& file) {
    const auto environment = config::process_environment();
    const auto types = collectors::catalog_types();
    config::Loaded loaded =
        file ? config::load(*file, environment, types) : config::defaults(environment, types);
    for (const config::CollectorConfig& collector : loaded.config.collectors)
        if (const auto* const probe = std::any_cast<collectors::ProbeOptions>(&collector.options))
            loaded.config.gateway.canary = probe->canary_id;
    return loaded;
}

std::optional<config::Config> load_configuration(const std::optional<std::filesystem::path>& given) {
    config::Loaded loaded = read_configuration(configuration_file(given));
    print_problems(loaded.problems);
    if (!loaded.problems.empty()) return std::nullopt;
    return std::move(loaded.config);
}

bool is_sound_but_for_collectors(const config::Loaded& loaded) {
    return std::all_of(loaded.problems.begin(), loaded.problems.end(), [](const config::Problem& problem) {
        return problem.key.rfind("collectors", 0) == 0;
    });
}

void print_problems(const std::vector<config::Problem>& problems) {
    for (const config::Problem& problem : problems)
        std::fprintf(stderr, "%s%s\n", problem.file.empty() ? "keyshift: " : "", problem.text().c_str());
}

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
    for (const config::CollectorConfig& collector : config.collectors) {
        const auto& measures = collectors::catalog_entry(collector.type).measures;
        if (measures) policy.measurable[collector.type] = measures(config.gateway, collector);
    }
    return policy;
}

JournalSettings journal_settings(const config::Config& config) {
    return {judging(config), config.web.per_key_series ? domain::kMostKeySeries : 0, config.state.retention};
}

base::Error unknown_key(const std::string& id) {
    return {base::Errc::usage, "no legacy key " + base::visible(id) + " is known",
            "keyshift report lists them; a key that was created just now is known after the next poll"};
}

void print_error(const base::Error& error) {
    std::fprintf(stderr, "keyshift: %s\n", error.text().c_str());
}

}  // namespace keyshift::app
