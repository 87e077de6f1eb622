// SPDX-License-Identifier: Apache-2.0
// What the sources have counted, and the three headline signals made of it: the same event can be seen by
// several sources, so each signal follows the best evidence at hand and continues from its value when the
// evidence changes. Pure; time is a parameter. Times are this host's.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/counts/event.hpp"
#include "domain/evidence/ground.hpp"
#include "domain/evidence/pending_scans.hpp"
#include "domain/evidence/proof.hpp"
#include "domain/evidence/source_traits.hpp"
#include "domain/evidence/use_match.hpp"

namespace keyshift::domain {

/// What was not read for that many polls is stale.
inline constexpr int kPollsUntilStale = 3;

/// What one source has counted since it was first read.
struct SourceCounts {
    PerEvent<std::int64_t> sums{};  ///< weighted sums of growth, keyshift's own requests included
    /// What keyshift's probe has caused, to be left out. What the source has not counted two complete polls
    /// later it never will: that is taken back, or it would hide as many of what others cause.
    PerEvent<std::int64_t> own{};
    PerEvent<std::int64_t> own_new{};   ///< part of `own`: no complete poll since; not saved
    PerEvent<std::int64_t> own_late{};  ///< ... one since, which did not show it; not saved
    /// The sums of cache hits at the two polls before, the later one first: a difference of counters that are
    /// not read at one moment may be too high for a while, but hardly three times in a row. Not saved.
    std::array<std::int64_t, 2> hits_before{};
    /// The highest that sum - own has been: what is shown. Of `fallback`: with scan_hits.
    PerEvent<std::uint64_t> totals{};
    PerEvent<std::optional<base::Time>> grew_at{};  ///< when a total last grew, as far as is known
    Events countable;                               ///< what it can count here
    std::uint64_t resets = 0;
    /// Since when nothing can have been missed: no reset, no gap of more than kGap. Empty: never complete.
    std::optional<base::Time> counted_since;
    std::optional<base::Time> read_at;      ///< last success
    std::optional<base::Time> complete_at;  ///< last time that all its instances were read
    std::vector<std::string> missing = {};  ///< instances that did not answer at the last success
    base::Duration poll_every{};
    std::optional<base::Time> restored_at = {};  ///< read back from the state; not saved
    Proof proof = {};                            ///< that it can count uses of the fallback
    PendingScans scans = {};                     ///< those that are not known to be hits or in vain
    std::uint64_t scan_hits = 0;                 ///< scans that were hits
    /// When what it had counted since the poll before was last lost for good: a reset, an eviction, a
    /// restart.
    std::optional<base::Time> lost_at = {};
    std::string left_out = {};  ///< Ground::left_out of the last poll; not saved
    /// What the headline of hits has counted and this source is still to tell, or the other way round, while
    /// the headline's evidence is another one; not saved.
    UseMatch beside = {};
    std::uint64_t hits_followed = 0;  ///< of its hits, as many are in `beside` or in the headline; not saved

    /// Read recently; three polls without success are too many, if they take two seconds. A time further
    /// ahead than that is of a clock that has been set since.
    bool fresh(base::Time now) const;
    /// ... and nothing was missing.
    bool complete(base::Time now) const;
};

/// A longer time without a complete poll breaks coverage, unless polls are that far apart.
inline constexpr base::Duration kGap = std::chrono::minutes{15};

/// What one poll of a source came to.
struct Poll {
    PerEvent<std::int64_t> growth{};
    PerEvent<std::int64_t> own{};        ///< part of `growth`, known to be of keyshift's own requests
    PerEvent<std::int64_t> in_flight{};  ///< what keyshift may be causing at this moment
    Events countable;
    std::uint64_t resets = 0;
    bool lossy = false;  ///< what was counted between the last poll and this one may be lost for good
    std::vector<std::string> missing = {};
    base::Duration poll_every{};
    Ground ground = {};
    base::Duration idle = kIdleGround;  ///< nobody may call the gateway for so long
};
/// Whoever counts scans counts hits by them, see settle_scans().
void record_poll(SourceCounts& counts, const Poll& poll, base::Time now);
/// keyshift itself has caused `event`, once.
void add_own(SourceCounts& counts, Event event);
/// `counts` were read back from the state.
void restore(SourceCounts& counts, base::Time now);
/// The key table was polled, or time has passed: what the scans that waited have been. Returns those in vain.
std::uint64_t settle_scans(SourceCounts& counts, const LegacyUse& use, base::Time now);

/// Growth of a few totals by hour, for what has to be said of a window.
class Hourly {
 public:
    using Hours = std::map<std::int64_t, std::uint64_t>;  ///< hours since the epoch

