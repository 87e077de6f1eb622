// SPDX-License-Identifier: Apache-2.0
#include "domain/marks/effect.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

namespace keyshift::domain {
namespace {

using std::chrono::minutes;

/// A client that fails twice as often as before is not failing as before.
constexpr std::uint64_t kTolerableGrowth = 2;
/// A source is being read while its last complete reading is no older.
constexpr base::Duration kReadLately = minutes{1};

std::int64_t minute_of(base::Time at) {
    return std::chrono::floor<minutes>(at).time_since_epoch().count();
}

std::string show(base::Time at) {
    return base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(at));
}

std::uint64_t sum(const ReasonCounts& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::uint64_t growth(const MarkedSource& source) {
    const std::uint64_t before = sum(source.base.counts);
    return std::max(sum(source.now.counts), before) - before;
}

/// Minutes of the 24 h before the mark that the source has counted in full.
std::int64_t minutes_before(const MarkedSource& source, const MarkMinutes& span) {
    if (!source.base.counted_since) return 0;
    const std::int64_t begun = minute_of(*source.base.counted_since) + 1;
    return std::clamp<std::int64_t>(span.first - begun, 0, kCompareWith / minutes{1});
}

Novelty novelty_of(const MarkedClient& client, std::int64_t before, std::int64_t lasted) {
    if (client.before == 0) return Novelty::fresh;
    const auto normal = kTolerableGrowth * client.before * static_cast<std::uint64_t>(lasted);
    return client.since * static_cast<std::uint64_t>(before) <= normal && before > 0 ? Novelty::as_before
                                                                                     : Novelty::more_often;
}

const MarkedSource* source_named(const MarkWindow& window, const std::string& name) {
    const auto found = std::find_if(window.sources.begin(), window.sources.end(),
                                    [&](const auto& source) { return source.base.source == name; });
    return found == window.sources.end() ? nullptr : &*found;
}

/// Why the source's own silence does not tell; empty: it does. A source that goes on counting where it stood
/// after it could not be read for a while has missed nothing.
std::string blind(const MarkedSource& source, const MarkWindow& window, base::Time now) {
    const std::string& name = source.base.source;
    if (!source.base.read_at) return name + " had not been read when the mark was set";
    if (!source.now.counted_since || *source.now.counted_since > *source.base.read_at)
        return name + " was interrupted or began anew, and may have missed failures";
    const bool ended = window.until && *window.until <= now;
    const base::Time wanted =
        ended ? *window.until + kBehindEnd
              : now - std::max(kReadLately, base::Duration{kPollsUntilStale * source.now.poll_every});
    if (source.now.complete_at && *source.now.complete_at >= wanted) return {};
    return name +
           (ended ? " has not been read in full since the end" : " cannot be read in full at the moment");
}

/// Failures of which no log tells who it was. Where another log names at least as many, it names them too.
std::string nameless(const MarkedSource& source, const MarkWindow& window, std::uint64_t most_named) {
    std::uint64_t unnamed = 0;
    std::uint64_t named = 0;
    for (const MarkedClient& client : window.clients)
        if (client.source == source.base.source) (client.client.empty() ? unnamed : named) += client.since;
    const std::uint64_t counted = std::max(growth(source), named + unnamed);
    if (counted <= named || counted <= most_named) return {};
    return std::to_string(counted) + (counted == 1 ? " failure" : " failures") + " counted by " +
           source.base.source + ", and no log names the clients of all of them";
}

/// Lines that may have been failures.
std::string unread(const MarkedSource& source) {
    if (source.now.odd_lines <= source.base.odd_lines) return {};
    const std::uint64_t lines = source.now.odd_lines - source.base.odd_lines;
    return std::to_string(lines) + (lines == 1 ? " line of " : " lines of ") + source.base.source +
           (lines == 1 ? " was" : " were") + " not understood";
}

/// The most that one log certainly names since the mark.
std::uint64_t most_named(const MarkWindow& window) {
    std::map<std::string, std::uint64_t> by_source;
    std::uint64_t most = 0;
    for (const MarkedClient& client : window.clients)
        if (!client.client.empty()) most = std::max(most, by_source[client.source] += client.inside);
    return most;
}

std::vector<std::string> reasons_not_to_tell(const MarkWindow& window, base::Time now) {
    std::vector<std::string> out;
    const auto add = [&out](std::string why) {
        if (!why.empty()) out.push_back(std::move(why));
    };
    if (window.mark.host_at > now) add("the mark is in the future: the clock was set back");
    if (window.used_at)
        add("a legacy key was used at " + show(*window.used_at) + ": the fallback was not off");
    if (window.sources.empty()) add("no source counted failures when the mark was set");
    const std::uint64_t named = most_named(window);
    for (const MarkedSource& source : window.sources) {
        add(blind(source, window, now));
        add(nameless(source, window, named));
        add(unread(source));
    }
    std::set<std::string> strange;
    for (const MarkedClient& client : window.clients)
        if (client.since > 0 && source_named(window, client.source) == nullptr) strange.insert(client.source);
    for (const std::string& name : strange) add(name + " did not count failures yet when the mark was set");
    return out;
}

std::string length(const MarkWindow& window) {
    if (!window.end) return {};
    return ", " +
           base::format_duration(std::chrono::floor<std::chrono::seconds>(window.end->at - window.mark.at));
}

std::string number_of_clients(std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " client" : " clients");
}

}  // namespace

