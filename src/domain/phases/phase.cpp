// SPDX-License-Identifier: Apache-2.0
#include "domain/phases/phase.hpp"

#include <algorithm>

namespace keyshift::domain {
namespace {

constexpr std::array<std::string_view, kPhases.size()> kNames{
    "pending", "dormant",  "issued",   "overlap", "drained",       "quarantined",
    "expired", "stranded", "upgraded", "retired", "retired_in_use"};

constexpr std::array<std::string_view, kPhases.size()> kMeanings{
    "no new key is in use yet",
    "unused for long: ask the owner, then block",
    "a new key was made and is not in use",
    "both keys are in use: the switch is incomplete",
    "replaced and no longer used: block or delete",
    "blocked: wait, then delete",
    "cannot authenticate any more: delete",
    "was in use when its format stopped working: clients fail now",
    "has a lookup hash now",
    "deleted",
    "deleted or upgraded while in use: someone is probably locked out"};

}  // namespace

std::string_view phase_name(Phase phase) {
    return kNames.at(static_cast<std::size_t>(phase));
}

std::string_view phase_meaning(Phase phase) {
    return kMeanings.at(static_cast<std::size_t>(phase));
}

std::optional<Phase> parse_phase(std::string_view name) {
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return std::nullopt;
    return kPhases.at(static_cast<std::size_t>(found - kNames.begin()));
}

std::string_view mode_name(FallbackMode mode) {
    if (mode == FallbackMode::present) return "present";
    return mode == FallbackMode::absent ? "absent" : "unknown";
}

base::Duration drain_window(base::Duration longest_gap, base::Duration drain) {
    return std::max(drain, 3 * longest_gap);
}

base::Duration idle(const KeyFacts& key, base::Time now) {
    return now - key.last_used_at.value_or(key.created_at);
}

bool is_idle(const KeyFacts& key, const Windows& windows, base::Time now) {
    return idle(key, now) > std::min(windows.dormant, drain_window(key.longest_gap, windows.drain));
}

bool is_active(const KeyFacts& key, const Windows& windows, base::Time now) {
    return key.last_used_at && *key.last_used_at > now - drain_window(key.longest_gap, windows.drain);
}

Phase live_phase(const KeyFacts& key, const Fallback& fallback, const Windows& windows, base::Time now) {
    const bool absent = fallback.mode == FallbackMode::absent;
    const bool replaced = key.replacement == Replacement::used;
    const bool active = is_active(key, windows, now);
    if (key.blocked) return Phase::quarantined;
    if (key.expired || key.over_budget) return Phase::expired;
    if (absent && (!replaced || key.beside) && key.last_used_at &&
        *key.last_used_at > fallback.absent_since - windows.drain)
        return Phase::stranded;
    if (!absent && replaced && active) return Phase::overlap;
    if (replaced) return Phase::drained;
    if (key.replacement == Replacement::unused && active) return Phase::issued;
    if (idle(key, now) > windows.dormant || (key.acknowledged && is_idle(key, windows, now)))
        return Phase::dormant;
    return Phase::pending;
}

bool was_in_use(Phase last_phase, bool active) {
    switch (last_phase) {
        case Phase::stranded:
            return true;
        case Phase::pending:
        case Phase::issued:
        case Phase::overlap:
            return active;
        default:
            return false;
    }
}

Phase gone_phase(const Departure& departure, base::Time now) {
    if (departure.upgraded && departure.proved) return Phase::upgraded;
    const bool moved = departure.replacement_used_at && *departure.replacement_used_at > departure.gone_at &&
                       (!departure.beside || departure.quiet);
    const bool settled = moved || departure.acknowledged || now - departure.gone_at >= kLockoutWatch;
    return departure.in_use && !settled ? Phase::retired_in_use : Phase::retired;
}

}  // namespace keyshift::domain
