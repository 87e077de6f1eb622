// SPDX-License-Identifier: Apache-2.0
// One number for each signal, of sources that see the same events at different times and with different
// limits. The headline belongs to one source at a time and takes over its growth. What makes this hard is the
// change from one source to another, since each may tell late what the other has counted already:
// - a source that has counted nothing shows nothing, so that one which has counted comes before it; but the
//   evidence of now may only be read later than others, and has three polls for that (may_be_late);
// - at a change the headline is raised to the total of the new source, and never set back: neither of the two
//   has counted an event twice, so that the greater total is nearer to the truth;
// - hits of the fallback are matched with uses that the key table shows (UseMatch), and what one source is
//   still to tell of is handed over with the headline.
// A source that gives an upper bound raises nothing, and is no evidence where a configured source may count.
#include <algorithm>
#include <utility>

#include "domain/evidence/evidence.hpp"

namespace keyshift::domain {
namespace {

bool awaits_first_poll(const SourceCounts& counts, base::Time now) {
    return counts.restored_at && now - *counts.restored_at < kPollsUntilStale * counts.poll_every;
}

/// What the evidence called `name` has counted; empty: it cannot serve now.
std::optional<PerEvent<std::uint64_t>> usable(const Evidence& evidence, std::string_view name, Signal signal,
                                              std::optional<std::uint64_t> last_used, base::Time now) {
    if (name == kLastUsed) {
        if (!last_used) return std::nullopt;
        PerEvent<std::uint64_t> totals{};
        totals.at(index_of(Event::fallback)) = *last_used;
        return totals;
    }
    const auto source = evidence.sources.find(std::string(name));
    if (source == evidence.sources.end()) return std::nullopt;
    const bool awaited = evidence.of(signal).evidence == name && awaits_first_poll(source->second, now);
    if (!source->second.fresh(now) && !awaited) return std::nullopt;
    if ((needed_for(signal) & ~source->second.countable).any()) return std::nullopt;
    return source->second.totals;
}

std::uint64_t growth_of(std::size_t i, const PerEvent<std::uint64_t>& totals,
                        const PerEvent<std::uint64_t>& marks) {
    return totals.at(i) - std::min(totals.at(i), marks.at(i));
}

/// Without those of whoever was held back, or presented no key at all: neither failed, nor was tried.
std::uint64_t no_attempts(const PerEvent<std::uint64_t>& totals, const PerEvent<std::uint64_t>& marks) {
    std::uint64_t grown = 0;
    for (const Event event : {Event::request_rate_limited, Event::failure_missing_header,
                              Event::failure_malformed_header, Event::failure_forbidden})
        grown += growth_of(index_of(event), totals, marks);
    return grown;
}

/// Requests, or where they are not counted, authentications.
std::uint64_t attempts(const PerEvent<std::uint64_t>& totals, const PerEvent<std::uint64_t>& marks) {
    const Events all = requests();
    bool counted = false;
    std::uint64_t grown = 0;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        if (!all.test(i)) continue;
        counted = counted || totals.at(i) > 0;
        grown += growth_of(i, totals, marks);
    }
    if (!counted) return growth_of(index_of(Event::auth_attempt), totals, marks);
    return grown - std::min(grown, no_attempts(totals, marks));
}

/// Failures of attempts().
std::uint64_t failed(const PerEvent<std::uint64_t>& totals, const PerEvent<std::uint64_t>& marks) {
    const Events all = failures();
    std::uint64_t grown = 0;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        const Event event = event_at(i);
        const bool held_back = event == Event::failure_rate_limited || event == Event::failure_forbidden;
        const bool no_key =
            event == Event::failure_missing_header || event == Event::failure_malformed_header;
        if (all.test(i) && !held_back && !no_key) grown += growth_of(i, totals, marks);
    }
    return grown;
}

/// How long a source that is not the headline's may take to tell of a hit.
base::Duration tells_within(const SourceCounts& counts) {
    return std::max(UseMatch::kPatience, 3 * counts.poll_every);
}

/// The headline has counted `hits`, which are in its total.
void note_hits(Evidence& evidence, std::uint64_t hits, base::Time now) {
    evidence.hourly.add(kHourlyFallback, now, hits);
    for (auto& [name, counts] : evidence.sources)
        if (evidence.of(Signal::fallback).evidence != name)
            counts.beside.uses(hits, now - tells_within(counts), now);
}

void add_hits(Evidence& evidence, std::uint64_t hits, base::Time now) {
    evidence.totals.at(index_of(Event::fallback)) += hits;
    note_hits(evidence, hits, now);
}

