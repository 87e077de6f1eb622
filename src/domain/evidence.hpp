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
#include "domain/event.hpp"
#include "domain/ground.hpp"

namespace keyshift::domain {

/// The evidence that is no source of its own: growth of last_used_at, a lower bound of fallback hits.
inline constexpr const char* kLastUsed = "last_used";

/// What one source has counted since it was first read.
struct SourceCounts {
    PerEvent<std::int64_t> sums{};  ///< weighted sums of growth, keyshift's own requests included
    /// What keyshift's probe has caused, to be left out. What the source has not counted two complete looks
    /// later it never will: that is taken back, or it would hide as many of what others cause.
    PerEvent<std::int64_t> own{};
    PerEvent<std::int64_t> own_new{};   ///< part of `own`: no complete look since; not saved
    PerEvent<std::int64_t> own_late{};  ///< ... one since, which did not show it; not saved
    /// The sums of cache hits at the two looks before, the later one first: a difference of counters that are
    /// not read at one moment may be too high for a while, but hardly three times in a row. Not saved.
    std::array<std::int64_t, 2> hits_before{};
    PerEvent<std::uint64_t> totals{};               ///< the highest that sum - own has been: what is shown
    PerEvent<std::optional<base::Time>> grew_at{};  ///< when a total last grew, as far as is known
    Events offers;                                  ///< what it can count here
    std::uint64_t resets = 0;
    /// Since when nothing can have been missed: no reset, no gap of more than kGap. Empty: never complete.
    std::optional<base::Time> counted_since;
    std::optional<base::Time> read_at;      ///< last success
    std::optional<base::Time> complete_at;  ///< last time that all its parts were read
    std::vector<std::string> missing = {};  ///< parts that did not answer at the last success
    base::Duration poll_every{};
    std::optional<base::Time> restored_at = {};  ///< read back from the state; not saved

    /// Read lately; three polls without success are too many, if they take two seconds. A time further ahead
    /// than that is of a clock that has been set since.
    bool fresh(base::Time now) const;
    /// ... and nothing was missing.
    bool complete(base::Time now) const;
};

/// A longer time without a complete look breaks coverage, unless looks are that far apart.
inline constexpr base::Duration kGap = std::chrono::minutes{15};

/// What one look at a source came to.
struct Look {
    PerEvent<std::int64_t> growth{};
    PerEvent<std::int64_t> in_flight{};  ///< what keyshift may be causing at this moment
    Events offers;
    std::uint64_t resets = 0;
    bool lossy = false;  ///< what was counted between the last look and this one may be lost for good
    /// So long after the one before that what keyshift caused until then must have been counted by now: a log
    /// is looked at many times a second, and its writer may be slow.
    bool settles = true;
    std::vector<std::string> missing = {};
    base::Duration poll_every{};
    Ground ground = {};
};
void take_look(SourceCounts& counts, const Look& look, base::Time now);
/// keyshift itself has caused `event`, once.
void add_own(SourceCounts& counts, Event event);
/// `counts` were read back from the state.
void restore(SourceCounts& counts, base::Time now);

/// Growth of a few totals by hour, for what has to be said of a window.
class Hourly {
 public:
    using Hours = std::map<std::int64_t, std::uint64_t>;  ///< hours since the epoch

    void add(std::string_view name, base::Time at, std::uint64_t by);
    /// Growth after `since`, the hour of it included in full.
    std::uint64_t since(std::string_view name, base::Time since) const;
    /// From the hour of `from` to that of `until`, which is not included.
    std::uint64_t between(std::string_view name, base::Time from, base::Time until) const;
    void forget_before(base::Time until);

    std::map<std::string, Hours, std::less<>>& series() { return series_; }
    const std::map<std::string, Hours, std::less<>>& series() const { return series_; }

 private:
    std::map<std::string, Hours, std::less<>> series_;
};
inline constexpr const char* kHourlyFallback = "fallback";
inline constexpr const char* kHourlyFailures = "auth_failures";
inline constexpr const char* kHourlyUnknownKeys = "unknown_keys";
inline constexpr const char* kHourlyAttempts = "auth_attempts";

/// One headline signal's choice.
struct Headline {
    std::string evidence;             ///< a source's name or kLastUsed; empty: none yet
    PerEvent<std::uint64_t> marks{};  ///< that evidence's totals as far as they are in the headline
};

struct Evidence {
    std::map<std::string, SourceCounts> sources;  ///< by the collector's type
    std::array<Headline, kSignalCount> headlines;
    PerEvent<std::uint64_t> totals{};  ///< of the headline signals' events
    Hourly hourly;
    std::uint64_t table_changes = 0;  ///< what was counted covers from the last of so many on, see Totals

    const Headline& of(Signal signal) const { return headlines.at(static_cast<std::size_t>(signal)); }
};

/// The evidence for `signal`, best first.
const std::vector<std::string_view>& evidence_order(Signal signal);

/// After a source was looked at, or time has passed: chooses the evidence of each signal and lets the
/// headlines grow. `last_used`: uses of legacy keys that polls of the key table have seen; empty: not known.
/// All that a signal's first evidence has counted counts; what grew while the evidence changed is left out
/// rather than counted twice. After a restart the
/// evidence used before has three polls to come back.
void update_headlines(Evidence& evidence, std::optional<std::uint64_t> last_used, base::Time now);

}  // namespace keyshift::domain
