// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence.hpp"

#include <algorithm>

namespace keyshift::domain {
namespace {

constexpr int kPollsUntilStale = 3;

void raise_total(SourceCounts& counts, std::size_t i, base::Time now) {
    const std::int64_t counted = counts.sums.at(i) - counts.own.at(i);
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

/// The better the evidence of failures, the better it knows how many requests there were.
std::uint64_t attempts(const PerEvent<std::uint64_t>& totals) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kRequestOutcomes; ++i) sum += totals.at(index_of(after(kFirstRequest, i)));
    return sum > 0 ? sum : totals.at(index_of(Event::auth_attempt));
}

void grow(Evidence& evidence, Signal signal, const PerEvent<std::uint64_t>& totals, base::Time now) {
    Headline& headline = evidence.headlines.at(static_cast<std::size_t>(signal));
    const Events events = events_of(signal);
    std::uint64_t grown = 0;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        if (!events.test(i) || totals.at(i) <= headline.marks.at(i)) continue;
        grown += totals.at(i) - headline.marks.at(i);
        evidence.totals.at(i) += totals.at(i) - headline.marks.at(i);
    }
    if (signal == Signal::fallback) evidence.hourly.add(kHourlyFallback, now, grown);
    if (signal != Signal::auth_failures) return;
    evidence.hourly.add(kHourlyFailures, now, grown);
    const std::uint64_t before = attempts(headline.marks);
    const std::uint64_t after = attempts(totals);
    if (after > before) evidence.hourly.add(kHourlyAttempts, now, after - before);
}

void update(Evidence& evidence, Signal signal, std::optional<std::uint64_t> last_used, base::Time now) {
    Headline& headline = evidence.headlines.at(static_cast<std::size_t>(signal));
    for (const std::string_view name : evidence_order(signal)) {
        const auto totals = usable(evidence, name, signal, last_used, now);
        if (!totals) continue;
        if (headline.evidence == name) grow(evidence, signal, *totals, now);
        headline.evidence = name;
        headline.marks = *totals;
        return;
    }
}

}  // namespace

bool SourceCounts::fresh(base::Time now) const {
    return read_at && now - *read_at < kPollsUntilStale * poll_every;
}

bool SourceCounts::complete(base::Time now) const {
    return fresh(now) && missing.empty();
}

void take_look(SourceCounts& counts, const Look& look, base::Time now) {
    const bool gap = !counts.complete_at || now - *counts.complete_at > kGap || now < *counts.complete_at;
    const bool new_offer = (look.offers & ~counts.offers).any();
    if (look.missing.empty() && (gap || look.lossy || new_offer)) counts.counted_since = now;
    if (look.missing.empty()) counts.complete_at = now;
    if (look.lossy && !look.missing.empty()) counts.complete_at.reset();
    counts.read_at = now;
    counts.restored_at.reset();
    counts.missing = look.missing;
    counts.offers = look.offers;
    counts.poll_every = look.poll_every;
    counts.resets += look.resets;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        counts.sums.at(i) += look.growth.at(i);
        raise_total(counts, i, now);
    }
}

void add_own(SourceCounts& counts, Event event, std::int64_t by) {
    counts.own.at(index_of(event)) += by;
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
