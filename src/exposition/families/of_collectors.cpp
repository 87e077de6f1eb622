// SPDX-License-Identifier: Apache-2.0
#include "exposition/families/of_collectors.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include <prometheus/metric_family.h>

namespace keyshift::exposition {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using Collectors = std::vector<std::string_view>;

/// What is not here has a label `source`, or tells of keyshift itself.
const std::map<std::string_view, Collectors>& collectors_by_family() {
    static const Collectors keys{"keys"};
    static const Collectors statements{"statements"};
    static const Collectors redis{"redis"};
    static const Collectors requests{"gateway_metrics", "prometheus", "access_log", "gateway_log"};
    static const Collectors migration{kMigration};
    static const std::map<std::string_view, Collectors> table{
        {"keyshift_keys", keys},
        {"keyshift_legacy_keys_baseline", keys},
        {"keyshift_legacy_owners", keys},
        {"keyshift_legacy_keys_used", keys},
        {"keyshift_legacy_keys_by_bcrypt_cost", keys},
        {"keyshift_rows_implausible", keys},
        {"keyshift_legacy_last_used_timestamp_seconds", keys},
        {"keyshift_legacy_keys_created_total", keys},
        {"keyshift_legacy_uses_observed_total", keys},
        {"keyshift_fallback_scans_total", statements},
        {"keyshift_fallback_scanned_keys_total", statements},
        {"keyshift_statements_unclassified_total", statements},
        {"keyshift_auth_lookups_total", statements},
        {"keyshift_auth_verifications_total", statements},
        {"keyshift_redis_keyspace_hits_total", redis},
        {"keyshift_redis_keyspace_misses_total", redis},
        {"keyshift_redis_evicted_keys_total", redis},
        {"keyshift_cache_entries", redis},
        {"keyshift_response_cache_hits_total", requests},
        {"keyshift_response_cache_misses_total", requests},
        {"keyshift_http_requests_total", requests},
        {"keyshift_gateway_up", {"gateway_metrics"}},
        {"keyshift_log_events_total", {"gateway_log"}},
        {"keyshift_auth_failure_clients", {"access_log", "gateway_log"}},
        {"keyshift_legacy_keys", migration},
        {"keyshift_legacy_keys_upgraded_unused", migration},
        {"keyshift_phase_transitions_total", migration},
        {"keyshift_fallback_mode", migration},
        {"keyshift_fallback_mode_contradicted", migration},
        {"keyshift_migration_removed_ratio", migration},
        {"keyshift_migration_drained_ratio", migration},
        {"keyshift_migration_state", migration},
        {"keyshift_migration_eta_timestamp_seconds", migration},
        {"keyshift_migration_start_timestamp_seconds", migration},
        {"keyshift_migration_deadline_timestamp_seconds", migration},
        {"keyshift_migration_last_progress_timestamp_seconds", migration},
        {"keyshift_fallback_removal_safe", migration},
        {"keyshift_fallback_removal_verdict", migration},
        {"keyshift_fallback_removal_check", migration},
        {"keyshift_fallback_removal_earliest_timestamp_seconds", migration},
        {"keyshift_mark_timestamp_seconds", migration},
        {"keyshift_key_phase", migration},
        {"keyshift_key_last_used_timestamp_seconds", migration},
        {"keyshift_key_info", migration},
        {"keyshift_fallback_auth_total", migration},
        {"keyshift_auth_cache_hits_total", migration},
        {"keyshift_auth_cache_misses_total", migration},
        {"keyshift_auth_failures_total", migration},
        {"keyshift_evidence_info", migration},
        {"keyshift_evidence_contradicted", migration},
    };
    return table;
}

bool is_of_another(const ClientMetric& series, const std::set<std::string>& wanted) {
    return std::any_of(series.label.begin(), series.label.end(), [&](const ClientMetric::Label& label) {
        return label.name == "source" && wanted.count(label.value) == 0;
    });
}

}  // namespace

std::vector<MetricFamily> families_of(const std::vector<MetricFamily>& all,
                                      const std::set<std::string>& wanted) {
    std::vector<MetricFamily> out;
    for (const MetricFamily& family : all) {
        const auto listed = collectors_by_family().find(family.name);
        if (listed != collectors_by_family().end()) {
            const auto is_wanted = [&](std::string_view name) { return wanted.count(std::string(name)) > 0; };
            if (std::any_of(listed->second.begin(), listed->second.end(), is_wanted)) out.push_back(family);
            continue;
        }
        MetricFamily& kept = out.emplace_back(family);
        std::erase_if(kept.metric, [&](const ClientMetric& one) { return is_of_another(one, wanted); });
    }
    return out;
}

}  // namespace keyshift::exposition
