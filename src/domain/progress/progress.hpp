// SPDX-License-Identifier: Apache-2.0
// How far the migration is, and in which state. Pure; time is a parameter.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "domain/phases/phase.hpp"

namespace keyshift::domain {

/// How many legacy keys are in each phase, in the order of kPhases. They add up to the baseline.
using PhaseCounts = std::array<std::uint64_t, kPhases.size()>;

constexpr std::uint64_t count_of(const PhaseCounts& counts, Phase phase) {
    return counts[static_cast<std::size_t>(phase)];
}
/// Keys whose row is there and has no lookup hash.
std::uint64_t live_keys(const PhaseCounts& counts);
/// Keys that have gone or were upgraded.
std::uint64_t removed_keys(const PhaseCounts& counts);
/// Keys by which somebody is locked out, or probably.
std::uint64_t locked_out_keys(const PhaseCounts& counts);
std::uint64_t baseline(const PhaseCounts& counts);

enum class MigrationState : std::uint8_t { not_started, migrating, draining, stalled, regressing, complete };
inline constexpr std::array<MigrationState, 6> kMigrationStates{
    MigrationState::not_started, MigrationState::migrating,  MigrationState::draining,
    MigrationState::stalled,     MigrationState::regressing, MigrationState::complete};
std::string_view state_name(MigrationState state);

struct ProgressFacts {
    PhaseCounts phases{};
    std::optional<base::Time> start;  ///< of the migration; empty: not known
    base::Time observed_since;
    /// Live legacy keys a drain window ago, or at the start of observation if that is later.
    std::uint64_t live_before = 0;
    std::optional<base::Time> last_removal;
};

/// Nothing removed for so long: stalled.
inline constexpr base::Duration kStalledAfter = std::chrono::hours{24 * 7};

/// The first that holds: complete (no live legacy key), not_started (start unknown or to come, or nothing
/// removed and no replacement made), regressing (more live legacy keys than a drain window ago), stalled,
/// draining (all live ones drained, dormant, expired or quarantined), migrating.
MigrationState migration_state(const ProgressFacts& facts, base::Time now);

/// Share of the baseline, 0 to 1; empty while there never was a legacy key.
std::optional<double> removed_ratio(const PhaseCounts& counts);
/// ... removed or drained.
std::optional<double> drained_ratio(const PhaseCounts& counts);

}  // namespace keyshift::domain
