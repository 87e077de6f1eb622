// SPDX-License-Identifier: Apache-2.0
#include "domain/fallback_witnesses.hpp"

#include <algorithm>
#include <string>

#include "domain/assess.hpp"
#include "domain/evidence_facts.hpp"

namespace keyshift::domain {
namespace {

constexpr auto kHit = index_of(Event::fallback);

/// What is counted carries this host's time.
/// Why a source is not proved; empty: it is, or has never counted a hit.
std::string why_unproved(const Model& model, const std::string& name, const SourceCounts& counts,
                         base::Time host_now) {
    const Evidence& evidence = model.evidence;
    if (evidence.contradicted == name && is_contradicted(evidence, model.policy.windows.drain, host_now)) {
        return "not measured: keys were used " +
               base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(*evidence.contradicted_at)) +
               " or shortly before that it has not counted, as their last uses show";
    }
    if (!counts.proof.doubt.empty()) return "not measured: " + counts.proof.doubt;
    return counts.proof.since ? std::string() : counts.proof.lapsed;
}

FallbackWitness witness_of(const Model& model, const std::string& name, base::Time host_now) {
    FallbackWitness out;
    out.name = name;
    const auto found = model.evidence.sources.find(name);
    if (found == model.evidence.sources.end() || !found->second.read_at) {
        out.unproved = "it was not read yet";
        out.answers = false;
        return out;
    }
    const SourceCounts& counts = found->second;
    out.unproved = why_unproved(model, name, counts, host_now);
    out.proved = counts.proof.since && out.unproved.empty();
    // What the state has of it may lack the last poll before the process was killed.
    out.answers = counts.complete(host_now) && counts.countable.test(kHit) && !counts.restored_at;
    if (out.proved && counts.counted_since)
        out.covered_since = database_time(model, std::max(counts.counted_since, counts.proof.since));
    out.last_hit = database_time(model, counts.grew_at.at(kHit));
    out.lost_at = database_time(model, counts.lost_at);
    out.left_out = counts.left_out;
    return out;
}

/// Last uses are known since then.
std::optional<base::Time> known_since(const Model& model) {
    if (model.keys->migration.observed_since) return model.keys->migration.observed_since;
    const auto source = model.sources.find(kKeysSource);
    return source == model.sources.end() ? std::nullopt : source->second.observation_start;
}

FallbackWitness last_used(const Model& model, base::Time now) {
    const Migration& migration = model.keys->migration;
    FallbackWitness out;
    out.name = kLastUsed;
    out.by_key_table = true;
    if (last_use_stands_still(model, now)) {
        out.unproved = "no key's last use has moved for " + base::format_duration(model.policy.quiet_period) +
                       " although keys are used";
    } else if (!migration.last_used_proved_at) {
        out.unproved = "no legacy key's last use was seen to move";
    }
    out.proved = out.unproved.empty();
    if (!out.proved) return out;
    // What was used while last uses stood still was not written.
    const auto stood_still = database_time(model, model.evidence.last_use.stood_still_at);
    if (const auto known = known_since(model))
        out.covered_since = std::max({known, migration.last_used_proved_at, stood_still});
    out.last_hit = migration.evidence.newest_legacy_use;
    return out;
}

/// Where use upgrades a key, the key table shows each that was used, however long no poll succeeded.
FallbackWitness upgrades(const Model& model) {
    const Migration& migration = model.keys->migration;
    FallbackWitness out;
    out.name = kUpgrades;
    out.by_key_table = true;
    out.last_hit = migration.evidence.newest_upgrade;
    out.proved = out.last_hit.has_value();
    if (out.proved) {
        out.covered_since = known_since(model);
    } else {
        out.unproved = "no key was seen to be upgraded by its use";
    }
    return out;
}

bool counts_hits(const Model& model, const std::string& name) {
    return countable(model, name).test(kHit);
}

/// The best first.
std::vector<std::string> sources_of_hits(const Model& model) {
    std::vector<std::string> names;
    for (const std::string_view name : evidence_order(model.policy.known_sources, Signal::fallback))
        if (counts_hits(model, std::string(name))) names.emplace_back(name);
    return names;
}

/// Each scan was taken for a hit, and there are some.
bool scans_are_hits(const Model& model) {
    const auto source = model.evidence.sources.find(model.evidence.of(Signal::fallback).evidence);
    const bool told = model.keys && model.keys->migration.last_used_proved_at;
    return source != model.evidence.sources.end() && source->second.scan_hits > 0 && !told;
}

}  // namespace

