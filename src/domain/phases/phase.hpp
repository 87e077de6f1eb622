// SPDX-License-Identifier: Apache-2.0
// Where a legacy key stands in the migration: the eleven phases and the rules that give them. Pure functions
// of what is known of one key; time is a parameter. Safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::domain {

enum class Phase : std::uint8_t {
    pending,         ///< no new key is in use yet
    dormant,         ///< unused for long: ask the owner, then block
    issued,          ///< a new key was made and is not in use yet
    overlap,         ///< both keys are in use
    drained,         ///< the replacement is used, the old key no longer: ready to block or delete
    quarantined,     ///< blocked, which can be undone
    expired,         ///< cannot authenticate any more
    stranded,        ///< was in use when its format stopped working: clients fail now
    upgraded,        ///< gone: the same key has a lookup hash now, and its holder uses it
    retired,         ///< gone, and nobody misses it
    retired_in_use,  ///< gone while in use, or upgraded and not used since: someone is probably locked out
};
inline constexpr std::array<Phase, 11> kPhases{Phase::pending, Phase::dormant,       Phase::issued,
                                               Phase::overlap, Phase::drained,       Phase::quarantined,
                                               Phase::expired, Phase::stranded,      Phase::upgraded,
                                               Phase::retired, Phase::retired_in_use};

/// The value of the label `phase`.
std::string_view phase_name(Phase phase);
/// What it means and asks for, in a few words.
std::string_view phase_meaning(Phase phase);
std::optional<Phase> parse_phase(std::string_view name);
/// The key's row is still there and has no lookup hash.
constexpr bool is_live(Phase phase) {
    return phase < Phase::upgraded;
}
/// Those in which somebody is locked out, or probably.
inline constexpr std::array<Phase, 2> kLockedOut{Phase::stranded, Phase::retired_in_use};
constexpr bool is_locked_out(Phase phase) {
    return phase == kLockedOut[0] || phase == kLockedOut[1];
}

/// Does the gateway still accept legacy keys?
enum class FallbackMode : std::uint8_t { unknown, present, absent };
inline constexpr std::array<FallbackMode, 3> kFallbackModes{FallbackMode::present, FallbackMode::absent,
                                                            FallbackMode::unknown};
std::string_view mode_name(FallbackMode mode);

struct Windows {
    base::Duration drain = std::chrono::hours{24 * 7};     ///< W
    base::Duration dormant = std::chrono::hours{24 * 30};  ///< D

    bool operator==(const Windows&) const = default;
};

/// How a legacy key's replacement is doing.
enum class Replacement : std::uint8_t { none, unused, used };

/// What the rules ask of a key whose row is there.
struct KeyFacts {
    base::Time created_at;
    std::optional<base::Time> last_used_at;
    base::Duration longest_gap{};  ///< between two advances of last_used_at; zero before there were two
    bool blocked = false;
    bool expired = false;  ///< expires_at has passed
    bool over_budget = false;
    Replacement replacement = Replacement::none;
    /// It was used after a use of its replacement: then at least two clients have it, and the use of the
    /// replacement proves that one of them has moved.
    bool beside = false;
    bool acknowledged = false;  ///< an operator has asked the owner, while it was idle
};

/// The gateway as the rules see it.
struct Fallback {
    FallbackMode mode = FallbackMode::unknown;
    base::Time absent_since;  ///< Tc; only where the mode is `absent`
};

/// Wk: as long as `drain`, or three times the key's longest gap where that is longer, so that a monthly job
/// is not taken for drained after a week.
base::Duration drain_window(base::Duration longest_gap, base::Duration drain);
/// Time since the last use, or since the creation of a key that was never used.
base::Duration idle(const KeyFacts& key, base::Time now);
/// Used within its own drain window; a use exactly that old is outside.
bool is_active(const KeyFacts& key, const Windows& windows, base::Time now);
/// Whether an operator's word that nobody needs the key is to be believed: nobody was seen to need it for as
/// long as it takes to be drained, or to be dormant.
bool is_idle(const KeyFacts& key, const Windows& windows, base::Time now);
/// The first rule that matches.
Phase live_phase(const KeyFacts& key, const Fallback& fallback, const Windows& windows, base::Time now);

/// How long a deletion in use is worth an alarm.
inline constexpr base::Duration kLockoutWatch = std::chrono::hours{24 * 30};

/// Whether the row that has gone was needed, by what was known when it was last seen.
bool was_in_use(Phase last_phase, bool active);

/// What the rules ask of a key whose row has gone.
struct Departure {
    bool upgraded = false;  ///< the row is there, with a lookup hash
    /// ... which its holder's key has: the gateway made it when the key was used, or the key was used since.
    bool proved = false;
    bool in_use = false;  ///< was_in_use()
    bool beside = false;  ///< KeyFacts::beside
    bool quiet = false;   ///< is_quiet(): no more unknown keys are refused than before it went
    base::Time gone_at;   ///< when it was noticed
    std::optional<base::Time> replacement_used_at;
    bool acknowledged = false;
};
Phase gone_phase(const Departure& departure, base::Time now);

}  // namespace keyshift::domain
