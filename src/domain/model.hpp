// SPDX-License-Identifier: Apache-2.0
// Everything the daemon knows and shows. It is used on the loop thread and changes only when a cycle of a
// source has been completed; /metrics is rendered from it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/counts/log_facts.hpp"
#include "domain/evidence/evidence.hpp"
#include "domain/ledger/ledger.hpp"
#include "domain/marks/effect.hpp"
#include "domain/progress/forecast.hpp"
#include "domain/progress/inventory.hpp"
#include "domain/verdict/verdict.hpp"

namespace keyshift::domain {

/// The source cannot be read because something was never set up: an extension, a right.
bool is_missing_prerequisite(base::Errc code);

/// How polling one source goes.
struct SourceStatus {
    /// Why a poll can fail: the values of the label `reason`.
    static constexpr std::array<base::Errc, 7> kReasons{
        base::Errc::connect, base::Errc::auth,  base::Errc::permission, base::Errc::timeout,
        base::Errc::schema,  base::Errc::parse, base::Errc::other};

    bool implicit = false;   ///< it comes along with another one: nobody has asked for it by name
    std::optional<bool> up;  ///< the last poll succeeded; empty before the first one ended
    std::optional<base::Time> last_success_at;    ///< the source's clock
    std::optional<base::Time> observation_start;  ///< the first success ever
    std::map<base::Errc, std::uint64_t> errors;   ///< since observation began, by reason
    std::uint64_t polls = 0;                      ///< since the start
    /// Why the source, which nobody has asked for by name, cannot be read here, and how to change that;
    /// empty: it can, or it is missed.
    std::string not_measured;
    /// Why the last poll failed, and what to do about it; empty: it succeeded.
    std::string failure;

    /// A poll has succeeded at `taken_at` of the source's clock.
    void succeed(base::Time taken_at);
    enum class Failure { counted, not_measured };
    /// A poll has failed. An implicit source that was never read, and lacks what was never set up, is not
    /// measured, and not missed.
    Failure fail(const base::Error& error);
    /// What is not a source's own reason counts as `other`.
    void add_error(base::Errc code);
};

/// Counters that survive restarts.
struct Totals {
    std::uint64_t legacy_keys_created = 0;
    std::uint64_t legacy_uses_observed = 0;
    std::uint64_t table_changes = 0;  ///< the key table was another one than at the poll before
    PhaseCounts transitions{};        ///< by the phase entered
};

/// What the polls of the key table have come to.
struct Migration {
    base::Time polled_at;         ///< the data of the last poll are as of then, by the database's clock
    base::Time clock_at;          ///< the database's clock at the last poll: later, where a standby is behind
    base::Duration poll_every{};  ///< how far apart polls really are
    /// Since when the database's clock can be relied on: the first poll, or when it was last set.
    std::optional<base::Time> observed_since;
    Tally tally;  ///< its phases add up to the baseline
    FallbackEvidence evidence;
    FallbackState detected;  ///< without what the configuration asserts
    std::optional<base::Time> newest_legacy_created_at;
    /// Since when last_used_at is proved evidence (S6): a legacy key's last use was seen to advance, or lies
    /// after the creation of the first modern key. Empty: it is not.
    std::optional<base::Time> last_used_proved_at;
    std::optional<base::Time> census_at;  ///< the last census: its rows are as of then
    std::uint64_t upgrades_by_use = 0;    ///< upgrades that came with the key's own use
    std::optional<base::Time> last_removal;
    std::uint64_t live_before = 0;  ///< see ProgressFacts
    Forecast forecast;
};

/// The database's clock was set back, if times of earlier polls lie in its future. They would stay the newest
/// for ever, and hold the verdict up until then: what speaks against SAFE counts as `now`, what speaks for it
/// is not known any more.
void forget_future(Migration& known, base::Time now);

/// What the configuration says about how to judge.
struct Policy {
    Windows windows;
    InventoryPolicy inventory = InventoryPolicy::lenient;
    FallbackMode asserted = FallbackMode::unknown;  ///< unknown: nothing is asserted
    std::optional<base::Time> start;  ///< of the migration; empty: the oldest modern key's creation
    std::optional<base::Time> deadline;
    double failure_budget = 0.01;  ///< so large a share of failed authentications is always normal
    bool uses_recorded = true;     ///< the key table tells when a key was last used
    base::Duration last_used_delay = std::chrono::hours{1};  ///< how late the gateway may write a last use
    base::Duration quiet_period = std::chrono::hours{24};    ///< nobody may use a modern key for so long
    bool promotes_in_place = false;  ///< the gateway upgrades a legacy key when it is used
    std::string canary;              ///< id of a key that is keyshift's own and left out; empty: none
    std::map<std::string, Events> measurable;  ///< by configured source: what it might count
    KnownSources known_sources;                ///< not of the file: what the program knows of each source

