// SPDX-License-Identifier: Apache-2.0
#include "domain/model.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::domain {
namespace {

constexpr int kPollsUntilGap = 3;

base::Duration longest_pause(base::Duration poll_every) {
    return std::max(kGap, kPollsUntilGap * poll_every);
}

/// Nothing else is so far ahead.
constexpr base::Duration kAhead = std::chrono::minutes{5};

}  // namespace

void PhaseChanges::add(PhaseChanges others) {
    count += others.count;
    for (PhaseChange& change : others.named)
        if (named.size() < kMostNamed) named.push_back(std::move(change));
}

void forget_future(Migration& known, base::Time now) {
    FallbackEvidence& seen = known.evidence;
    const auto is_ahead = [now](std::optional<base::Time> at) { return at && *at > now + kAhead; };
    for (auto* const at : {&seen.newest_legacy_use, &seen.newest_upgrade, &known.newest_legacy_created_at,
                           &known.last_used_proved_at, &known.observed_since, &known.census_at})
        if (is_ahead(*at)) *at = now;
    for (auto* const at : {&seen.newest_modern_use, &known.last_removal})
        if (is_ahead(*at)) at->reset();
    if (is_ahead(seen.modern_use_began)) {
        seen.modern_use_began.reset();
        seen.newest_legacy_use_before_modern.reset();
    }
    for (auto* const at : {&known.detected.since, &known.detected.absent_since})
        if (is_ahead(*at)) *at = now;
}

bool is_missing_prerequisite(base::Errc code) {
    return code == base::Errc::schema || code == base::Errc::permission;
}

void SourceStatus::succeed(base::Time taken_at) {
    up = true;
    not_measured.clear();
    failure.clear();
    last_success_at = taken_at;
    if (!observation_start) observation_start = taken_at;
}

SourceStatus::Failure SourceStatus::fail(const base::Error& error) {
    if (implicit && is_missing_prerequisite(error.code) && !observation_start) {
        not_measured = error.text();
        return Failure::not_measured;
    }
    up = false;
    failure = error.text();
    add_error(error.code);
    return Failure::counted;
}

void SourceStatus::add_error(base::Errc code) {
    const bool other = base::reason(code) == base::reason(base::Errc::other);
    ++errors[other ? base::Errc::other : code];
}

Watch watch_after(const std::optional<Watch>& before, base::Time at, base::Duration poll_every) {
    if (!before || at < before->until) return {at, at, poll_every};
    const bool stopped = at - before->until > longest_pause(std::max(poll_every, before->poll_every));
    return {stopped ? at : before->since, at, poll_every};
}

std::optional<base::Time> watched_since(const Model& model, base::Time now) {
    if (!model.watch || now - model.watch->until > longest_pause(model.watch->poll_every))
        return std::nullopt;
    return model.watch->since;
}

base::Duration skew_after(base::Duration known, base::Duration measured) {
    // What the way to the database takes, and what two good clocks differ by.
    constexpr base::Duration kNoise = std::chrono::milliseconds{100};
    return std::chrono::abs(measured - known) > kNoise ? measured : known;
}

void set_skew(Model& model, base::Duration measured, base::Time host_now) {
    const base::Duration before = model.skew;
    model.skew = skew_after(before, measured);
    const base::Duration forward = model.skew - before;
    if (forward <= base::Duration::zero()) return;
    const auto go_along = [&](std::optional<base::Time>& at) {
        if (at) at = std::max(*at, std::min(*at + forward, host_now));
    };
    for (auto& [name, counts] : model.evidence.sources) {
        for (auto& at : counts.grew_at) go_along(at);
        for (auto* const at : {&counts.lost_at, &counts.counted_since, &counts.proof.since}) go_along(*at);
    }
    ProbeAnswers& probe = model.probe;
    for (auto* const at :
         {&probe.refused_at, &probe.accepted_at, &probe.canary_accepted_at, &probe.canary_refused_at})
        go_along(*at);
}

base::Time database_now(const Model& model, base::Time host_now) {
    return host_now - model.skew;
}

std::optional<base::Time> database_time(const Model& model, std::optional<base::Time> host_time) {
    return host_time ? std::optional(database_now(model, *host_time)) : std::nullopt;
}

base::Time host_time(const Model& model, base::Time database_time) {
    return database_time + model.skew;
}

std::vector<FailureCounts> failure_counts(const Model& model) {
    std::map<std::string, LogReading> logs;
    for (const auto& [name, log] : model.logs)
        logs[name] = {log.lines.unparsed + log.lines.oversized, log.lag_bytes};
    return failure_counts(model.evidence, logs);
}

}  // namespace keyshift::domain
