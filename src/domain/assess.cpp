// SPDX-License-Identifier: Apache-2.0
#include "domain/assess.hpp"

#include "domain/evidence_facts.hpp"
#include "domain/fallback_witnesses.hpp"

namespace keyshift::domain {
namespace {

VerdictFacts verdict_facts(const Model& model, const FallbackJudgement& fallback, base::Time now) {
    VerdictFacts facts;
    facts.windows = model.policy.windows;
    facts.inventory = model.policy.inventory;
    facts.uses_recorded = model.policy.uses_recorded;
    facts.fallback = fallback;
    if (const auto source = model.sources.find(kKeysSource); source != model.sources.end()) {
        facts.keys_up = source->second.up.value_or(false);
        facts.keys_failure = source->second.failure;
        facts.keys_read_at = source->second.last_success_at;
        facts.observed_since = source->second.observation_start;
    }
    // What a probe found that is no longer there, nobody could repair.
    if (model.policy.measurable.count(kProbeSource) > 0) {
        facts.probe_refused_at = model.probe.refused_at;
        facts.probe_accepted_at = model.probe.accepted_at;
        for (auto* const at : {&facts.probe_refused_at, &facts.probe_accepted_at})
            if (*at) **at = database_now(model, **at);
    }
    facts.watched_since = watched_since(model, now);
    facts.modern_use = modern_use(model);
    facts.quiet_period = model.policy.quiet_period;
    facts.last_used_delay = model.policy.last_used_delay;
    facts.fallback_watch = fallback_watch(model, now);
    facts.failures_by = who_could_measure(model, Signal::auth_failures);
    facts.failures = auth_failures(model, now);
    // What was read by an earlier process and not since is no basis for a verdict.
    if (!model.keys) facts.keys_read_at.reset();
    if (!model.keys) return facts;
    const Migration& migration = model.keys->migration;
    facts.census_at = migration.census_at;
    facts.poll_every = migration.poll_every;
    facts.standby_behind = migration.clock_at - migration.polled_at;
    facts.reconfigured = model.keys->judged_by != model.policy;
    if (migration.observed_since) facts.observed_since = migration.observed_since;
    facts.newest_use = migration.evidence.newest_legacy_use;
    if (const auto modern = migration.evidence.newest_modern_use;
        modern && (!facts.newest_use || *modern > *facts.newest_use))
        facts.newest_use = modern;
    if (const auto upgrade = migration.evidence.newest_upgrade;
        model.policy.promotes_in_place && upgrade && (!facts.newest_use || *upgrade > *facts.newest_use))
        facts.newest_use = upgrade;
    facts.phases = migration.tally.phases;
    facts.upgraded_unused = migration.tally.upgraded_unused;
    facts.modern_keys = model.keys->inventory.modern_keys;
    facts.legacy_keys = model.keys->inventory.legacy_keys;
    facts.short_hashes = count_of(model.keys->inventory.implausible, RowProblem::hash_short);
    facts.live_use = migration.tally.live_use;
    facts.newest_legacy_created_at = migration.newest_legacy_created_at;
    facts.drained_by_owner_only = migration.tally.drained_by_owner_only;
    facts.dormant_unacknowledged = migration.tally.dormant_unacknowledged;
    facts.dormant_blocked_recently = migration.tally.dormant_blocked_recently;
    facts.blocked_long_enough_at = migration.tally.blocked_long_enough_at;
    return facts;
}

}  // namespace

Assessment assess(const Model& model, base::Time now) {
    Assessment out;
    if (model.keys) {
        const Migration& migration = model.keys->migration;
        out.fallback = with_assertion(migration.detected, model.policy.asserted, migration.evidence);
    }
    const VerdictFacts facts = verdict_facts(model, out.fallback, now);
    out.judgement = judge(facts, now);
    if (!model.keys) return out;
    ProgressFacts progress;
    progress.phases = facts.phases;
    progress.start = model.migration_start();
    progress.observed_since = facts.observed_since.value_or(model.keys->migration.polled_at);
    progress.live_before = model.keys->migration.live_before;
    progress.last_removal = model.keys->migration.last_removal;
    out.state = migration_state(progress, now);
    out.removed_ratio = removed_ratio(facts.phases);
    out.drained_ratio = drained_ratio(facts.phases);
    return out;
}

}  // namespace keyshift::domain
