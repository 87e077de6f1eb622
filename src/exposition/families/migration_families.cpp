// SPDX-License-Identifier: Apache-2.0
#include "exposition/families/migration_families.hpp"

#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "domain/assess.hpp"
#include "exposition/families/build.hpp"

namespace keyshift::exposition {
namespace {

using build::add;
using build::family;
using build::MetricFamily;
using build::MetricType;
using build::number;
using build::seconds;
using build::single;
using domain::Assessment;
using domain::CheckOutcome;
using domain::Model;

void append_phases(const Model& model, std::vector<MetricFamily>& out) {
    MetricFamily keys =
        family(MetricType::Gauge, "keyshift_legacy_keys",
               "Legacy keys by phase of their migration; all phases together are the baseline.");
    MetricFamily transitions = family(MetricType::Counter, "keyshift_phase_transitions_total",
                                      "Times that a legacy key entered the phase from another one.");
    for (const domain::Phase phase : domain::kPhases) {
        const std::string name(phase_name(phase));
        const auto i = static_cast<std::size_t>(phase);
        if (model.keys) add(keys, {{"phase", name}}, number(model.keys->migration.tally.phases.at(i)));
        add(transitions, {{"phase", name}}, number(model.totals().transitions.at(i)));
    }
    out.push_back(std::move(keys));
    out.push_back(single(
        MetricType::Gauge, "keyshift_legacy_keys_upgraded_unused",
        "Legacy keys in use that were given a lookup hash and not used since; they are among retired_in_use.",
        model.keys ? std::optional(number(model.keys->migration.tally.upgraded_unused)) : std::nullopt));
    out.push_back(std::move(transitions));
}

void append_fallback(const Model& model, const Assessment& now, std::vector<MetricFamily>& out) {
    MetricFamily mode = family(MetricType::Gauge, "keyshift_fallback_mode",
                               "Whether the gateway still accepts legacy keys: 1 for the mode that holds.");
    for (const domain::FallbackMode m : domain::kFallbackModes) {
        add(mode, {{"mode", std::string(mode_name(m))}}, now.fallback.state.mode == m ? 1.0 : 0.0);
    }
    if (!model.keys) mode.metric.clear();
    out.push_back(std::move(mode));
    out.push_back(single(MetricType::Gauge, "keyshift_fallback_mode_contradicted",
                         "Whether evidence contradicts the fallback mode that the configuration asserts.",
                         now.fallback.contradicted ? 1.0 : 0.0));
}

void append_progress(const Model& model, const Assessment& now, std::vector<MetricFamily>& out) {
    out.push_back(single(MetricType::Gauge, "keyshift_migration_removed_ratio",
                         "Share of the baseline that was deleted or upgraded.", now.removed_ratio));
    out.push_back(
        single(MetricType::Gauge, "keyshift_migration_drained_ratio",
               "Share of the baseline that was deleted, upgraded, or replaced and is no longer used.",
               now.drained_ratio));
    MetricFamily state = family(MetricType::Gauge, "keyshift_migration_state",
                                "State of the migration: 1 for the one that holds.");
    if (now.state) {
        for (const domain::MigrationState s : domain::kMigrationStates)
            add(state, {{"state", std::string(state_name(s))}}, s == *now.state ? 1.0 : 0.0);
    }
    out.push_back(std::move(state));
    MetricFamily eta = family(MetricType::Gauge, "keyshift_migration_eta_timestamp_seconds",
                              "When the last legacy key will be gone, if that can be estimated.");
    if (model.keys) {
        const domain::Forecast& forecast = model.keys->migration.forecast;
        for (const auto& [name, value] : {std::pair("point", forecast.point), std::pair("p50", forecast.p50),
                                          std::pair("p85", forecast.p85)})
            if (value) add(eta, {{"estimate", name}}, base::to_unix_seconds(*value));
    }
    out.push_back(std::move(eta));
    out.push_back(
        single(MetricType::Gauge, "keyshift_migration_start_timestamp_seconds",
               "Start of the migration: as configured, else when the oldest modern key was created.",
               seconds(model.migration_start())));
    out.push_back(single(MetricType::Gauge, "keyshift_migration_deadline_timestamp_seconds",
                         "Deadline of the migration, as configured.", seconds(model.policy.deadline)));
    out.push_back(single(MetricType::Gauge, "keyshift_migration_last_progress_timestamp_seconds",
                         "When a legacy key was last found deleted or upgraded.",
                         model.keys ? seconds(model.keys->migration.last_removal) : std::nullopt));
}

void append_verdict(const Assessment& now, std::vector<MetricFamily>& out) {
    out.push_back(single(MetricType::Gauge, "keyshift_fallback_removal_safe",
                         "Whether the fallback may be removed: 1 only while every required check passes.",
                         now.judgement.verdict == domain::Verdict::safe ? 1.0 : 0.0));
    MetricFamily verdict = family(MetricType::Gauge, "keyshift_fallback_removal_verdict",
                                  "What the checks come to: 1 for the verdict that holds.");
    for (const auto& [name, value] :
         {std::pair("safe", domain::Verdict::safe), std::pair("not_yet", domain::Verdict::not_yet),
          std::pair("unsafe", domain::Verdict::unsafe), std::pair("unknown", domain::Verdict::unknown)})
        add(verdict, {{"verdict", name}}, now.judgement.verdict == value ? 1.0 : 0.0);
    out.push_back(std::move(verdict));
    MetricFamily checks =
        family(MetricType::Gauge, "keyshift_fallback_removal_check",
               "Checks of the verdict: 1 passes, 0 does not; no series where there is no data.");
    for (const domain::CheckResult& result : now.judgement.checks) {
        if (result.outcome == CheckOutcome::unknown || result.outcome == CheckOutcome::not_measured) continue;
        add(checks, {{"check", std::string(check_name(result.check))}},
            result.outcome == CheckOutcome::pass ? 1.0 : 0.0);
    }
    out.push_back(std::move(checks));
    out.push_back(single(MetricType::Gauge, "keyshift_fallback_removal_earliest_timestamp_seconds",
                         "When the fallback could be removed if nothing else happens, by what is known now.",
                         seconds(now.judgement.earliest_safe)));
}

/// For annotations of dashboards.
void append_marks(const Model& model, std::vector<MetricFamily>& out) {
    MetricFamily marks = family(
        MetricType::Gauge, "keyshift_mark_timestamp_seconds",
        "When an operator last said that a brownout began or ended, or the cutover; no series: never.");
    for (const domain::MarkKind kind : domain::kMarkKinds) {
        if (const auto at = model.marks.last_at.at(static_cast<std::size_t>(kind)))
            add(marks, {{"mark", std::string(mark_name(kind))}}, base::to_unix_seconds(*at));
    }
    out.push_back(std::move(marks));
}

/// Only where there are any: names and owners are not for everybody's eyes.
void append_keys(const Model& model, std::vector<MetricFamily>& out) {
    MetricFamily phases = family(MetricType::Gauge, "keyshift_key_phase",
                                 "Phase of a single legacy key: 1 for the one it is in.");
    MetricFamily uses = family(MetricType::Gauge, "keyshift_key_last_used_timestamp_seconds",
                               "When a single legacy key was last used; no series: never.");
    MetricFamily infos =
        family(MetricType::Gauge, "keyshift_key_info", "What the key table says of a single legacy key.");
    const std::vector<domain::KeySeries> none;
    for (const domain::KeySeries& key : model.keys ? model.keys->key_series : none) {
        const std::string id = base::escape_unsafe(key.id);
        add(phases, {{"key_id", id}, {"phase", std::string(phase_name(key.phase))}}, 1);
        if (key.last_used_at) add(uses, {{"key_id", id}}, base::to_unix_seconds(*key.last_used_at));
        add(infos,
            {{"key_id", id},
             {"name", base::escape_unsafe(key.name)},
             {"key_prefix", base::escape_unsafe(key.prefix)},
             {"owner", base::escape_unsafe(key.owner)}},
            1);
    }
    out.push_back(std::move(phases));
    out.push_back(std::move(uses));
    out.push_back(std::move(infos));
}

}  // namespace

void append_migration_families(const Model& model, base::Time now, std::vector<MetricFamily>& out) {
    const Assessment assessment = assess(model, now);
    append_phases(model, out);
    append_fallback(model, assessment, out);
    append_progress(model, assessment, out);
    append_verdict(assessment, out);
    append_marks(model, out);
    append_keys(model, out);
}

}  // namespace keyshift::exposition
