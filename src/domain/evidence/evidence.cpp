// SPDX-License-Identifier: Apache-2.0
// Coverage: since when nothing can have been missed. It is a time, not a flag, because the verdict asks
// whether it reaches back over a whole drain window. It begins anew
// - after a gap: no complete poll for longer than polls are apart, or the clock was set back;
// - after a loss: the source says that it cannot know what it counted in between (a reset, an eviction);
// - when the source can count an event that it could not count before: its zero is new;
// - while its zeros are in doubt.
// A poll in which an instance is missing neither begins coverage nor ends it: if the instance comes back in
// time with its counters, nothing was lost.
#include "domain/evidence/evidence.hpp"

#include <algorithm>

#include "domain/counts/bounded.hpp"

namespace keyshift::domain {
namespace {

/// However short the interval: a busy machine is late by that much.
constexpr base::Duration kAlwaysFresh = std::chrono::seconds{2};

std::int64_t counted_of(const SourceCounts& counts, std::size_t i) {
    return add_bounded(counts.sums.at(i), -counts.own.at(i));
}

/// The highest that counted_of() has been. Hits by scans are counted beside it: what keyshift itself may have
/// caused must not hide one.
std::int64_t highest_of(const SourceCounts& counts, std::size_t i) {
    const std::uint64_t beside = event_at(i) == Event::fallback ? counts.scan_hits : 0;
    return static_cast<std::int64_t>(counts.totals.at(i) - std::min(counts.totals.at(i), beside));
}

/// By how much what counts falls short of what it once was.
std::int64_t shortfall(const SourceCounts& counts, std::size_t i) {
    return std::max<std::int64_t>(0, highest_of(counts, i) - counted_of(counts, i));
}

/// After a complete poll. While the source has not counted a request of keyshift's own, the sum falls short
/// of the highest; what still does two complete polls later, it will never count.
void settle_own(SourceCounts& counts, std::size_t i) {
    const std::int64_t never = std::min(counts.own_late.at(i), shortfall(counts, i));
    counts.own.at(i) -= never;
    counts.own_late.at(i) = std::min(counts.own_new.at(i), shortfall(counts, i));
    counts.own_new.at(i) = 0;
}

void raise_total(SourceCounts& counts, std::size_t i, std::int64_t in_flight, base::Time now) {
    std::int64_t counted = add_bounded(counted_of(counts, i), -in_flight);
    if (event_at(i) == Event::auth_cache_hit) {
        const std::int64_t sum = counts.sums.at(i);
        counted -= std::max<std::int64_t>(0, sum - std::min(counts.hits_before[0], counts.hits_before[1]));
        counts.hits_before = {sum, counts.hits_before[0]};
    }
    const std::int64_t before = highest_of(counts, i);
    if (counted <= before) return;
    counts.totals.at(i) += static_cast<std::uint64_t>(counted - before);
    counts.grew_at.at(i) = now;
}

/// Whoever counts scans counts hits by them.
Events with_hits(Events countable) {
    if (countable.test(index_of(Event::fallback_scan))) countable.set(index_of(Event::fallback));
    return countable;
}

/// A scan for the canary, or anything that is a hit, shows that hits are counted. Other scans may be in vain.
bool shows_ability(const SourceCounts& counts, const Poll& poll) {
    constexpr auto kScan = index_of(Event::fallback_scan);
    if (poll.growth.at(index_of(Event::fallback)) > 0) return true;
    const bool own = poll.own.at(kScan) > 0 || poll.in_flight.at(kScan) > 0 || counts.own_new.at(kScan) > 0 ||
                     counts.own_late.at(kScan) > 0;
    return own && poll.growth.at(kScan) > 0;
}

/// A scan that found its key is the same use as what was counted of it: a promotion, a line of the log.
std::uint64_t without_counted_uses(std::uint64_t scans, const Poll& poll) {
    constexpr auto kHit = index_of(Event::fallback);
    const std::int64_t uses = std::max<std::int64_t>(0, poll.growth.at(kHit) - poll.own.at(kHit));
    return scans - std::min(scans, static_cast<std::uint64_t>(uses));
}

/// Before the poll is taken.
void stand_on_ground(SourceCounts& counts, const Poll& poll, base::Time now) {
    stand_on(counts.proof, poll.ground, poll.idle, now);
    const bool long_gone =
        counts.complete_at && now - *counts.complete_at > std::max(kGap, 2 * poll.poll_every);
    if (!poll.missing.empty() && long_gone)
        lapse(counts.proof,
              "a part of it has not answered since " + base::format_rfc3339(*counts.complete_at));
    if (poll.ground.path_seen || shows_ability(counts, poll)) prove(counts.proof, now);
}

/// This host's clock was set back: what lies in its future would stay the newest for ever, and counts as now.
void forget_future(SourceCounts& counts, base::Time now) {
    if (!counts.read_at || *counts.read_at <= now) return;
    const auto pull_back = [now](std::optional<base::Time>& at) { at = at > now ? now : at; };
    for (auto& at : counts.grew_at) pull_back(at);
    pull_back(counts.lost_at);
    pull_back(counts.proof.since);
}

std::int64_t hour_of(base::Time t) {
    return std::chrono::floor<std::chrono::hours>(t).time_since_epoch().count();
}

}  // namespace

bool SourceCounts::fresh(base::Time now) const {
    if (!read_at || poll_every <= base::Duration::zero()) return false;
    const base::Duration stale = std::max(kPollsUntilStale * poll_every, kAlwaysFresh);
    return now - *read_at < stale && *read_at - now <= stale;
}

bool SourceCounts::complete(base::Time now) const {
    return fresh(now) && missing.empty();
}

void record_poll(SourceCounts& counts, const Poll& poll, base::Time now) {
    forget_future(counts, now);
    const bool gap = !counts.complete_at || now - *counts.complete_at > std::max(kGap, 2 * poll.poll_every) ||
                     now < *counts.complete_at;
    const Events countable = with_hits(poll.countable);
    const bool new_offer = (countable & ~counts.countable).any();
    // Nothing was lost of what no poll had shown yet.
    if (poll.lossy && counts.read_at) counts.lost_at = now;
    stand_on_ground(counts, poll, now);
    const bool doubtful = !poll.ground.doubt.empty();
    if (poll.missing.empty() && (gap || poll.lossy || new_offer || doubtful)) counts.counted_since = now;
    if (poll.missing.empty()) counts.complete_at = now;
    // Coverage begins anew when all is there again, however soon that is.
    if ((poll.lossy || new_offer) && !poll.missing.empty()) counts.complete_at.reset();
    const base::Time since = counts.read_at.value_or(base::Time{});
    counts.read_at = now;
    counts.restored_at.reset();
    counts.missing = poll.missing;
    counts.left_out = poll.ground.left_out;
    counts.countable = countable;
    counts.poll_every = poll.poll_every;
    counts.resets += poll.resets;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        counts.sums.at(i) = add_bounded(counts.sums.at(i), poll.growth.at(i));
        counts.own.at(i) = add_bounded(counts.own.at(i), poll.own.at(i));
        if (poll.missing.empty()) settle_own(counts, i);
        const std::uint64_t before = counts.totals.at(i);
        raise_total(counts, i, poll.in_flight.at(i), now);
        if (event_at(i) == Event::fallback_scan)
            counts.scans.add(without_counted_uses(counts.totals.at(i) - before, poll), since, now);
    }
}

