// SPDX-License-Identifier: Apache-2.0
// Finds out whether the gateway still accepts legacy keys. In one that does not, last_used_at of legacy keys
// stands still, so that a client which is locked out looks like one that has moved. Pure; time is a
// parameter.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "domain/counts/refused_keys.hpp"
#include "domain/phases/phase.hpp"

namespace keyshift::domain {

/// What others than the key table tell.
struct CountedFallback {
    std::optional<base::Time> scans_grew_at;      ///< full-scan statements, in vain or not, last growth
    bool scans_measured = false;                  ///< scans are proved evidence, and lookups show
    std::optional<base::Time> not_found_grew_at;  ///< lookups that found nothing, last growth
    std::optional<base::Time>
        fallback_counted_at;  ///< a use of the fallback, scans in vain left out, last growth
    std::optional<base::Time> canary_accepted_at;  ///< the canary legacy key was answered 200
    std::optional<base::Time> canary_refused_at;   ///< ... 401
    RefusedKeys refused_keys;
};

/// Times by the gateway database's clock, as near as is known. What is empty was not seen or cannot be.
struct FallbackEvidence : CountedFallback {
    std::optional<base::Time> modern_use_began;  ///< no later than any use of a modern key that is known
    std::optional<base::Time> newest_modern_use;
    std::optional<base::Time> newest_legacy_use;
    std::optional<base::Time> newest_legacy_use_before_modern;  ///< at or before modern_use_began
    /// Legacy keys that could still be in use (not blocked, expired or replaced by a used key), whose last
    /// use is at most the drain window older than the newest one, and that have been silent for longer than
    /// three times the longest gap seen of them: while there are none, silence is explained.
    std::uint64_t silent_without_reason = 0;
    std::optional<base::Time>
        newest_upgrade;  ///< when a legacy key was found with a lookup hash, in the same row
    /// The gateway is known to upgrade a legacy key when it is used. Then an upgrade is a use of the
    /// fallback, and silence says nothing of those that are left. Otherwise an upgrade may be what its owner
    /// has done.
    bool promotes_in_place = false;
};

/// The mode with what it rests on. Kept in the state.
struct FallbackState {
    FallbackMode mode = FallbackMode::unknown;
    base::Time since;  ///< when this mode was found out
    base::Time
        absent_since;      ///< Tc: as near as is known, when legacy keys stopped working; mode `absent` only
    std::string evidence;  ///< for people: one sentence without a full stop

    Fallback rules_view() const { return {mode, absent_since}; }
};

/// The mode after `before`. Evidence of presence counts for as long as `windows.drain`; the newest evidence
/// wins; silence proves nothing as long as it is explained, and a mode once found stays until there is
/// evidence against it.
FallbackState detect_fallback(const FallbackState& before, const FallbackEvidence& evidence,
                              const Windows& windows, base::Time now);

/// The mode that counts: `detected`, unless the configuration asserts one.
struct FallbackJudgement {
    FallbackState state;
    bool asserted = false;
    bool contradicted = false;  ///< evidence says the opposite of what is asserted
};
FallbackJudgement with_assertion(const FallbackState& detected, FallbackMode asserted,
                                 const FallbackEvidence& evidence);

}  // namespace keyshift::domain