    bool operator==(const Policy&) const = default;
};

/// What requests of our own were answered, each time the newest.
struct ProbeAnswers {
    std::optional<base::Time> refused_at;   ///< a request without credentials was refused
    std::optional<base::Time> accepted_at;  ///< ... was let in: authentication is not enforced
    std::optional<base::Time> canary_accepted_at;
    std::optional<base::Time> canary_refused_at;
};

inline constexpr const char* kProbeSource = "probe";

/// What is there now, as opposed to what was counted.
struct Gauges {
    std::map<std::string, std::uint64_t> cache_entries;  ///< by the label `cache`
    std::map<std::string, bool> gateways_up;             ///< by target
    /// Different clients that failed within the last hour, by the label `reason`.
    std::map<std::string, std::uint64_t> failing_clients = {};
};

/// How far a log has been read, and what its lines were.
struct LogStatus {
    LogLines lines;                 ///< since the first line ever read
    std::uint64_t lag_bytes = 0;    ///< known to be there and not read yet
    bool read_since_start = false;  ///< by this process: what is saved may be less than was shown before
};

/// A legacy key that is shown by itself.
struct KeySeries {
    std::string id, name, prefix, owner;  ///< empty: none
    Phase phase{};
    std::optional<base::Time> last_used_at = {};
};
inline constexpr std::size_t kMostKeySeries = 200;

/// How long the key table has been polled without a stop; database's clock. Saved, so that a restart is none.
struct Watch {
    base::Time since;
    base::Time until;                ///< the last poll
    base::Duration poll_every = {};  ///< how far apart polls really are
};

/// The watch after a poll at `at`. It goes on if it was not interrupted for longer than 15 minutes, or three
/// polls where these are further apart; else, and when the clock was set back, it begins there.
Watch watch_after(const std::optional<Watch>& before, base::Time at, base::Duration poll_every);

/// A legacy key that a poll has found in another phase than before.
struct PhaseChange {
    std::string key;  ///< its id
    Phase was{};
    Phase phase{};
};
/// Those of one poll.
struct PhaseChanges {
    static constexpr std::size_t kMostNamed = 20;
    std::vector<PhaseChange> named;  ///< the first ones
    std::uint64_t count = 0;         ///< of all of them

    void add(PhaseChanges others);
};

/// What a poll of the key table came to: one value from the journal to whoever shows it.
struct KeyPoll {
    Inventory inventory;
    Migration migration;
    Totals totals;
    std::vector<KeySeries> key_series;       ///< only where configuration wants them
    PhaseChanges phase_changes;              ///< that were saved, so that no later poll finds them again
    Policy judged_by;                        ///< phases and tally are by it
    std::optional<base::Error> state_error;  ///< the numbers are right, but were not saved: found again later
};

/// Events and changed verdicts, by what became of them on their way to the operator's webhook. Saved, so that
/// they go on over restarts.
struct Notifications {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;   ///< refused by the receiver, or given up
    std::uint64_t dropped = 0;  ///< too many at once: a number told of them, or nothing
    bool operator==(const Notifications&) const = default;
};

struct Model {
    std::optional<KeyPoll> keys;  ///< empty before the first census; kept while the source is down
    Totals saved_totals;          ///< as of the last poll before `keys`
    Policy policy;
    Evidence evidence;
    ProbeAnswers probe;
    base::Duration skew{};       ///< this host's clock minus the gateway database's
    std::optional<Watch> watch;  ///< empty: no poll of the key table was ever saved
    Gauges gauges;
    MarkSummary marks;                            ///< what operators said of brownouts and the cutover
    std::map<std::string, SourceStatus> sources;  ///< by the collector's type
    std::map<std::string, LogStatus> logs;        ///< those of them that are logs
    Notifications notifications;
    std::uint64_t state_size_bytes = 0;
    std::optional<base::Time> state_begun_at;  ///< when the history in the state file begins
    std::string state_begun_because;           ///< empty, or why it is not the history of before
    base::Time config_loaded_at;               ///< when a valid configuration was last read
    bool config_valid = true;                  ///< when it was last read, valid or not

    const Totals& totals() const { return keys ? keys->totals : saved_totals; }
    std::optional<base::Time> migration_start() const {
        if (policy.start || !keys) return policy.start;
        return keys->inventory.oldest_modern_created_at;
    }
};

/// As the sources that count failures stand.
std::vector<FailureCounts> failure_counts(const Model& model);

/// Since when the watch of the key table has had no gap, up to `now` of the database's clock; empty: it has
/// one at this moment.
std::optional<base::Time> watched_since(const Model& model, base::Time now);

/// The skew from now on, where `measured` is what a poll has found: what is within noise changes nothing, so
/// that times which are translated by it stand still.
base::Duration skew_after(base::Duration known, base::Duration measured);
/// `measured` was found at `host_now`. Where this host's clock was set forward, what it timed before would
/// seem older than it is by the database's: those times go along, up to now. Where it was set back they seem
/// newer, which is the safe side, since it may be the database's clock that was set forward.
void set_skew(Model& model, base::Duration measured, base::Time host_now);
/// The one way from this host's clock to the database's, by which everything is judged that is compared with
/// rows: polls, decisions, the verdict.
base::Time database_now(const Model& model, base::Time host_now);
std::optional<base::Time> database_time(const Model& model, std::optional<base::Time> host_time);
/// Back again, for what is counted by this host's clock.
base::Time host_time(const Model& model, base::Time database_time);

}  // namespace keyshift::domain
