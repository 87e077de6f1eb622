// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence.hpp"

#include <algorithm>

#include "domain/bounded.hpp"

namespace keyshift::domain {
namespace {

constexpr int kPollsUntilStale = 3;
/// However short the interval: a busy machine is late by that much.
constexpr base::Duration kAlwaysFresh = std::chrono::seconds{2};

std::int64_t counted_of(const SourceCounts& counts, std::size_t i) {
    return add_bounded(counts.sums.at(i), -counts.own.at(i));
}

/// By how much what counts falls short of what it once was.
std::int64_t shortfall(const SourceCounts& counts, std::size_t i) {
    return std::max<std::int64_t>(0, static_cast<std::int64_t>(counts.totals.at(i)) - counted_of(counts, i));
}

/// After a complete look.
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
    if (counted <= 0 || static_cast<std::uint64_t>(counted) <= counts.totals.at(i)) return;
    counts.totals.at(i) = static_cast<std::uint64_t>(counted);
    counts.grew_at.at(i) = now;
}

std::int64_t hour_of(base::Time t) {
    return std::chrono::floor<std::chrono::hours>(t).time_since_epoch().count();
}

bool awaits_first_look(const SourceCounts& counts, base::Time now) {
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
    const bool awaited = evidence.of(signal).evidence == name && awaits_first_look(source->second, now);
    if (!source->second.fresh(now) && !awaited) return std::nullopt;
    if ((needed_for(signal) & ~source->second.offers).any()) return std::nullopt;
    return source->second.totals;
}

std::uint64_t growth_of(std::size_t i, const PerEvent<std::uint64_t>& totals,
                        const PerEvent<std::uint64_t>& marks) {
    return totals.at(i) - std::min(totals.at(i), marks.at(i));
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
    return counted ? grown : growth_of(index_of(Event::auth_attempt), totals, marks);
}

void grow(Evidence& evidence, Signal signal, const PerEvent<std::uint64_t>& totals, base::Time now) {
    Headline& headline = evidence.headlines.at(static_cast<std::size_t>(signal));
    const Events events = events_of(signal);
    std::uint64_t grown = 0;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        if (!events.test(i)) continue;
        grown += growth_of(i, totals, headline.marks);
        evidence.totals.at(i) += growth_of(i, totals, headline.marks);
    }
    if (signal == Signal::fallback) evidence.hourly.add(kHourlyFallback, now, grown);
    if (signal != Signal::auth_failures) return;
    evidence.hourly.add(kHourlyFailures, now, grown);
    const std::size_t unknown_key = index_of(Event::failure_unknown_key);
    evidence.hourly.add(kHourlyUnknownKeys, now, growth_of(unknown_key, totals, headline.marks));
    evidence.hourly.add(kHourlyAttempts, now, attempts(totals, headline.marks));
}

void update(Evidence& evidence, Signal signal, std::optional<std::uint64_t> last_used, base::Time now) {
    Headline& headline = evidence.headlines.at(static_cast<std::size_t>(signal));
    for (const std::string_view name : evidence_order(signal)) {
        const auto totals = usable(evidence, name, signal, last_used, now);
        if (!totals) continue;
        // Before the first evidence nobody has counted anything: what a log held already is no second count.
        const bool first = headline.evidence.empty() && name != kLastUsed;
        if (first || headline.evidence == name) grow(evidence, signal, *totals, now);
        headline.evidence = name;
        headline.marks = *totals;
        return;
    }
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

void take_look(SourceCounts& counts, const Look& look, base::Time now) {
    const bool gap = !counts.complete_at || now - *counts.complete_at > std::max(kGap, 2 * look.poll_every) ||
                     now < *counts.complete_at;
    const bool new_offer = (look.offers & ~counts.offers).any();
    if (look.missing.empty() && (gap || look.lossy || new_offer)) counts.counted_since = now;
    if (look.missing.empty()) counts.complete_at = now;
    // Coverage begins anew when all is there again, however soon that is.
    if ((look.lossy || new_offer) && !look.missing.empty()) counts.complete_at.reset();
    counts.read_at = now;
    counts.restored_at.reset();
    counts.missing = look.missing;
    counts.offers = look.offers;
    counts.poll_every = look.poll_every;
    counts.resets += look.resets;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        counts.sums.at(i) = add_bounded(counts.sums.at(i), look.growth.at(i));
        if (look.missing.empty() && look.settles) settle_own(counts, i);
        raise_total(counts, i, look.in_flight.at(i), now);
    }
}

void add_own(SourceCounts& counts, Event event) {
    ++counts.own.at(index_of(event));
    ++counts.own_new.at(index_of(event));
}

void restore(SourceCounts& counts, base::Time now) {
    counts.restored_at = now;
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

const std::vector<std::string_view>& evidence_order(Signal signal) {
    static const std::array<std::vector<std::string_view>, kSignalCount> kOrders{{
        {"gateway_metrics", "gateway_log", "statements", "prometheus", kLastUsed},
        {"gateway_metrics", "gateway_log", "statements", "prometheus", "redis"},
        {"access_log", "gateway_log", "gateway_metrics", "prometheus", "statements"},
    }};
    return kOrders.at(static_cast<std::size_t>(signal));
}

void update_headlines(Evidence& evidence, std::optional<std::uint64_t> last_used, base::Time now) {
    for (const Signal signal : {Signal::fallback, Signal::auth_cache, Signal::auth_failures})
        update(evidence, signal, last_used, now);
}

}  // namespace keyshift::domain