/// Sources that are not the headline's: they tell later, or earlier, of what it has counted.
void follow_others(Evidence& evidence, base::Time now) {
    for (auto& [name, counts] : evidence.sources) {
        const std::uint64_t total = counts.totals.at(index_of(Event::fallback));
        const std::uint64_t grown = total - std::min(total, std::exchange(counts.hits_followed, total));
        if (evidence.of(Signal::fallback).evidence == name) continue;
        counts.beside.hits(grown, now);
        // One that has been silent has its time to catch up.
        const base::Duration patience = tells_within(counts);
        if (counts.complete(now) && counts.counted_since && now - *counts.counted_since >= patience)
            counts.beside.overdue(2 * patience, now);
    }
}

void grow(Evidence& evidence, Signal signal, const PerEvent<std::uint64_t>& totals, base::Time now) {
    Headline& headline = evidence.headlines.at(static_cast<std::size_t>(signal));
    if (signal == Signal::fallback) {
        if (headline.evidence == kLastUsed) return;  // follow_uses() counts them
        const std::uint64_t hits = growth_of(index_of(Event::fallback), totals, headline.marks);
        return add_hits(evidence, evidence.match.hits(hits, now), now);
    }
    const Events events = events_of(signal);
    std::uint64_t grown = 0;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        if (!events.test(i)) continue;
        const std::uint64_t more = growth_of(i, totals, headline.marks);
        grown += more;
        evidence.totals.at(i) += more;
        evidence.hourly.add(event_name(event_at(i)), now, more);
    }
    if (signal != Signal::auth_failures) return;
    evidence.hourly.add(kHourlyFailures, now, grown);
    evidence.hourly.add(kHourlyFailed, now, failed(totals, headline.marks));
    evidence.hourly.add(kHourlyAttempts, now, attempts(totals, headline.marks));
    evidence.hourly.add(kHourlyUnknownKeys, now,
                        growth_of(index_of(Event::failure_unknown_key), totals, headline.marks));
}

/// Counts events of the gateway one by one: others give a bound.
bool counts_exactly(const KnownSources& known, std::string_view name, Signal signal) {
    return name != kLastUsed && !is_upper_bound(known, name, signal);
}

/// A configured source may count the signal's events one by one, unless it was read and cannot.
bool may_be_counted(const Evidence& evidence, Signal signal, const Sources& sources) {
    const Events needed = needed_for(signal);
    const auto& measurable = sources.measurable;
    return std::any_of(measurable.begin(), measurable.end(), [&](const auto& promise) {
        const auto& [name, events] = promise;
        if (!counts_exactly(sources.known, name, signal) || (needed & ~events).any()) return false;
        const auto source = evidence.sources.find(name);
        const bool read = source != evidence.sources.end() && source->second.read_at;
        return !read || (needed & ~source->second.countable).none();
    });
}

/// The new evidence has seen no event twice, and neither has the headline: the greater of the two is right.
void raise_to(Evidence& evidence, Signal signal, const PerEvent<std::uint64_t>& totals, base::Time now) {
    const Events events = events_of(signal);
    std::uint64_t raised = 0;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        if (!events.test(i)) continue;
        const std::uint64_t of_event = growth_of(i, totals, evidence.totals);
        raised += of_event;
        if (signal == Signal::auth_failures) evidence.hourly.add(event_name(event_at(i)), now, of_event);
        evidence.totals.at(i) = std::max(evidence.totals.at(i), totals.at(i));
    }
    if (signal == Signal::fallback) {
        note_hits(evidence, raised, now);
        evidence.match.remember(raised, now);
    }
    if (signal == Signal::auth_failures) evidence.hourly.add(kHourlyFailures, now, raised);
}

/// What has counted nothing may be unable to: a use must show, or at least a request.
bool has_counted(const Evidence& evidence, std::string_view name, Signal signal,
                 const PerEvent<std::uint64_t>& totals) {
    const auto source = evidence.sources.find(std::string(name));
    if (signal == Signal::fallback && source != evidence.sources.end())
        return source->second.proof.since.has_value() && source->second.proof.doubt.empty();
    Events any = events_of(signal);
    if (signal == Signal::auth_failures) any |= requests();
    for (std::size_t i = 0; i < kEventCount; ++i)
        if (any.test(i) && totals.at(i) > 0) return true;
    return false;
}

struct Choice {
    std::string_view name = {};
    PerEvent<std::uint64_t> totals{};
};

/// The evidence of before has counted nothing yet, although another one has. It may only be later: it has its
/// time, or both would count the same events.
bool may_be_late(const Evidence& evidence, Signal signal, const Choice& first, base::Time now) {
    const Headline& headline = evidence.of(signal);
    const auto source = evidence.sources.find(std::string(first.name));
    if (headline.evidence != first.name || source == evidence.sources.end()) return false;
    const Proof& proof = source->second.proof;
    const bool doubted = signal == Signal::fallback && (!proof.doubt.empty() || !proof.lapsed.empty());
    return !doubted &&
           now - headline.overtaken_at.value_or(now) < kPollsUntilStale * source->second.poll_every;
}

