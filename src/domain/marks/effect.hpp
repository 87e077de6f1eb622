// SPDX-License-Identifier: Apache-2.0
// Who has failed to authenticate since a mark that did not before: while the fallback was off for a brownout,
// or since the cutover. "Nobody" is only said where it was counted: each source that counted failures when
// the mark was set has counted without a gap from its last reading before the mark to one behind the end, and
// each failure has a client's name that failed before for the same reason, and no more often; and where no
// legacy key was used meanwhile, by which the fallback was not off at all. Pure; time is a parameter. Times
// are this host's, but those of marks and uses of keys.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "domain/counts/event.hpp"
#include "domain/evidence/evidence.hpp"
#include "domain/marks/mark.hpp"

namespace keyshift::domain {

/// Failures by reason, in the order of the events.
using ReasonCounts = std::array<std::uint64_t, kFailureReasons>;

/// What a source that counts failures has counted, as it was last read.
struct FailureCounts {
    std::string source;
    ReasonCounts counts = {};
    std::optional<base::Time> read_at = {};
    std::optional<base::Time> complete_at = {};    ///< all its parts were read
    std::optional<base::Time> counted_since = {};  ///< without a gap
    base::Duration poll_every = {};
    std::uint64_t odd_lines = 0;  ///< of a log, those not understood or too long: they may be failures
};
/// How far a log was read.
struct LogReading {
    std::uint64_t odd_lines = 0;
    std::uint64_t lag_bytes = 0;  ///< while there are any, it was not read in full
};
/// Of each source that can count any.
std::vector<FailureCounts> failure_counts(const Evidence& evidence,
                                          const std::map<std::string, LogReading>& logs);

/// The operator says it after he has switched the fallback off, and clocks of logs differ: the minute before
/// belongs to it, and what has failed then has not failed before.
inline constexpr base::Duration kBeforeMark = std::chrono::minutes{1};
/// What happened until the end can be read so long after it, since logs are buffered and a Prometheus scrapes
/// once a minute; what fails until then belongs to the mark.
inline constexpr base::Duration kBehindEnd = std::chrono::minutes{2};
/// A source that is not read behind the end for so long is not waited for.
inline constexpr base::Duration kWaitForSources = std::chrono::hours{1};
/// With which failures before the mark those since it are compared.
inline constexpr base::Duration kCompareWith = std::chrono::hours{24};

/// The minutes, since the epoch, that belong to the time after a mark; `last` is empty while it lasts.
struct MarkMinutes {
    std::int64_t first = 0;
    std::optional<std::int64_t> last = {};
};
MarkMinutes minutes_of(base::Time host_at, std::optional<base::Time> until);

/// One client's failures for one reason, as one log tells of them.
struct MarkedClient {
    std::string source;
    Event reason = Event::failure_other;
    std::string client;        ///< empty: not known
    std::uint64_t before = 0;  ///< within kCompareWith before
    std::uint64_t since = 0;   ///< within the minutes of the mark
    std::uint64_t inside = 0;  ///< of them, those that certainly came after the mark
    base::Time first_at = {};  ///< of `since`
    base::Time last_at = {};
};

/// A source as it stood when the mark was set, and as it was last read while that mattered.
struct MarkedSource {
    FailureCounts base;
    FailureCounts now;
};

/// All that is known of the time after a brownout's begin or a cutover.
struct MarkWindow {
    Mark mark;
    std::optional<Mark> end = {};            ///< of a brownout
    std::optional<base::Time> until = {};    ///< this host's clock; empty: a brownout that is open
    bool settled = false;                    ///< the sources are not followed any more
    std::optional<base::Time> used_at = {};  ///< a legacy key was used while the fallback should be off
    std::vector<MarkedSource> sources = {};
    std::vector<MarkedClient> clients = {};
};

enum class MarkAnswer : std::uint8_t { nobody_new, somebody_new, cannot_tell };
/// "nobody_new".
std::string_view answer_name(MarkAnswer answer);

enum class Novelty : std::uint8_t { fresh, more_often, as_before };
std::string_view novelty_name(Novelty novelty);  ///< "new", "more_often", "as_before"

struct JudgedClient {
    MarkedClient client;
    Novelty novelty = Novelty::fresh;
};

struct MarkEffect {
    MarkAnswer answer = MarkAnswer::cannot_tell;
    std::vector<std::string> why = {};       ///< what keeps it from being told, one clause each
    std::vector<JudgedClient> clients = {};  ///< with failures since; new ones first, then by number
    std::uint64_t new_clients = 0;           ///< different names of new ones and those more often
    std::uint64_t known_clients = 0;         ///< different names of the others
};

/// `now` of this host's clock.
MarkEffect effect_of(const MarkWindow& window, base::Time now);
/// "brownout of 2026-01-10T12:00:00Z, 10m: nobody failed who did not before, of those who called"; without a
/// full stop.
std::string sentence(const MarkWindow& window, const MarkEffect& effect);

/// What the model knows of the marks.
struct MarkSummary {
    std::array<std::optional<base::Time>, kMarkKinds.size()> last_at = {};  ///< by kind, the database's clock
    std::string last = {};  ///< what became of the last brownout or cutover; empty: there is none
};
/// `last`: the last brownout or cutover.
MarkSummary summary_of(const std::vector<Mark>& marks, const std::optional<MarkWindow>& last, base::Time now);

}  // namespace keyshift::domain