std::vector<FailureCounts> failure_counts(const Evidence& evidence,
                                          const std::map<std::string, LogReading>& logs) {
    std::vector<FailureCounts> out;
    for (const auto& [name, source] : evidence.sources) {
        if ((source.countable & failures()).none()) continue;
        FailureCounts& counts = out.emplace_back();
        counts.source = name;
        for (std::size_t i = 0; i < kFailureReasons; ++i)
            counts.counts.at(i) = source.totals.at(index_of(after(kFirstFailure, i)));
        counts.read_at = source.read_at;
        counts.complete_at = source.complete_at;
        counts.counted_since = source.counted_since;
        counts.poll_every = source.poll_every;
        const auto log = logs.find(name);
        if (log == logs.end()) continue;
        counts.odd_lines = log->second.odd_lines;
        if (log->second.lag_bytes > 0) counts.complete_at.reset();
    }
    return out;
}

MarkMinutes minutes_of(base::Time host_at, std::optional<base::Time> until) {
    return {minute_of(host_at - kBeforeMark),
            until ? std::optional(minute_of(*until + kBehindEnd)) : std::nullopt};
}

std::string_view answer_name(MarkAnswer answer) {
    constexpr std::array<std::string_view, 3> kNames{"nobody_new", "somebody_new", "cannot_tell"};
    return kNames.at(static_cast<std::size_t>(answer));
}

std::string_view novelty_name(Novelty novelty) {
    constexpr std::array<std::string_view, 3> kNames{"new", "more_often", "as_before"};
    return kNames.at(static_cast<std::size_t>(novelty));
}

MarkEffect effect_of(const MarkWindow& window, base::Time now) {
    MarkEffect out;
    const MarkMinutes span = minutes_of(window.mark.host_at, window.until);
    const std::int64_t lasted = std::min(span.last.value_or(minute_of(now)), minute_of(now)) - span.first + 1;
    std::set<std::string> known;
    std::set<std::string> fresh;
    for (const MarkedClient& client : window.clients) {
        if (client.since == 0 || client.client.empty()) continue;
        const MarkedSource* const source = source_named(window, client.source);
        const std::int64_t before = source == nullptr ? 0 : minutes_before(*source, span);
        const Novelty novelty = novelty_of(client, before, std::max<std::int64_t>(lasted, 1));
        (novelty == Novelty::as_before ? known : fresh).insert(client.client);
        out.clients.push_back({client, novelty});
    }
    std::stable_sort(out.clients.begin(), out.clients.end(), [](const auto& a, const auto& b) {
        return std::pair(a.novelty, b.client.since) < std::pair(b.novelty, a.client.since);
    });
    for (const std::string& name : fresh) known.erase(name);
    out.new_clients = fresh.size();
    out.known_clients = known.size();
    out.why = reasons_not_to_tell(window, now);
    out.answer = !fresh.empty()    ? MarkAnswer::somebody_new
                 : out.why.empty() ? MarkAnswer::nobody_new
                                   : MarkAnswer::cannot_tell;
    return out;
}

std::string sentence(const MarkWindow& window, const MarkEffect& effect) {
    const bool brownout = window.mark.kind == MarkKind::brownout_begin;
    std::string out = std::string(brownout ? "brownout" : "cutover") + " of " + show(window.mark.at) +
                      (brownout && !window.end ? ", still open" : length(window)) + ": ";
    switch (effect.answer) {
        case MarkAnswer::somebody_new:
            out += number_of_clients(effect.new_clients) + " failed who did not before, or not so often";
            break;
        case MarkAnswer::nobody_new:
            out += "nobody who called failed who did not before";
            if (!window.settled) out += ", so far";
            break;
        case MarkAnswer::cannot_tell:
            out += "cannot tell who failed: " + effect.why.front();
            break;
    }
    if (effect.known_clients > 0) out += "; " + number_of_clients(effect.known_clients) + " failed as before";
    return out;
}

MarkSummary summary_of(const std::vector<Mark>& marks, const std::optional<MarkWindow>& last,
                       base::Time now) {
    MarkSummary out;
    for (const Mark& mark : marks) out.last_at.at(static_cast<std::size_t>(mark.kind)) = mark.at;
    if (last) out.last = sentence(*last, effect_of(*last, now));
    return out;
}

}  // namespace keyshift::domain