Choice choose(Evidence& evidence, Signal signal, const Sources& sources,
              std::optional<std::uint64_t> last_used, base::Time now) {
    Choice first;
    for (const std::string_view name : evidence_order(sources.known, signal)) {
        if (is_upper_bound(sources.known, name, signal) && may_be_counted(evidence, signal, sources))
            continue;
        const auto totals = usable(evidence, name, signal, last_used, now);
        if (!totals) continue;
        if (first.name.empty()) first = {name, *totals};
        if (!has_counted(evidence, name, signal, *totals)) continue;
        if (first.name != name && may_be_late(evidence, signal, first, now)) {
            auto& overtaken_at = evidence.headlines.at(static_cast<std::size_t>(signal)).overtaken_at;
            overtaken_at = overtaken_at.value_or(now);
            return first;
        }
        return {name, *totals};
    }
    return first;
}

/// From the evidence of hits to another one: what each is still to tell of is not forgotten.
void hand_over(Evidence& evidence, std::string_view to) {
    UseMatch nobody;
    const auto beside = [&](std::string_view name) -> UseMatch& {
        const auto source = evidence.sources.find(std::string(name));
        return source == evidence.sources.end() ? nobody : source->second.beside;
    };
    beside(evidence.of(Signal::fallback).evidence).wait_for(evidence.match);
    evidence.match.wait_for(beside(to));
    beside(to) = {};
}

void update(Evidence& evidence, Signal signal, const Sources& sources, std::optional<std::uint64_t> last_used,
            base::Time now) {
    Headline& headline = evidence.headlines.at(static_cast<std::size_t>(signal));
    const Choice choice = choose(evidence, signal, sources, last_used, now);
    if (signal == Signal::fallback) follow_others(evidence, now);
    if (choice.name.empty()) return;
    // Before the first evidence nobody has counted anything: what a log held already is no second count.
    const bool first = headline.evidence.empty();
    const bool same = first || headline.evidence == choice.name;
    if (!same && signal == Signal::fallback) hand_over(evidence, choice.name);
    headline.evidence = choice.name;
    if (same) {
        grow(evidence, signal, choice.totals, now);
    } else if (counts_exactly(sources.known, choice.name, signal)) {
        raise_to(evidence, signal, choice.totals, now);
    }
    headline.marks = choice.totals;
}

/// The evidence of hits, if it is a source that covers what has been since `since`.
const SourceCounts* covering(const Evidence& evidence, base::Time since, base::Time now) {
    const auto source = evidence.sources.find(evidence.of(Signal::fallback).evidence);
    if (source == evidence.sources.end()) return nullptr;
    const SourceCounts& counts = source->second;
    return counts.complete(now) && counts.counted_since && *counts.counted_since <= since ? &counts : nullptr;
}

}  // namespace

void update_headlines(Evidence& evidence, const Sources& sources, std::optional<std::uint64_t> last_used,
                      base::Time now) {
    for (const Signal signal : {Signal::fallback, Signal::auth_cache, Signal::auth_failures})
        update(evidence, signal, sources, last_used, now);
}

void follow_uses(Evidence& evidence, const SeenUses& seen, base::Time now) {
    constexpr base::Duration kClocks = std::chrono::minutes{1};
    const base::Time polled_before =
        evidence.uses_polled_at.value_or(seen.polled_at - std::max(kGap, seen.poll_every));
    // A use that this poll sees first was written since the poll before, and made earlier by as much as the
    // gateway writes late. The clocks of two hosts differ.
    const base::Time since = std::min(polled_before, seen.polled_at) - seen.written_late - kClocks;
    const std::uint64_t grown = seen.uses - std::min(seen.uses, evidence.uses_mark.value_or(seen.uses));
    evidence.uses_mark = seen.uses;
    if (evidence.uses_polled_at != seen.polled_at || grown > 0)
        add_hits(evidence, evidence.match.uses(grown, since, now), now);
    evidence.uses_polled_at = seen.polled_at;
    const SourceCounts* const counts = covering(evidence, since, now);
    // Who did not watch all that time, or has lost something, is not contradicted by what it has not counted.
    if (counts == nullptr) evidence.match.excuse();
    const base::Duration poll = counts == nullptr ? base::Duration{} : counts->poll_every;
    const base::Duration patience = 3 * std::max(poll, seen.poll_every);
    if (evidence.match.overdue(patience, now) == 0) return;
    evidence.contradicted_at = now;
    evidence.contradicted = evidence.of(Signal::fallback).evidence;
    lapse(evidence.sources.at(evidence.contradicted).proof,
          "keys were used that it has not counted, as their last uses show");
}

void remember_hits(Evidence& evidence, base::Time now) {
    constexpr base::Duration kLately = std::chrono::hours{2};
    evidence.match.remember(evidence.hourly.since(kHourlyFallback, now - kLately), now);
}

bool is_contradicted(const Evidence& evidence, base::Duration window, base::Time now) {
    return evidence.contradicted_at && now - *evidence.contradicted_at < window;
}

}  // namespace keyshift::domain