std::uint64_t settle_scans(SourceCounts& counts, const LegacyUse& use, base::Time now) {
    constexpr auto kHit = index_of(Event::fallback);
    const PendingScans::Outcome outcome = counts.scans.settle(use, now);
    if (outcome.hits > 0) {
        counts.scan_hits += outcome.hits;
        counts.totals.at(kHit) += outcome.hits;
        counts.grew_at.at(kHit) = std::max(counts.grew_at.at(kHit), outcome.last_hit);
        prove(counts.proof, now);
    }
    return outcome.in_vain;
}

void add_own(SourceCounts& counts, Event event) {
    ++counts.own.at(index_of(event));
    ++counts.own_new.at(index_of(event));
}

void restore(SourceCounts& counts, base::Time now) {
    counts.restored_at = now;
    counts.hits_followed = counts.totals.at(index_of(Event::fallback));
    counts.hits_before.fill(counts.sums.at(index_of(Event::auth_cache_hit)));
    for (std::size_t i = 0; i < kEventCount; ++i)
        counts.own_late.at(i) = std::clamp<std::int64_t>(counts.own.at(i), 0, shortfall(counts, i));
}

void Hourly::add(std::string_view name, base::Time at, std::uint64_t by) {
    if (by == 0) return;
    auto found = series_.find(name);
    if (found == series_.end()) found = series_.emplace(std::string(name), Hours{}).first;
    found->second[hour_of(at)] += by;
}

std::uint64_t Hourly::since(std::string_view name, base::Time since) const {
    return between(name, since, base::Time::max());
}

base::Time Hourly::hour_begin(base::Time since) {
    return std::chrono::floor<std::chrono::hours>(since);
}

std::uint64_t Hourly::between(std::string_view name, base::Time from, base::Time until) const {
    const auto found = series_.find(name);
    if (found == series_.end()) return 0;
    std::uint64_t sum = 0;
    for (auto hour = found->second.lower_bound(hour_of(from));
         hour != found->second.end() && hour->first < hour_of(until); ++hour)
        sum += hour->second;
    return sum;
}

void Hourly::forget_before(base::Time until) {
    for (auto& [name, hours] : series_) hours.erase(hours.begin(), hours.lower_bound(hour_of(until)));
}

}  // namespace keyshift::domain
