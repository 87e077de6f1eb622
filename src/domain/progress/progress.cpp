// SPDX-License-Identifier: Apache-2.0
#include "domain/progress/progress.hpp"

#include <algorithm>
#include <initializer_list>

namespace keyshift::domain {
namespace {

constexpr std::array<std::string_view, kMigrationStates.size()> kNames{
    "not_started", "migrating", "draining", "stalled", "regressing", "complete"};

std::uint64_t sum(const PhaseCounts& counts, std::initializer_list<Phase> phases) {
    std::uint64_t total = 0;
    for (const Phase phase : phases) total += count_of(counts, phase);
    return total;
}

bool has_started(const ProgressFacts& facts, base::Time now) {
    if (!facts.start || *facts.start > now) return false;
    const std::uint64_t replaced = sum(facts.phases, {Phase::issued, Phase::overlap, Phase::drained});
    return removed_keys(facts.phases) > 0 || replaced > 0;
}

/// Removals from before the observation cannot be known, and nobody removes before the start.
bool is_stalled(const ProgressFacts& facts, base::Time now) {
    const base::Time since = facts.last_removal.value_or(facts.observed_since);
    return now - std::max(since, *facts.start) >= kStalledAfter;
}

std::optional<double> share(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::uint64_t live_keys(const PhaseCounts& counts) {
    std::uint64_t total = 0;
    for (const Phase phase : kPhases)
        if (is_live(phase)) total += count_of(counts, phase);
    return total;
}

std::uint64_t removed_keys(const PhaseCounts& counts) {
    return baseline(counts) - live_keys(counts);
}

std::uint64_t locked_out_keys(const PhaseCounts& counts) {
    std::uint64_t keys = 0;
    for (const Phase phase : kLockedOut) keys += count_of(counts, phase);
    return keys;
}

std::uint64_t baseline(const PhaseCounts& counts) {
    std::uint64_t total = 0;
    for (const std::uint64_t count : counts) total += count;
    return total;
}

std::string_view state_name(MigrationState state) {
    return kNames.at(static_cast<std::size_t>(state));
}

MigrationState migration_state(const ProgressFacts& facts, base::Time now) {
    const std::uint64_t live = live_keys(facts.phases);
    if (live == 0) return MigrationState::complete;
    if (!has_started(facts, now)) return MigrationState::not_started;
    if (live > facts.live_before) return MigrationState::regressing;
    if (is_stalled(facts, now)) return MigrationState::stalled;
    const std::uint64_t settled =
        sum(facts.phases, {Phase::drained, Phase::dormant, Phase::expired, Phase::quarantined});
    return settled == live ? MigrationState::draining : MigrationState::migrating;
}

std::optional<double> removed_ratio(const PhaseCounts& counts) {
    return share(removed_keys(counts), baseline(counts));
}

std::optional<double> drained_ratio(const PhaseCounts& counts) {
    return share(removed_keys(counts) + count_of(counts, Phase::drained), baseline(counts));
}

}  // namespace keyshift::domain
