// SPDX-License-Identifier: Apache-2.0
// Between the compact slot of a key and the facts that the rules ask for. Pure. Kept inside src/domain.
#pragma once

#include <algorithm>

#include "base/time.hpp"
#include "domain/ledger/key_table.hpp"
#include "domain/phases/phase.hpp"

namespace keyshift::domain {

/// Rounded down; at least 1, so that 0 can mean "never".
inline std::uint32_t to_seconds(base::Time t) {
    const auto count = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 1, UINT32_MAX));
}

inline base::Time from_seconds(std::uint32_t seconds) {
    return base::Time{std::chrono::seconds{seconds}};
}

/// The latest that the slot's last use (or creation) can have been: a key must not look idle too early.
inline base::Time latest_reference(const KeySlot& slot) {
    return from_seconds(slot.reference) + std::chrono::microseconds{999'999};
}

inline KeyFacts facts(const KeySlot& slot) {
    KeyFacts facts;
    facts.created_at = latest_reference(slot);
    if (slot.used != 0) facts.last_used_at = facts.created_at;
    facts.longest_gap = std::chrono::seconds{slot.longest_gap};
    facts.blocked = slot.blocked != 0;
    facts.expired = slot.expired != 0;
    facts.over_budget = slot.over_budget != 0;
    if (slot.rule != 0)
        facts.replacement = slot.replacement_used != 0 ? Replacement::used : Replacement::unused;
    facts.beside = slot.beside != 0;
    facts.acknowledged = slot.acknowledged != 0;
    return facts;
}

}  // namespace keyshift::domain