    void add(std::string_view name, base::Time at, std::uint64_t by);
    /// Growth after `since`, the hour of it included in full.
    std::uint64_t since(std::string_view name, base::Time since) const;
    /// Where the hour of `since` begins: what since() counts from.
    static base::Time hour_begin(base::Time since);
    /// From the hour of `from` to that of `until`, which is not included.
    std::uint64_t between(std::string_view name, base::Time from, base::Time until) const;
    void forget_before(base::Time until);

    std::map<std::string, Hours, std::less<>>& series() { return series_; }
    const std::map<std::string, Hours, std::less<>>& series() const { return series_; }

 private:
    std::map<std::string, Hours, std::less<>> series_;
};
/// Beside these, each event of the cache and each failure has a series by its own name (event_name()).
inline constexpr const char* kHourlyFallback = "fallback";
inline constexpr const char* kHourlyFailures = "auth_failures";  ///< whatever they are
/// Failures of whoever presented a key and was not held back, and all such attempts.
inline constexpr const char* kHourlyFailed = "failed_attempts";
inline constexpr const char* kHourlyAttempts = "attempts";
inline constexpr const char* kHourlyUnknownKeys = "unknown_keys";

/// One headline signal's choice.
struct Headline {
    std::string evidence;             ///< a source's name or kLastUsed; empty: none yet
    PerEvent<std::uint64_t> marks{};  ///< that evidence's totals as far as they are in the headline
    /// Since when another one has counted, and this one, which comes before it, has not.
    std::optional<base::Time> overtaken_at = {};
};

/// Whether the gateway goes on writing last uses.
struct LastUseWatch {
    std::optional<base::Time> newest = {};  ///< of any key, by the database's clock
    /// Since when other sources show uses, and none was written.
    std::optional<base::Time> unwritten_since = {};
    std::optional<base::Time> stood_still_at = {};  ///< when that was last found to be too long
};

struct Evidence {
    std::map<std::string, SourceCounts> sources;  ///< by the collector's type
    std::array<Headline, kSignalCount> headlines;
    PerEvent<std::uint64_t> totals{};  ///< of the headline signals' events
    Hourly hourly;
    std::uint64_t table_changes = 0;  ///< what was counted covers from the last of so many on, see Totals
    UseMatch match = {};              ///< not saved
    /// Of the uses that polls of the key table have seen, as many are in the headline; empty: none was known.
    std::optional<std::uint64_t> uses_mark = {};
    std::optional<base::Time> uses_polled_at = {};  ///< the poll that uses_mark is of; not saved
    /// When a use was last missed by `contradicted`, the headline's evidence at that time.
    std::optional<base::Time> contradicted_at = {};
    std::string contradicted = {};
    LastUseWatch last_use = {};

    const Headline& of(Signal signal) const { return headlines.at(static_cast<std::size_t>(signal)); }
};

/// What is known of sources beside what they have counted. It refers to both.
struct Sources {
    const KnownSources& known;
    const std::map<std::string, Events>& measurable;  ///< of the configured ones: what they might count
};

/// After a source was polled, or time has passed: chooses the evidence of each signal, in the order of
/// evidence_order() but what has counted something before what has not, and lets the headlines grow.
/// `last_used`: uses of legacy keys that polls of the key table have seen; empty: not known. All that a
/// signal's first evidence has counted counts; when the evidence changes, the headline is raised to what the
/// new one has counted in all, which is never twice the same. After a restart the evidence used before has
/// three polls to come back. Where a configured source may count a signal's events, an upper bound is no
/// evidence of it: a counter never gives back what was too much.
void update_headlines(Evidence& evidence, const Sources& sources, std::optional<std::uint64_t> last_used,
                      base::Time now);

/// What the last poll of the key table has seen of uses of legacy keys.
struct SeenUses {
    std::uint64_t uses = 0;         ///< in all
    base::Time polled_at;           ///< by this host's clock
    base::Duration poll_every{};    ///< how far apart polls are
    base::Duration written_late{};  ///< how late the gateway may write a use
};
/// After update_headlines(): raises the headline of hits to this lower bound, and notes where the evidence
/// has missed uses. What is merely counted later, or was counted earlier, is neither.
void follow_uses(Evidence& evidence, const SeenUses& seen, base::Time now);
/// After a start: hits of the last hours may stand for uses that the next polls see.
void remember_hits(Evidence& evidence, base::Time now);
/// The evidence of hits has missed uses within `window`.
bool is_contradicted(const Evidence& evidence, base::Duration window, base::Time now);

}  // namespace keyshift::domain