FallbackWatch fallback_watch(const Model& model, base::Time now) {
    FallbackWatch out;
    const base::Time here = host_time(model, now);
    for (const std::string& name : sources_of_hits(model))
        out.witnesses.push_back(witness_of(model, name, here));
    if (model.keys && model.policy.uses_recorded) out.witnesses.push_back(last_used(model, now));
    if (model.keys && model.policy.promotes_in_place) out.witnesses.push_back(upgrades(model));
    // Also of a source that is not configured any more.
    for (const auto& [name, counts] : model.evidence.sources)
        out.last_hit = std::max(out.last_hit, database_time(model, counts.grew_at.at(kHit)));
    out.of_scans = scans_are_hits(model);
    for (const auto& [name, counts] : model.evidence.sources) {
        const auto ran = database_time(model, counts.grew_at.at(index_of(Event::statement_unclassified)));
        if (counts.proof.doubt.empty() || ran <= out.unclassified_at) continue;
        out.unclassified_at = ran;
        out.unclassified = counts.proof.doubt;
    }
    const base::Time window = now - model.policy.windows.drain;
    const base::Time window_here = host_time(model, window);
    const std::uint64_t within = model.evidence.hourly.since(kHourlyFallback, window_here);
    out.hours_from = database_now(model, Hourly::hour_begin(window_here));
    const auto hit_within = [window](const auto& at) { return at && *at > window; };
    const bool any = hit_within(out.last_hit) || std::any_of(out.witnesses.begin(), out.witnesses.end(),
                                                             [&](const FallbackWitness& witness) {
                                                                 return hit_within(witness.last_hit);
                                                             });
    if (any) out.within_window = std::max<std::uint64_t>(1, within);
    return out;
}

bool last_use_stands_still(const Model& model, base::Time now) {
    const auto since = model.evidence.last_use.unwritten_since;
    if (!since || !model.keys || !model.policy.uses_recorded) return false;
    // A census that is rare sees uses late.
    const base::Duration quiet = std::max(model.policy.quiet_period, 3 * model.keys->migration.poll_every);
    return host_time(model, now) - *since > quiet + model.policy.last_used_delay;
}

void watch_last_use(Model& model, base::Time host_now) {
    if (!model.keys || !model.policy.uses_recorded) return;
    LastUseWatch& watch = model.evidence.last_use;
    const FallbackEvidence& seen = model.keys->migration.evidence;
    const auto newest = std::max(seen.newest_legacy_use, seen.newest_modern_use);
    if (newest != watch.newest || watch.unwritten_since > host_now) watch.unwritten_since.reset();
    watch.newest = newest;
    const auto counted = counted_modern_use(model).at;
    if (!watch.unwritten_since && counted && counted > newest) watch.unwritten_since = host_now;
    if (last_use_stands_still(model, database_now(model, host_now))) watch.stood_still_at = host_now;
}

LegacyUse legacy_use(const Model& model, base::Time host_now) {
    LegacyUse out;
    if (!model.keys) {
        // Where the key table is not read here, nothing will ever tell.
        if (model.sources.count(kKeysSource) == 0) out.data_at = host_now;
        return out;
    }
    const Migration& migration = model.keys->migration;
    const bool told =
        migration.last_used_proved_at && !last_use_stands_still(model, database_now(model, host_now));
    // Without a legacy key left, whoever a scan is for finds nothing.
    const bool none_left = model.keys->inventory.legacy_keys == 0 && !model.policy.promotes_in_place;
    out.proved = (model.policy.uses_recorded && told) || none_left;
    out.data_at = host_time(model, migration.polled_at);
    auto newest = migration.evidence.newest_legacy_use;
    if (model.policy.promotes_in_place || none_left)
        newest = std::max(newest, migration.evidence.newest_upgrade);
    if (newest) out.newest = host_time(model, *newest);
    return out;
}

}  // namespace keyshift::domain
