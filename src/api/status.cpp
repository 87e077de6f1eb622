// SPDX-License-Identifier: Apache-2.0
#include "api/status.hpp"

#include "api/archive.hpp"
#include "domain/assess.hpp"
#include "domain/evidence_facts.hpp"
#include "domain/findings.hpp"

namespace keyshift::api {
namespace {

using domain::Event;
using domain::Model;
using domain::Signal;

constexpr base::Duration kDay = std::chrono::hours{24};

std::uint64_t total(const Model& model, Event event) {
    return model.evidence.totals.at(index_of(event));
}

const std::string& evidence_of(const Model& model, Signal signal) {
    return model.evidence.of(signal).evidence;
}

std::uint64_t within_a_day(const Model& model, const char* series, base::Time now) {
    return model.evidence.hourly.since(series, host_time(model, now) - kDay);
}

std::optional<MigrationProgress> progress(const Model& model, const domain::Assessment& assessment) {
    if (!model.keys) return std::nullopt;
    const domain::Forecast& forecast = model.keys->migration.forecast;
    MigrationProgress out;
    out.removed_ratio = assessment.removed_ratio;
    out.drained_ratio = assessment.drained_ratio;
    if (assessment.removed_ratio && assessment.state) out.state = state_name(*assessment.state);
    out.legacy_keys = model.keys->inventory.legacy_keys;
    out.modern_keys = model.keys->inventory.modern_keys;
    out.baseline = model.keys->inventory.baseline;
    out.began = model.migration_start();
    out.deadline = model.policy.deadline;
    out.eta_point = forecast.point;
    out.eta_p50 = forecast.p50;
    out.eta_p85 = forecast.p85;
    return out;
}

FallbackStatus fallback_status(const Model& model, const domain::FallbackJudgement& judgement,
                               base::Time now) {
    FallbackStatus out;
    out.mode = mode_name(judgement.state.mode);
    out.because = judgement.state.evidence;
    out.contradicted = judgement.contradicted;
    out.evidence = evidence_of(model, Signal::fallback);
    out.hits = total(model, Event::fallback);
    out.hits_24h = within_a_day(model, domain::kHourlyFallback, now);
    if (const auto lockout = possible_lockout(model, now)) {
        out.maybe_locked_out = lockout->keys;
        out.maybe_locked_out_since = lockout->since;
    }
    if (!model.keys) return out;
    if (const auto doubt = doubt_about_promotion(model.keys->migration, model.policy))
        out.promotion_doubt = doubt->what + ": " + doubt->remedy;
    return out;
}

CacheStatus cache_status(const Model& model) {
    CacheStatus out;
    out.evidence = evidence_of(model, Signal::auth_cache);
    out.hit_ratio = cache_hit_ratio(model);
    out.hits = total(model, Event::auth_cache_hit);
    out.misses = total(model, Event::auth_cache_miss);
    for (const auto& [name, counts] : model.evidence.sources)
        if (name != out.evidence && counts.totals.at(index_of(Event::redis_hit)) > 0)
            out.redis_hits_unused = out.hit_ratio == 0.0;
    return out;
}

FailureStatus failure_status(const Model& model, base::Time now) {
    FailureStatus out;
    if (can_be_measured(model, Signal::auth_failures))
        out.evidence = evidence_of(model, Signal::auth_failures);
    if (out.evidence.empty()) return out;
    for (std::size_t i = 0; i < domain::kFailureReasons; ++i) {
        const Event event = after(domain::kFirstFailure, i);
        const std::uint64_t count = total(model, event);
        out.failures += count;
        if (count > 0) out.reasons[std::string(event_label(event))] = count;
    }
    out.failures_24h = within_a_day(model, domain::kHourlyFailures, now);
    return out;
}

SourceReport source(const Model& model, const std::string& name, const domain::SourceStatus& status) {
    SourceReport out;
    out.source = name;
    out.up = status.up;
    if (!status.not_measured.empty()) out.not_measured = status.not_measured;
    if (!status.failure.empty()) out.failure = status.failure;
    out.read_at = status.last_success_at;
    out.watched_since = status.observation_start;
    if (const auto counts = model.evidence.sources.find(name); counts != model.evidence.sources.end())
        out.missing = counts->second.missing;
    if (const auto log = model.logs.find(name); log != model.logs.end()) {
        const domain::LogLines& lines = log->second.lines;
        out.lines_not_understood = lines.unparsed + lines.oversized;
        out.lines = out.lines_not_understood + lines.matched + lines.skipped;
    }
    return out;
}

}  // namespace

Status status(const Model& model, base::Time now, std::string_view from) {
    const domain::Assessment assessment = assess(model, now);
    Status out{judged(model, assessment, now, from)};
    out.migration = progress(model, assessment);
    for (std::size_t i = 0; model.keys && i < domain::kUseWindows.size(); ++i)
        out.used[std::string(domain::kUseWindows.at(i).name)] = model.keys->inventory.used.at(i);
    for (const domain::Phase phase : domain::kPhases)
        if (model.keys)
            out.phases[std::string(phase_name(phase))] = count_of(model.keys->migration.tally.phases, phase);
    if (model.keys) out.upgraded_unused = model.keys->migration.tally.upgraded_unused;
    out.fallback = fallback_status(model, assessment.fallback, now);
    out.auth_cache = cache_status(model);
    out.auth_failures = failure_status(model, now);
    out.history_begins = model.state_begun_at;
    out.history_begins_because = model.state_begun_because;
    for (const auto& [name, status] : model.sources) out.sources.push_back(source(model, name, status));
    return out;
}

std::string encode(const Status& status) {
    return ArchiveWriter::document(status);
}

base::Result<Status> decode_status(std::string_view text) {
    return ArchiveReader::document<Status>(text);
}

std::uint64_t locked_out(const Status& status) {
    std::uint64_t keys = 0;
    for (const domain::Phase phase : domain::kLockedOut)
        if (const auto found = status.phases.find(std::string(phase_name(phase)));
            found != status.phases.end())
            keys += found->second;
    return keys;
}

}  // namespace keyshift::api
