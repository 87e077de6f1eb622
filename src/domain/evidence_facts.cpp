// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence_facts.hpp"

#include <algorithm>

namespace keyshift::domain {
namespace {

using std::chrono::hours;

constexpr base::Duration kFailureWindow = hours{24};
constexpr base::Duration kBaselineWindow = hours{24 * 7};
constexpr double kTolerableGrowth = 2;

constexpr const char* kStatements = "statements";

const SourceCounts* find(const Evidence& evidence, const std::string& name) {
    const auto found = evidence.sources.find(name);
    return found == evidence.sources.end() ? nullptr : &found->second;
}

/// The source that `signal` follows, if nothing of it is missing.
const SourceCounts* whole_source(const Model& model, Signal signal, base::Time now) {
    const SourceCounts* const source = find(model.evidence, model.evidence.of(signal).evidence);
    return source != nullptr && source->complete(host_time(model, now)) && source->counted_since ? source
                                                                                                 : nullptr;
}

/// Where the gateway scans, statements that find nothing say nothing of failures: that is not a gap that time
/// closes.
bool cannot_tell(const Model& model, Signal signal, const std::string& name) {
    const SourceCounts* const source = find(model.evidence, name);
    return signal == Signal::auth_failures && name == kStatements && source != nullptr && source->read_at &&
           (needed_for(signal) & ~source->offers).any();
}

void raise(std::optional<base::Time>& latest, std::optional<base::Time> other) {
    if (other && (!latest || *other > *latest)) latest = other;
}

/// What is counted carries this host's time.
std::optional<base::Time> of_database(const Model& model, std::optional<base::Time> host_time) {
    return host_time ? std::optional(database_now(model, *host_time)) : std::nullopt;
}

/// Where use upgrades a key, the key table shows each that was used, however long nobody looked.
std::optional<FallbackHits> hits_in_key_table(const Model& model) {
    if (!model.policy.promotes_in_place || !model.keys || !model.keys->migration.observed_since)
        return std::nullopt;
    FallbackHits hits;
    hits.counted_since = *model.keys->migration.observed_since;
    hits.last_hit = model.keys->migration.evidence.newest_upgrade;
    return hits;
}

/// By whom failures are counted, in the database's time.
RefusedKeys refused_keys(const Model& model, base::Time now) {
    RefusedKeys out;
    const SourceCounts* const source = whole_source(model, Signal::auth_failures, now);
    if (source == nullptr) return out;
    out.counted_since = database_now(model, *source->counted_since);
    const auto& series = model.evidence.hourly.series();
    const auto found = series.find(kHourlyUnknownKeys);
    if (found == series.end()) return out;
    for (const auto& [hour, count] : found->second) {
        const base::Time middle = base::Time{hours{hour}} + std::chrono::minutes{30};
        out.by_hour[std::chrono::floor<hours>(database_now(model, middle)).time_since_epoch().count()] +=
            count;
    }
    return out;
}

}  // namespace

CountedFallback counted_fallback(const Model& model, base::Time now) {
    CountedFallback to;
    const base::Time here = host_time(model, now);
    const SourceCounts* const statements = find(model.evidence, kStatements);
    to.scans_measured = statements != nullptr && statements->complete(here) &&
                        statements->offers.test(index_of(Event::fallback_scan)) &&
                        statements->offers.test(index_of(Event::lookup_not_found));
    if (statements != nullptr) {
        to.scans_grew_at = statements->grew_at.at(index_of(Event::fallback_scan));
        to.not_found_grew_at = statements->grew_at.at(index_of(Event::lookup_not_found));
    }
    for (const auto& [name, counts] : model.evidence.sources) {
        if (name == kStatements && !model.policy.promotes_in_place) continue;
        raise(to.fallback_counted_at, counts.grew_at.at(index_of(Event::fallback)));
    }
    to.canary_accepted_at = model.probe.canary_accepted_at;
    to.canary_refused_at = model.probe.canary_refused_at;
    to.refused_keys = refused_keys(model, now);
    for (auto* const at : {&to.scans_grew_at, &to.not_found_grew_at, &to.fallback_counted_at,
                           &to.canary_accepted_at, &to.canary_refused_at})
        *at = of_database(model, *at);
    return to;
}

Events countable(const Model& model, const std::string& name) {
    const auto promised = model.policy.measurable.find(name);
    const auto status = model.sources.find(name);
    if (promised == model.policy.measurable.end()) return {};
    if (status != model.sources.end() && !status->second.not_measured.empty()) return {};
    Events all = promised->second;
    const SourceCounts* const source = find(model.evidence, name);
    if (source == nullptr) return all;
    all |= source->offers;
    for (std::size_t i = 0; i < kEventCount; ++i)
        if (source->grew_at.at(i)) all.set(i);
    return all;
}

bool can_be_measured(const Model& model, Signal signal) {
    if (signal == Signal::fallback && model.policy.promotes_in_place) return true;
    return std::any_of(model.policy.measurable.begin(), model.policy.measurable.end(), [&](const auto& item) {
        return (needed_for(signal) & ~countable(model, item.first)).none() &&
               !cannot_tell(model, signal, item.first);
    });
}

std::optional<FallbackHits> fallback_hits(const Model& model, base::Time now) {
    const SourceCounts* const source = whole_source(model, Signal::fallback, now);
    const auto in_table = hits_in_key_table(model);
    if (source == nullptr && !in_table) return std::nullopt;
    FallbackHits hits = in_table.value_or(FallbackHits{});
    if (source != nullptr) {
        const base::Time counted = database_now(model, *source->counted_since);
        if (!in_table || counted < hits.counted_since) hits.counted_since = counted;
    }
    const bool promotes = model.policy.promotes_in_place;
    hits.of_scans = !promotes && model.evidence.of(Signal::fallback).evidence == kStatements;
    // Without a legacy key left, whoever a scan was for found nothing.
    const bool in_vain = !promotes && model.keys && model.keys->inventory.legacy_keys == 0;
    for (const auto& [name, counts] : model.evidence.sources) {
        if (name == kStatements && in_vain) continue;
        raise(hits.last_hit, of_database(model, counts.grew_at.at(index_of(Event::fallback))));
    }
    const base::Time window = now - model.policy.windows.drain;
    const std::uint64_t within = model.evidence.hourly.since(kHourlyFallback, host_time(model, window));
    if (hits.last_hit && *hits.last_hit > window) hits.within_window = std::max<std::uint64_t>(1, within);
    return hits;
}

std::optional<AuthFailures> auth_failures(const Model& model, base::Time now) {
    if (whole_source(model, Signal::auth_failures, now) == nullptr) return std::nullopt;
    const Hourly& hourly = model.evidence.hourly;
    const auto share = [&hourly](base::Time from, base::Time until) -> std::optional<double> {
        const auto failed = static_cast<double>(hourly.between(kHourlyFailures, from, until));
        const auto tried = static_cast<double>(hourly.between(kHourlyAttempts, from, until));
        if (failed == 0) return 0;
        if (tried == 0) return std::nullopt;
        return std::min(1.0, failed / tried);
    };
    const base::Time day = host_time(model, now) - kFailureWindow;
    const auto lately = share(day, base::Time::max());
    if (!lately) return std::nullopt;
    const double before = share(day - kBaselineWindow, day).value_or(0);
    return AuthFailures{*lately, std::max(kTolerableGrowth * before, model.policy.failure_budget)};
}

std::optional<double> cache_hit_ratio(const Model& model) {
    const auto hits = static_cast<double>(model.evidence.totals.at(index_of(Event::auth_cache_hit)));
    const auto misses = static_cast<double>(model.evidence.totals.at(index_of(Event::auth_cache_miss)));
    if (hits + misses == 0) return std::nullopt;
    return hits / (hits + misses);
}

}  // namespace keyshift::domain
