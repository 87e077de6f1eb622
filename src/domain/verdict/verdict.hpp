// SPDX-License-Identifier: Apache-2.0
// "May the fallback be removed?": thirteen checks and what they come to. Pure; time is a parameter. Missing
// data is never a pass.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/phases/fallback_mode.hpp"
#include "domain/phases/phase.hpp"
#include "domain/progress/progress.hpp"

namespace keyshift::domain {

/// The values are the exit codes of `keyshift verdict`.
enum class Verdict : std::uint8_t {
    safe = 0,
    not_yet = 1,  ///< time alone may change that
    unsafe = 2,   ///< something must be done first
    unknown = 3,  ///< a required check has no data
};
/// "SAFE", "NOT_YET", "UNSAFE", "UNKNOWN".
std::string_view verdict_name(Verdict verdict);

enum class Check : std::uint8_t {
    auth_enforced,
    gateway_in_use,
    sources_fresh,
    coverage,
    no_live_use,
    no_fallback_hits,
    no_new_legacy,
    none_stranded,
    none_retired_in_use,
    failures_normal,
    inventory,
    dormant_acknowledged,
    fallback_mode,
};
inline constexpr std::size_t kCheckCount = 13;
/// The value of the label `check`.
std::string_view check_name(Check check);

enum class InventoryPolicy : std::uint8_t { lenient, strict };

/// Legacy keys that were used, or created, within their drain window.
struct LiveUse {
    std::uint64_t keys = 0;
    std::uint64_t unswitched = 0;        ///< ... of them in overlap, issued or pending
    std::optional<base::Time> quiet_at;  ///< latest last use (or creation) + Wk of all live legacy keys
};

/// One evidence of uses of the fallback: a source that counts them, or the key table.
struct FallbackWitness {
    std::string name;
    bool proved = false;        ///< it has shown that it can count them, and still can (DESIGN 15, S6)
    std::string unproved = {};  ///< why it is not proved, a clause; empty: it has never counted one
    bool answers = true;        ///< all of it could be read at the last poll, which was recently
    bool by_key_table = false;  ///< it sees a use as late as the gateway writes it
    std::optional<base::Time> covered_since = {};  ///< proved, and nothing was missed since then
    std::optional<base::Time> last_hit = {};
    /// When it last lost for good what it had counted.
    std::optional<base::Time> lost_at = {};
    std::string left_out = {};  ///< what the configuration keeps out of its counts, see Ground
};

struct FallbackWatch {
    std::vector<FallbackWitness> witnesses;  ///< the best first
    /// Growth of the headline since `hours_from`; 0 where the drain window, which begins later, has no hit.
    std::uint64_t within_window = 0;
    base::Time hours_from = {};               ///< hits are remembered by the hour: where the first one begins
    std::optional<base::Time> last_hit = {};  ///< that any source saw, configured or not
    /// Scans are counted as hits, and nothing tells those for a legacy key from those in vain.
    bool of_scans = false;
    std::optional<base::Time> unclassified_at = {};  ///< a statement that may be the fallback last ran
    std::string unclassified = {};                   ///< which, and what to do about it; empty: there is none

    bool any_proved() const;
};

/// When modern keys were last used, by the best evidence at hand.
struct ModernUse {
    std::optional<base::Time> at;
    std::string by = {};  ///< for people: "a last use", "a lookup that found a key"
};

struct AuthFailures {
    double ratio = 0;            ///< of all attempts of the window
    double normal = 0;           ///< what is normal at most
    base::Duration window{};     ///< 24 h, or as much longer as it took to have enough attempts
    std::uint64_t attempts = 0;  ///< with a key, and not held back
    bool enough = false;         ///< attempts, to speak of a share
    base::Time since = {};       ///< attempts are remembered by the hour: where the first one begins
};

/// All that the checks read, by the database's clock. A part that needs a source which is not configured
/// is empty, and so is one whose source has not given it yet: `..._configured` says which.
struct VerdictFacts {
    // The key table's source.
    bool keys_up = false;
    std::string keys_failure;                ///< why the last poll failed, and what to do about it
    std::optional<base::Time> keys_read_at;  ///< last success
    std::optional<base::Time> census_at;     ///< the last census: its rows are as of then
    base::Duration poll_every{};             ///< how far apart polls really are
    base::Duration standby_behind{};         ///< so much earlier than the clock are the data of the last poll
    bool reconfigured = false;               ///< phases and tally are by another configuration
    std::optional<base::Time> observed_since;  ///< last uses are known since then, also over stops
    std::optional<base::Time> watched_since;   ///< polled without a stop since then; empty: not polled

    bool uses_recorded = true;                    ///< the key table tells when a key was last used
    std::optional<base::Time> newest_use;         ///< of any key, legacy or modern
    std::optional<base::Time> probe_refused_at;   ///< a request without credentials was refused
    std::optional<base::Time> probe_accepted_at;  ///< ... was let in

    PhaseCounts phases{};
    std::uint64_t upgraded_unused = 0;  ///< of those retired in use: upgraded, and not used since
    std::uint64_t modern_keys = 0;
    LiveUse live_use;
    std::optional<base::Time> newest_legacy_created_at;
    std::uint64_t legacy_keys = 0;
    std::uint64_t short_hashes = 0;           ///< of modern keys: they may be placeholders of legacy ones
    std::uint64_t drained_by_owner_only = 0;  ///< drained, matched by rule 3, neither paired nor acked
    std::uint64_t dormant_unacknowledged = 0;
    std::uint64_t dormant_blocked_recently = 0;  ///< would be dormant, blocked for less than W, not acked
    std::optional<base::Time> blocked_long_enough_at;  ///< the last of all, also when it is past
    FallbackJudgement fallback;

    ModernUse modern_use;
    base::Duration quiet_period = std::chrono::hours{24};  ///< nobody may use a modern key for so long
    FallbackWatch fallback_watch;
    base::Duration last_used_delay = std::chrono::hours{1};  ///< how late the gateway may write a use
    std::string failures_by;  ///< who could count them, by the configuration; empty: nobody
    std::optional<AuthFailures> failures;

    Windows windows;
    InventoryPolicy inventory = InventoryPolicy::lenient;
};

enum class CheckOutcome : std::uint8_t { pass, not_yet, unsafe, unknown, not_measured };
/// "pass", "NOT_YET", "UNSAFE", "UNKNOWN", "not measured".
std::string_view outcome_name(CheckOutcome outcome);

struct CheckResult {
    Check check = Check::auth_enforced;
    CheckOutcome outcome = CheckOutcome::unknown;
    std::string evidence;                 ///< for people: one sentence without a full stop
    std::optional<base::Time> passes_at;  ///< when time alone will have mended it, if that can be said
};

struct Judgement {
    Verdict verdict = Verdict::unknown;
    std::array<CheckResult, kCheckCount> checks;  ///< in the order of Check
    /// Latest of each legacy key's last use + Wk, the last fallback hit + W, and when the watch covers W.
    /// Exact for what is known now. Empty before observation began, and while no evidence is proved.
    std::optional<base::Time> earliest_safe;
    bool awaits_census = false;  ///< nothing but a later census is missing for SAFE

    const CheckResult& operator[](Check check) const { return checks.at(static_cast<std::size_t>(check)); }
    /// The checks that no configured source can measure.
    std::vector<Check> not_measured() const;
};

/// UNKNOWN while the key table's numbers are not fresh; else UNSAFE if a check says so, else UNKNOWN, else
/// NOT_YET, else SAFE.
Judgement judge(const VerdictFacts& facts, base::Time now);

}  // namespace keyshift::domain
