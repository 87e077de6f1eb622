// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence/evidence.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // a full hour
constexpr auto kFallback = index_of(Event::fallback);

Events of(std::initializer_list<Event> events) {
    Events out;
    for (const Event event : events) out.set(index_of(event));
    return out;
}

Poll poll_of(std::int64_t hits = 0, std::vector<std::string> missing = {}) {
    Poll out;
    out.growth.at(kFallback) = hits;
    out.countable = of({Event::fallback});
    out.missing = std::move(missing);
    out.poll_every = 30s;
    return out;
}

Poll lossy(std::vector<std::string> missing = {}) {
    Poll out = poll_of(0, std::move(missing));
    out.lossy = true;
    return out;
}

// ---- one source ----

TEST(SourceCounts, TotalsGrowAndSayWhen) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow);
    EXPECT_EQ(counts.grew_at.at(kFallback), std::nullopt);
    record_poll(counts, poll_of(3), kNow + 1min);
    record_poll(counts, poll_of(), kNow + 2min);
    EXPECT_EQ(counts.totals.at(kFallback), 3U);
    EXPECT_EQ(counts.grew_at.at(kFallback), kNow + 1min);
    EXPECT_EQ(counts.read_at, kNow + 2min);
}

TEST(SourceCounts, WhatLiesInTheFutureOfAClockThatWasSetBackIsOfNow) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow + 24h * 365);
    record_poll(counts, poll_of(3), kNow + 24h * 365 + 1min);
    record_poll(counts, lossy(), kNow + 24h * 365 + 2min);
    record_poll(counts, poll_of(), kNow);
    EXPECT_EQ(counts.grew_at.at(kFallback), kNow);
    EXPECT_EQ(counts.lost_at, kNow);
    EXPECT_EQ(counts.proof.since, kNow);
    record_poll(counts, poll_of(), kNow + 1min);
    EXPECT_EQ(counts.grew_at.at(kFallback), kNow) << "and stays where it is";
}

TEST(SourceCounts, AClockThatWasNotSetBackChangesNothingOfWhatIsKnown) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow);
    counts.grew_at.at(kFallback) = kNow + 10min;  // as another process has saved it
    record_poll(counts, poll_of(), kNow + 1min);
    EXPECT_EQ(counts.grew_at.at(kFallback), kNow + 10min);
}

TEST(SourceCounts, ATotalNeverGoesBack) {
    SourceCounts counts;
    for (const std::int64_t growth : {-5, 3, 4, -2, 1}) record_poll(counts, poll_of(growth), kNow);
    EXPECT_EQ(counts.sums.at(kFallback), 1);
    EXPECT_EQ(counts.totals.at(kFallback), 2U);
    record_poll(counts, poll_of(2), kNow + 1h);
    EXPECT_EQ(counts.totals.at(kFallback), 3U);
}

TEST(SourceCounts, PollsThatAreFarApartAreNoGapsByThemselves) {
    SourceCounts counts;
    Poll rare = poll_of();
    rare.poll_every = 20min;
    record_poll(counts, rare, kNow);
    record_poll(counts, rare, kNow + 40min);
    EXPECT_EQ(counts.counted_since, kNow);
    record_poll(counts, rare, kNow + 80min + 1us);
    EXPECT_EQ(counts.counted_since, kNow + 80min + 1us);
}

TEST(SourceCounts, CacheHitsAreWhatThreePollsAgreeOn) {
    constexpr auto kHit = index_of(Event::auth_cache_hit);
    const auto shown = [](std::initializer_list<std::int64_t> growths, SourceCounts counts = {}) {
        for (const std::int64_t growth : growths) {
            Poll seen = poll_of();
            seen.growth.at(kHit) = growth;
            record_poll(counts, seen, kNow);
        }
        return counts.totals.at(kHit);
    };
    // Keys that are managed are read first and changed a moment later.
    EXPECT_EQ(shown({5, -5, 0, 3, -3, 0, 0}), 0U);
    EXPECT_EQ(shown({5, -5, 5, -5, 1, -1, 0}), 0U);
    EXPECT_EQ(shown({3, 7, 0, -5}), 5U);
    EXPECT_EQ(shown({5, 1}), 0U);
    EXPECT_EQ(shown({5, 1, 2}), 5U);
    EXPECT_EQ(shown({5, 1, 2, 0, 0}), 8U);
    SourceCounts saved;
    saved.sums.at(kHit) = 7;
    restore(saved, kNow);
    EXPECT_EQ(shown({1}, saved), 7U) << "what was there before a restart was agreed on";
}

TEST(SourceCounts, SumsStopAtTheLargestNumber) {
    SourceCounts counts;
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < 3; ++i) record_poll(counts, poll_of(kMost), kNow);
    EXPECT_EQ(counts.sums.at(kFallback), kMost);
    EXPECT_EQ(counts.totals.at(kFallback), static_cast<std::uint64_t>(kMost));
}

TEST(SourceCounts, ThreePollsWithoutSuccessAreTooMany) {
    SourceCounts counts;
    EXPECT_FALSE(counts.fresh(kNow)) << "never read";
    record_poll(counts, poll_of(), kNow);
    EXPECT_TRUE(counts.fresh(kNow + 90s - 1us) && counts.complete(kNow));
    EXPECT_FALSE(counts.fresh(kNow + 90s) || counts.complete(kNow + 90s));
    EXPECT_TRUE(counts.fresh(kNow - 90s));
    counts.poll_every = 100ms;
    EXPECT_TRUE(counts.fresh(kNow + 2s - 1us)) << "a busy machine";
    EXPECT_FALSE(counts.fresh(kNow + 2s));
    counts.poll_every = 30s;
    EXPECT_FALSE(counts.fresh(kNow - 90s - 1us)) << "the clock was set back";
    record_poll(counts, poll_of(0, {"a"}), kNow);
    EXPECT_TRUE(counts.fresh(kNow) && !counts.complete(kNow));
    Poll without_interval = poll_of();
    without_interval.poll_every = {};
    record_poll(counts, without_interval, kNow);
    EXPECT_FALSE(counts.fresh(kNow));
}

struct CoverageRow {
    const char* name;
    base::Duration after;  ///< a complete poll at kNow
    Poll seen;
    base::Duration then;  ///< a complete poll afterwards
    std::optional<base::Duration> since = base::Duration{};
};

Poll offering(Events countable, std::vector<std::string> missing = {}) {
    Poll out = poll_of(0, std::move(missing));
    out.countable = countable;
    return out;
}

const std::vector<CoverageRow> kCoverage{
    {"unbroken", 1min, poll_of(), 2min},
    {"15 min without a poll", 15min, poll_of(), 30min},
    {"longer", 15min + 1us, poll_of(), 16min, 15min + 1us},
    {"the clock was set back", -1us, poll_of(), 1min, -1us},
    {"15 min without a part", 1min, poll_of(0, {"a"}), 15min},
    {"a part longer away", 14min, poll_of(0, {"a"}), 15min + 1us, 15min + 1us},
    {"lossy", 1min, lossy(), 2min, 1min},
    {"lossy while a part is away", 1min, lossy({"a"}), 2min, 2min},
    {"a new event", 1min, offering(of({Event::fallback, Event::auth_attempt})), 2min, 1min},
    {"a new event while a part is away", 1min, offering(of({Event::fallback, Event::auth_attempt}), {"a"}),
     2min, 2min},
    {"an event that is not offered for a while", 1min, offering({}), 2min, 2min},
};

TEST(SourceCounts, CoverageBeginsAnewWhenSomethingMayHaveBeenMissed) {
    for (const CoverageRow& row : kCoverage) {
        SCOPED_TRACE(row.name);
        SourceCounts counts;
        record_poll(counts, poll_of(), kNow);
        EXPECT_EQ(counts.counted_since, kNow);
        record_poll(counts, row.seen, kNow + row.after);
        Poll then = poll_of();
        if (row.seen.countable.count() > 1) then.countable = row.seen.countable;
        record_poll(counts, then, kNow + row.then);
        EXPECT_EQ(counts.counted_since, kNow + *row.since);
        EXPECT_EQ(counts.complete_at, kNow + row.then);
    }
}

TEST(SourceCounts, AnEventThatIsNoLongerOfferedBreaksNoCoverage) {
    SourceCounts counts;
    record_poll(counts, offering(of({Event::fallback, Event::auth_attempt})), kNow);
    record_poll(counts, poll_of(), kNow + 1min);
    EXPECT_EQ(counts.counted_since, kNow);
}

TEST(SourceCounts, CoverageNeedsACompletePoll) {
    SourceCounts counts;
    record_poll(counts, poll_of(0, {"a"}), kNow);
    EXPECT_EQ(counts.counted_since, std::nullopt);
    EXPECT_EQ(counts.missing, std::vector<std::string>{"a"});
    record_poll(counts, poll_of(), kNow + 1min);
    EXPECT_EQ(counts.counted_since, kNow + 1min);
    EXPECT_TRUE(counts.missing.empty());
}

TEST(SourceCounts, ResetsAddUpAndAPollEndsTheWaitAfterARestart) {
    SourceCounts counts;
    restore(counts, kNow);
    EXPECT_EQ(counts.restored_at, kNow);
    Poll reset = poll_of();
    reset.resets = 2;
    record_poll(counts, reset, kNow);
    record_poll(counts, reset, kNow);
    EXPECT_EQ(counts.resets, 4U);
    EXPECT_EQ(counts.restored_at, std::nullopt);
}

// ---- what keyshift itself causes ----

TEST(OwnEvents, AreLeftOut) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow);
    add_own(counts, Event::fallback);
    record_poll(counts, poll_of(1), kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 0U);
    for (int i = 0; i < 3; ++i) record_poll(counts, poll_of(), kNow);
    record_poll(counts, poll_of(1), kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 1U);
}

TEST(OwnEvents, MayShowOnePollLater) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow);
    add_own(counts, Event::fallback);
    record_poll(counts, poll_of(), kNow);
    record_poll(counts, poll_of(1), kNow);
    for (int i = 0; i < 3; ++i) record_poll(counts, poll_of(), kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 0U);
}

TEST(OwnEvents, ThatTheSourceNeverShowsHideNothingOfOthers) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow);
    for (int i = 0; i < 5; ++i) {
        add_own(counts, Event::fallback);
        record_poll(counts, poll_of(), kNow);
        record_poll(counts, poll_of(), kNow);
    }
    record_poll(counts, poll_of(1), kNow + 1h);
    EXPECT_EQ(counts.totals.at(kFallback), 1U);
    EXPECT_EQ(counts.grew_at.at(kFallback), kNow + 1h);
    EXPECT_EQ(counts.own.at(kFallback), 0);
}

TEST(OwnEvents, AreWaitedForWhileAPartIsMissing) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow);
    add_own(counts, Event::fallback);
    for (int i = 0; i < 5; ++i) record_poll(counts, poll_of(0, {"a"}), kNow);
    record_poll(counts, poll_of(1), kNow);
    record_poll(counts, poll_of(), kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 0U);
}

TEST(OwnEvents, InFlightAreNotBelievedUntilItIsKnown) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow);
    Poll during = poll_of(1);
    during.in_flight.at(kFallback) = 1;
    record_poll(counts, during, kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 0U);
    SourceCounts caused = counts;
    record_poll(counts, poll_of(), kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 1U) << "somebody else's";
    add_own(caused, Event::fallback);
    record_poll(caused, poll_of(), kNow);
    EXPECT_EQ(caused.totals.at(kFallback), 0U);
}

TEST(OwnEvents, OfBeforeARestartAreWaitedForOnceMore) {
    SourceCounts counts;
    counts.own.at(kFallback) = 3;
    counts.sums.at(kFallback) = 2;
    SourceCounts shown = counts;
    for (SourceCounts* const each : {&counts, &shown}) restore(*each, kNow);
    record_poll(shown, poll_of(1), kNow);
    record_poll(shown, poll_of(1), kNow);
    EXPECT_EQ(shown.totals.at(kFallback), 1U);
    record_poll(counts, poll_of(), kNow);
    record_poll(counts, poll_of(1), kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 1U);
    EXPECT_EQ(counts.own.at(kFallback), 2);
}

TEST(OwnEvents, ThatTheSourceKnowsAreLeftOutAndHideNobody) {
    SourceCounts counts;
    Poll seen = poll_of(3);
    seen.own.at(kFallback) = 1;
    record_poll(counts, seen, kNow);
    record_poll(counts, poll_of(1), kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 3U);
    seen = poll_of(1);
    seen.own.at(kFallback) = 1;
    record_poll(counts, seen, kNow + 1h);
    EXPECT_EQ(counts.totals.at(kFallback), 3U);
    EXPECT_EQ(counts.grew_at.at(kFallback), kNow);
}

TEST(OwnEvents, AreNotTakenBackForWhatOthersCountedLess) {
    SourceCounts counts;
    record_poll(counts, poll_of(5), kNow);
    record_poll(counts, poll_of(-2), kNow);
    restore(counts, kNow);
    for (int i = 0; i < 3; ++i) record_poll(counts, poll_of(), kNow);
    record_poll(counts, poll_of(2), kNow);
    EXPECT_EQ(counts.totals.at(kFallback), 5U);
}

// ---- growth by hour ----

TEST(Hourly, TheHourThatAWindowBeginsInCountsInFull) {
    Hourly hourly;
    hourly.add("x", kNow, 1);
    hourly.add("x", kNow + 1h - 1us, 2);
    hourly.add("x", kNow + 1h, 4);
    hourly.add("y", kNow, 8);
    EXPECT_EQ(hourly.since("x", kNow), 7U);
    EXPECT_EQ(hourly.since("x", kNow + 1h - 1us), 7U);
    EXPECT_EQ(hourly.since("x", kNow + 1h), 4U);
    EXPECT_EQ(hourly.since("x", kNow + 2h), 0U);
    EXPECT_EQ(hourly.since("z", kNow), 0U);
    EXPECT_EQ(hourly.between("x", kNow, kNow + 1h), 3U);
    EXPECT_EQ(hourly.between("x", kNow, kNow + 59min), 0U);
    EXPECT_EQ(hourly.between("x", kNow - 1h, kNow + 2h), 7U);
}

TEST(Hourly, ForgetsWholeHoursAndKeepsNoZeros) {
    Hourly hourly;
    hourly.add("x", kNow, 0);
    EXPECT_TRUE(hourly.series().empty());
    hourly.add("x", kNow - 1us, 1);
    hourly.add("x", kNow, 2);
    hourly.forget_before(kNow + 59min);
    EXPECT_EQ(hourly.since("x", {}), 2U);
    hourly.add("x", base::Time{-1us}, 1);
    EXPECT_EQ(hourly.series().at("x").count(-1), 1U) << "before 1970";
}

// ---- headlines ----

class HeadlinesTest : public ::testing::Test {
 protected:
    void record(const std::string& source, const Poll& seen) {
        record_poll(evidence_.sources[source], seen, now_);
        update();
    }
    void update() { update_headlines(evidence_, {usual_sources(), measurable_}, last_used_, now_); }
    std::string evidence(Signal signal = Signal::fallback) const { return evidence_.of(signal).evidence; }
    std::uint64_t total(Event event = Event::fallback) const { return evidence_.totals.at(index_of(event)); }
    /// Three polls of each, in which nothing is counted.
    void let_polls_pass(const std::vector<std::string>& sources, const Poll& seen) {
        for (int poll = 0; poll < 3; ++poll) {
            now_ += seen.poll_every;
            for (const std::string& source : sources) record(source, seen);
        }
    }

    Evidence evidence_;
    std::map<std::string, Events> measurable_;
    std::optional<std::uint64_t> last_used_;
    base::Time now_ = kNow;
};

TEST_F(HeadlinesTest, EachFollowsTheBestEvidence) {
    update();
    EXPECT_EQ(evidence(), "");
    for (const char* const name : {"prometheus", "statements", "gateway_log", "gateway_metrics"}) {
        record(name, poll_of());
        EXPECT_EQ(evidence(), name);
    }
    record("gateway_metrics", poll_of(1));
    record("prometheus", poll_of(5));
    EXPECT_EQ(evidence(), "gateway_metrics");
    EXPECT_EQ(total(), 1U);
    EXPECT_EQ(evidence(Signal::auth_cache), "");
}

TEST_F(HeadlinesTest, WhatHasCountedNothingYetHidesNothing) {
    record("gateway_log", poll_of());
    EXPECT_EQ(evidence(), "gateway_log");
    record("statements", poll_of(3));
    let_polls_pass({"gateway_log", "statements"}, poll_of());
    EXPECT_EQ(evidence(), "statements");
    EXPECT_EQ(total(), 3U) << "nobody had counted anything before";
    lapse(evidence_.sources.at("statements").proof, "why");
    update();
    EXPECT_EQ(evidence(), "gateway_log");
    prove(evidence_.sources.at("statements").proof, kNow);
    evidence_.sources.at("statements").proof.doubt = "why";
    update();
    EXPECT_EQ(evidence(), "gateway_log");
    last_used_ = 1;
    let_polls_pass({"gateway_log"}, poll_of());
    EXPECT_EQ(evidence(), "last_used") << "uses were seen";
}

TEST_F(HeadlinesTest, WhoHasCountedNothingYetMayOnlyBeLate) {
    record("gateway_metrics", poll_of());
    record("statements", poll_of(20));
    EXPECT_EQ(evidence(), "gateway_metrics");
    now_ += poll_of().poll_every;
    record("gateway_metrics", poll_of(18));
    record("statements", poll_of());
    EXPECT_EQ(evidence(), "gateway_metrics");
    EXPECT_EQ(total(), 18U) << "two were in vain, and none was counted by both";
    let_polls_pass({"gateway_metrics", "statements"}, poll_of());
    EXPECT_EQ(total(), 18U);
}

TEST_F(HeadlinesTest, WhoIsLateHasItsTimeEachTime) {
    record("gateway_metrics", poll_of());
    record("statements", poll_of(2));
    now_ += 2 * poll_of().poll_every;
    record("gateway_metrics", poll_of());
    record("statements", poll_of());
    EXPECT_EQ(evidence(), "gateway_metrics") << "three polls, not two";
    now_ += poll_of().poll_every;
    record("gateway_metrics", poll_of());
    EXPECT_EQ(evidence(), "statements");
    EXPECT_EQ(total(), 2U);
}

TEST_F(HeadlinesTest, WhoIsDoubtedIsNotOnlyLate) {
    Poll doubted = poll_of();
    doubted.ground.doubt = "its log leaves such lines out";
    record("gateway_metrics", doubted);
    EXPECT_EQ(evidence(), "gateway_metrics");
    record("statements", poll_of(2));
    EXPECT_EQ(evidence(), "statements");
}

TEST_F(HeadlinesTest, WhoIsNotTheEvidenceHasNoTimeToBeLate) {
    record("statements", poll_of(2));
    EXPECT_EQ(evidence(), "statements");
    record("gateway_metrics", poll_of());
    EXPECT_EQ(evidence(), "statements") << "what has counted nothing shows nothing";
}

TEST_F(HeadlinesTest, OfOtherSignalsTooButARequestShowsThatFailuresWould) {
    const auto count = [](std::initializer_list<Event> countable, Event event, std::int64_t by) {
        Poll out = offering(of(countable));
        out.growth.at(index_of(event)) = by;
        return out;
    };
    const std::initializer_list<Event> cache{Event::auth_cache_hit, Event::auth_cache_miss};
    record("gateway_log", count(cache, Event::auth_cache_hit, 0));
    record("statements", count(cache, Event::auth_cache_miss, 2));
    let_polls_pass({"gateway_log", "statements"}, count(cache, Event::auth_cache_miss, 0));
    EXPECT_EQ(evidence(Signal::auth_cache), "statements");
    EXPECT_EQ(total(Event::auth_cache_miss), 2U);
    record("gateway_log", count(cache, Event::auth_cache_miss, 1));
    EXPECT_EQ(evidence(Signal::auth_cache), "gateway_log");
    EXPECT_EQ(total(Event::auth_cache_miss), 2U);
    record("gateway_log", count(cache, Event::auth_cache_miss, 2));
    EXPECT_EQ(total(Event::auth_cache_miss), 4U);
    const std::initializer_list<Event> fails{Event::failure_unknown_key, Event::request_success};
    record("statements", count(fails, Event::failure_unknown_key, 4));
    record("access_log", count(fails, Event::request_success, 0));
    EXPECT_EQ(evidence(Signal::auth_failures), "statements");
    record("access_log", count(fails, Event::request_success, 1));
    EXPECT_EQ(evidence(Signal::auth_failures), "access_log");
}

TEST_F(HeadlinesTest, AllThatTheFirstEvidenceHasCountedCountsABoundToo) {
    Poll cache = offering(of({Event::auth_cache_hit, Event::auth_cache_miss}));
    cache.growth.at(index_of(Event::auth_cache_miss)) = 3;
    record("redis", cache);
    EXPECT_EQ(evidence(Signal::auth_cache), "redis");
    EXPECT_EQ(total(Event::auth_cache_miss), 3U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyFailures, kNow - 1h), 0U) << "none of them is a failure";
}

TEST_F(HeadlinesTest, AnUpperBoundIsNoEvidenceOfWhatAConfiguredSourceMayCount) {
    const Events needed = of({Event::auth_cache_hit, Event::auth_cache_miss});
    Poll cache = offering(needed);
    cache.growth.at(index_of(Event::auth_cache_miss)) = 9;
    measurable_ = {{"redis", needed}, {"statements", needed}, {"access_log", of({Event::auth_cache_hit})}};
    record("redis", cache);
    EXPECT_EQ(evidence(Signal::auth_cache), "") << "nobody has read the statements yet";
    record("statements", offering(needed));
    record("redis", cache);
    EXPECT_EQ(evidence(Signal::auth_cache), "statements") << "what it may count is not counted twice";
    EXPECT_EQ(total(Event::auth_cache_miss), 0U);
    now_ += 1h;
    record("redis", cache);
    EXPECT_EQ(total(Event::auth_cache_miss), 0U) << "a missing number is bad, a false one is worse";
    cache.growth.at(index_of(Event::auth_cache_miss)) = 2;
    record("statements", cache);
    EXPECT_EQ(total(Event::auth_cache_miss), 2U);
    record("statements", offering(of({Event::fallback})));
    record("redis", cache);
    EXPECT_EQ(evidence(Signal::auth_cache), "redis") << "it cannot, here";
}

TEST_F(HeadlinesTest, StatementsAreAnUpperBoundOfFailures) {
    const Events fails = of({Event::failure_unknown_key, Event::fallback});
    Poll seen = offering(fails);
    seen.growth.at(index_of(Event::failure_unknown_key)) = 3;
    measurable_ = {{"statements", fails}, {"gateway_metrics", fails}};
    record("statements", seen);
    EXPECT_EQ(evidence(), "statements") << "and they count hits";
    EXPECT_EQ(evidence(Signal::auth_failures), "") << "one may have been of a legacy key, whose scan comes";
    seen.growth.at(index_of(Event::failure_unknown_key)) = 2;
    record("gateway_metrics", seen);
    EXPECT_EQ(total(Event::failure_unknown_key), 2U);
    measurable_.erase("gateway_metrics");
    now_ += 1h;
    record("statements", seen);
    EXPECT_EQ(evidence(Signal::auth_failures), "statements") << "nobody else is configured";
    EXPECT_EQ(total(Event::failure_unknown_key), 2U) << "a bound raises nothing";
    record("statements", seen);
    EXPECT_EQ(total(Event::failure_unknown_key), 4U);
}

TEST_F(HeadlinesTest, AnUpperBoundServesWhereNobodyElseIsConfigured) {
    const Events needed = of({Event::auth_cache_hit, Event::auth_cache_miss});
    Poll cache = offering(needed);
    cache.growth.at(index_of(Event::auth_cache_miss)) = 9;
    measurable_ = {{"redis", needed}, {"access_log", of({Event::auth_cache_hit})}};
    record("statements", offering(needed));
    record("redis", cache);
    let_polls_pass({"statements", "redis"}, offering(needed));
    EXPECT_EQ(evidence(Signal::auth_cache), "redis") << "those statements are of an earlier configuration";
    record("redis", cache);
    EXPECT_EQ(total(Event::auth_cache_miss), 9U);
}

TEST_F(HeadlinesTest, WhatASourceCannotCountItIsNoEvidenceOf) {
    record("statements", offering(of({Event::fallback, Event::auth_cache_hit, Event::auth_cache_miss})));
    record("gateway_metrics", offering(of({Event::auth_cache_hit, Event::failure_blocked})));
    EXPECT_EQ(evidence(), "statements");
    EXPECT_EQ(evidence(Signal::auth_cache), "statements");
    EXPECT_EQ(evidence(Signal::auth_failures), "");
    record("access_log", offering(of({Event::failure_unknown_key})));
    EXPECT_EQ(evidence(Signal::auth_failures), "access_log");
}

TEST_F(HeadlinesTest, GoesOnFromItsValueWhenTheEvidenceChanges) {
    record("statements", poll_of());
    record("statements", poll_of(3));
    EXPECT_EQ(total(), 3U);
    record("gateway_metrics", poll_of());
    record("statements", poll_of(2));
    record("gateway_metrics", poll_of(2));
    EXPECT_EQ(evidence(), "gateway_metrics");
    EXPECT_EQ(total(), 5U) << "seen by both, counted once";
    now_ += 80s;
    record("statements", poll_of(4));
    now_ += 10s;
    update();
    EXPECT_EQ(evidence(), "statements") << "the better one has been silent for three polls";
    EXPECT_EQ(total(), 9U) << "it has counted so many in all";
    record("statements", poll_of(1));
    EXPECT_EQ(total(), 10U);
    record("gateway_metrics", poll_of(5));
    EXPECT_EQ(evidence(), "gateway_metrics");
    EXPECT_EQ(total(), 10U);
    record("gateway_metrics", poll_of(1));
    EXPECT_EQ(total(), 11U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyFallback, {}), 11U);
}

TEST_F(HeadlinesTest, WithoutAnyEvidenceTheNameOfTheLastStays) {
    record("statements", poll_of());
    now_ += 1h;
    update();
    EXPECT_EQ(evidence(), "statements");
    record("statements", poll_of(2));
    EXPECT_EQ(total(), 2U) << "counters go on";
}

TEST_F(HeadlinesTest, AfterARestartTheEvidenceOfBeforeHasThreePollsToComeBack) {
    last_used_ = 10;
    record("statements", poll_of(3));
    now_ += 1h;
    restore(evidence_.sources.at("statements"), now_);
    last_used_ = 11;
    now_ += 90s - 1us;
    update();
    EXPECT_EQ(evidence(), "statements");
    Evidence late = evidence_;
    update_headlines(late, {usual_sources(), measurable_}, last_used_, now_ + 1us);
    EXPECT_EQ(late.of(Signal::fallback).evidence, kLastUsed);
    record("statements", poll_of(2));
    EXPECT_EQ(total(), 5U) << "what was counted meanwhile too";
}

TEST_F(HeadlinesTest, WhatTheFirstEvidenceFindsCounts) {
    record("gateway_log", poll_of(3));
    EXPECT_EQ(total(), 3U);
    record("gateway_metrics", poll_of(3));
    EXPECT_EQ(total(), 3U) << "the same events, seen by another source";
}

TEST_F(HeadlinesTest, OnlyTheEvidenceOfBeforeIsAwaited) {
    record("statements", poll_of());
    record("gateway_metrics", poll_of());
    now_ += 1h;
    for (const char* const name : {"statements", "gateway_metrics"}) {
        restore(evidence_.sources.at(name), now_);
        prove(evidence_.sources.at(name).proof, now_);
    }
    evidence_.headlines.front().evidence = "statements";
    update();
    EXPECT_EQ(evidence(), "statements");
}

TEST_F(HeadlinesTest, GrowthIsKeptByTheHour) {
    record("gateway_metrics", poll_of());
    now_ += 1h;
    record("gateway_metrics", poll_of(4));
    EXPECT_EQ(evidence_.hourly.between(kHourlyFallback, now_, now_ + 1h), 4U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyFailures, {}), 0U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyAttempts, {}), 0U);
}

Poll requests_poll(std::int64_t unknown, std::int64_t blocked, std::int64_t success, std::int64_t attempts) {
    Poll out;
    out.countable = failures() | requests() | of({Event::auth_attempt});
    out.growth.at(index_of(Event::failure_unknown_key)) = unknown;
    out.growth.at(index_of(Event::failure_blocked)) = blocked;
    out.growth.at(index_of(Event::request_auth_failure)) = success > 0 ? unknown + blocked : 0;
    out.growth.at(index_of(Event::request_success)) = success;
    out.growth.at(index_of(Event::auth_attempt)) = attempts;
    out.poll_every = 30s;
    return out;
}

TEST_F(HeadlinesTest, FailuresAreCountedWithWhatWasTried) {
    record("access_log", requests_poll(0, 0, 0, 0));
    record("access_log", requests_poll(2, 1, 7, 100));
    EXPECT_EQ(total(Event::failure_unknown_key), 2U);
    EXPECT_EQ(total(Event::failure_blocked), 1U);
    EXPECT_EQ(total(Event::request_success), 0U) << "no headline shows it";
    EXPECT_EQ(evidence_.hourly.since(kHourlyFailures, {}), 3U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyFailed, {}), 3U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyUnknownKeys, {}), 2U);
    EXPECT_EQ(evidence_.hourly.since(event_name(Event::failure_unknown_key), {}), 2U);
    EXPECT_EQ(evidence_.hourly.since(event_name(Event::failure_blocked), {}), 1U);
    EXPECT_EQ(evidence_.hourly.since(event_name(Event::request_success), {}), 0U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyAttempts, {}), 10U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyFallback, {}), 0U);
}

TEST_F(HeadlinesTest, HoursHoldWhatANewEvidenceRaises) {
    record("gateway_log", requests_poll(0, 0, 0, 0));
    record("gateway_log", requests_poll(1, 0, 1, 1));
    ASSERT_EQ(evidence(Signal::auth_failures), "gateway_log");
    record("access_log", requests_poll(0, 0, 0, 0));
    record("access_log", requests_poll(5, 2, 7, 9));
    ASSERT_EQ(evidence(Signal::auth_failures), "access_log");
    ASSERT_EQ(total(Event::failure_unknown_key), 5U);
    EXPECT_EQ(evidence_.hourly.since(event_name(Event::failure_unknown_key), {}), 5U);
    EXPECT_EQ(evidence_.hourly.since(event_name(Event::failure_blocked), {}), 2U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyFailures, {}), 7U);
}

TEST_F(HeadlinesTest, WhoeverWasHeldBackOrBroughtNoKeyHasNotTried) {
    record("access_log", requests_poll(0, 0, 0, 0));
    Poll seen = requests_poll(2, 0, 7, 0);
    seen.growth.at(index_of(Event::request_auth_failure)) = 2 + 3 + 4 + 5;
    seen.growth.at(index_of(Event::request_rate_limited)) = 6;
    seen.growth.at(index_of(Event::failure_missing_header)) = 3;
    seen.growth.at(index_of(Event::failure_malformed_header)) = 4;
    seen.growth.at(index_of(Event::failure_forbidden)) = 5;
    seen.growth.at(index_of(Event::failure_rate_limited)) = 6;
    record("access_log", seen);
    EXPECT_EQ(evidence_.hourly.since(kHourlyFailed, {}), 2U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyAttempts, {}), 9U);
    EXPECT_EQ(evidence_.hourly.since(kHourlyFailures, {}), 20U) << "what status shows";
}

TEST_F(HeadlinesTest, WhereRequestsAreNotCountedAuthenticationsAre) {
    record("statements", requests_poll(0, 0, 0, 0));
    record("statements", requests_poll(1, 0, 0, 50));
    EXPECT_EQ(evidence_.hourly.since(kHourlyAttempts, {}), 50U);
    record("statements", requests_poll(0, 0, 3, 20));
    EXPECT_EQ(evidence_.hourly.since(kHourlyAttempts, {}), 53U) << "the two are not compared";
}

// ---- the lower bound that last uses are ----

class LowerBound : public HeadlinesTest {
 protected:
    /// A poll of the key table, of which nothing is later than half a minute ago.
    void poll(std::uint64_t uses) {
        last_used_ = uses;
        update();
        follow_uses(evidence_, {uses, now_, 30s, 1h}, now_);
    }
    void pass(base::Duration d) {
        now_ += d;
        for (auto& [name, counts] : evidence_.sources) counts.read_at = counts.complete_at = now_;
    }
    bool contradicted() const { return is_contradicted(evidence_, 168h, now_); }
};

TEST_F(LowerBound, IsTheLastResort) {
    poll(10);
    EXPECT_EQ(evidence(), kLastUsed);
    EXPECT_EQ(total(), 0U) << "of before the first evidence";
    poll(12);
    EXPECT_EQ(total(), 2U);
    record("statements", poll_of());
    EXPECT_EQ(evidence(), kLastUsed) << "nothing shows that statements would";
    record("statements", poll_of(1));
    EXPECT_EQ(evidence(), "statements");
    EXPECT_EQ(total(), 2U);
    poll(1);  // the state began anew
    now_ += 1h;
    poll(1);
    EXPECT_EQ(evidence(), kLastUsed);
    poll(0);
    poll(1);
    EXPECT_EQ(total(), 3U);
}

TEST_F(LowerBound, AUseThatASourceHasCountedIsNotCountedAgainWhenTheSourceIsGone) {
    poll(0);
    record("statements", poll_of(1));
    pass(2h);
    poll(0);
    record("statements", poll_of(1));
    EXPECT_EQ(total(), 2U);
    lapse(evidence_.sources.at("statements").proof, "why");
    last_used_ = 1;
    update();
    EXPECT_EQ(evidence(), kLastUsed);
    poll(1);
    poll(2);
    EXPECT_EQ(total(), 3U) << "one of the two uses was counted";
}

TEST_F(LowerBound, WhatItHasCountedASourceThatTellsItLaterDoesNotCountAgain) {
    poll(0);
    record("statements", poll_of());
    prove(evidence_.sources.at("statements").proof, now_);
    lapse(evidence_.sources.at("statements").proof, "why");
    poll(3);
    poll(6);
    EXPECT_EQ(evidence(), kLastUsed);
    record("statements", poll_of(2));
    prove(evidence_.sources.at("statements").proof, now_);
    update();
    EXPECT_EQ(evidence(), "statements");
    EXPECT_EQ(total(), 6U);
    record("statements", poll_of(4));
    EXPECT_EQ(total(), 6U);
    record("statements", poll_of(1));
    EXPECT_EQ(total(), 7U);
}

TEST_F(LowerBound, ASourceThatTakesOverTellsLateWhatTheOtherHasCounted) {
    record("statements", poll_of());
    record("prometheus", poll_of());
    record("statements", poll_of(5));
    record("prometheus", poll_of(3));
    pass(1min);
    lapse(evidence_.sources.at("statements").proof, "why");
    update();
    EXPECT_EQ(evidence(), "prometheus");
    record("prometheus", poll_of(2));
    EXPECT_EQ(total(), 5U);
    record("prometheus", poll_of(1));
    EXPECT_EQ(total(), 6U);
    record("statements", poll_of(1));
    prove(evidence_.sources.at("statements").proof, now_);
    update();
    EXPECT_EQ(evidence(), "statements");
    record("statements", poll_of(1));
    EXPECT_EQ(total(), 7U) << "it has told all of before";
}

TEST_F(LowerBound, WhatNobodyTellsForLongIsNotWaitedFor) {
    const auto told_after = [this](base::Duration wait, bool silent) {
        evidence_ = {};
        now_ = kNow;
        record("statements", poll_of());
        record("prometheus", poll_of());
        pass(1h);
        record("statements", poll_of(1));
        for (const base::Time end = now_ + wait; now_ < end;) {
            now_ += 1min;
            record("statements", poll_of());
            if (!silent) record("prometheus", poll_of());
        }
        lapse(evidence_.sources.at("statements").proof, "why");
        prove(evidence_.sources.at("prometheus").proof, now_);
        record("prometheus", poll_of());
        EXPECT_EQ(evidence(), "prometheus");
        record("prometheus", poll_of(1));
        return total();
    };
    EXPECT_EQ(told_after(28min, false), 1U);
    EXPECT_EQ(told_after(31min, false), 2U) << "another hit";
    EXPECT_EQ(told_after(28min, true), 1U);
    EXPECT_EQ(told_after(10h, true), 1U) << "one that was silent has its time";
}

TEST_F(LowerBound, IsNotRaisedWhereFewerUsesAreKnownThanBefore) {
    record("statements", poll_of());
    poll(10);
    pass(1h);
    poll(4);
    EXPECT_EQ(total(), 0U) << "of a state that was restored";
    poll(5);
    EXPECT_EQ(total(), 1U);
}

TEST_F(LowerBound, WhatTheEvidenceHasCountedIsNotCountedAgain) {
    poll(10);
    record("statements", poll_of());
    pass(2h);
    record("statements", poll_of(1));
    poll(11);
    EXPECT_EQ(total(), 1U);
    poll(12);
    EXPECT_EQ(total(), 2U) << "raised";
    record("statements", poll_of(1));
    EXPECT_EQ(total(), 2U) << "it was counted later than it was seen";
    record("statements", poll_of(1));
    EXPECT_EQ(total(), 3U);
    pass(1h);
    poll(12);
    EXPECT_FALSE(contradicted());
    EXPECT_EQ(evidence_.hourly.since(kHourlyFallback, {}), 3U);
}

TEST_F(LowerBound, AHitThatIsCountedAfterTheUseIsNoOtherHoweverYoungTheEvidence) {
    poll(0);
    record("statements", poll_of(1));
    poll(0);
    pass(30s);
    poll(1);
    EXPECT_EQ(total(), 1U) << "the hit of before may have been it";
    poll(2);
    EXPECT_EQ(total(), 2U);
    record("statements", poll_of(1));
    EXPECT_EQ(total(), 2U);
    EXPECT_FALSE(contradicted());
}

TEST_F(LowerBound, AUseMayBeWrittenAsLateAsTheGatewayWrites) {
    poll(0);
    record("statements", poll_of());
    pass(2h);
    poll(0);
    record("statements", poll_of(1));
    pass(59min);
    poll(0);
    pass(30s);
    poll(1);
    EXPECT_EQ(total(), 1U);
    record("statements", poll_of(1));
    pass(1h + 5min);
    poll(1);
    pass(1min);
    poll(2);
    EXPECT_EQ(total(), 3U) << "later than that it is another one";
}

TEST_F(LowerBound, EvidenceThatMissesUsesIsContradicted) {
    poll(0);
    record("statements", poll_of(1));
    pass(2h);
    poll(0);
    poll(1);
    EXPECT_EQ(evidence(), "statements");
    EXPECT_EQ(total(), 2U);
    pass(15min - 1us);
    poll(1);
    EXPECT_FALSE(contradicted()) << "it may come later";
    EXPECT_TRUE(evidence_.sources.at("statements").proof.since);
    pass(1us);
    poll(1);
    EXPECT_TRUE(contradicted());
    EXPECT_EQ(evidence_.contradicted, "statements");
    EXPECT_FALSE(evidence_.sources.at("statements").proof.since);
    EXPECT_EQ(total(), 2U);
    pass(168h - 1us);
    EXPECT_TRUE(contradicted());
    pass(1us);
    EXPECT_FALSE(contradicted());
}

TEST_F(LowerBound, PollsThatAreFarApartHaveTheirTime) {
    poll(0);
    record("statements", poll_of(1));
    pass(20h);
    const auto rare_poll = [this](std::uint64_t uses) {
        last_used_ = uses;
        update();
        follow_uses(evidence_, {uses, now_, 10min, 1h}, now_);
    };
    rare_poll(0);
    rare_poll(1);
    pass(30min - 1us);
    rare_poll(1);
    EXPECT_FALSE(contradicted());
    pass(1us);
    rare_poll(1);
    EXPECT_TRUE(contradicted());
}

TEST_F(LowerBound, WhatWasLostOrNotWatchedContradictsNothing) {
    const auto contradicted_after = [this](void (*change)(SourceCounts&, base::Time)) {
        evidence_ = {};
        now_ = kNow;
        poll(0);
        record("statements", poll_of(1));
        pass(2h);
        poll(0);
        poll(1);
        change(evidence_.sources.at("statements"), now_);
        pass(1min);
        change(evidence_.sources.at("statements"), now_);
        poll(1);
        pass(1h);
        poll(1);
        return contradicted();
    };
    EXPECT_TRUE(contradicted_after([](SourceCounts&, base::Time) {}));
    EXPECT_FALSE(contradicted_after([](SourceCounts& c, base::Time now) { c.counted_since = now; }));
    EXPECT_FALSE(contradicted_after([](SourceCounts& c, base::Time) { c.missing = {"a"}; }));
}

TEST_F(LowerBound, AnotherEvidenceIsNotBlamed) {
    poll(0);
    record("statements", poll_of(1));
    pass(2h);
    poll(0);
    poll(1);
    record("gateway_metrics", poll_of(1));
    EXPECT_EQ(evidence(), "gateway_metrics");
    evidence_.sources.at("gateway_metrics").counted_since = kNow;
    pass(1h);
    poll(1);
    EXPECT_FALSE(contradicted());
}

TEST_F(LowerBound, AScanInVainMayHaveBeenAUseThatWasWrittenLater) {
    poll(0);
    record("statements", poll_of(1));
    pass(2h);
    poll(0);
    evidence_.match.in_vain(1, now_);
    poll(1);
    EXPECT_EQ(total(), 2U) << "raised";
    poll(2);
    EXPECT_EQ(total(), 3U);
    evidence_.match.in_vain(1, now_);
    pass(1h);
    poll(2);
    EXPECT_FALSE(contradicted());
}

TEST_F(LowerBound, HitsOfBeforeARestartStandForUsesThatAreSeenAfterIt) {
    poll(0);
    record("statements", poll_of(1));
    pass(4h);
    record("statements", poll_of(1));
    evidence_.match = {};
    evidence_.uses_polled_at.reset();
    remember_hits(evidence_, now_);
    poll(1);
    EXPECT_EQ(total(), 2U);
    poll(2);
    EXPECT_EQ(total(), 3U);
}

// ---- scans ----

Poll scans(std::int64_t count) {
    Poll out = poll_of();
    out.countable = of({Event::fallback_scan});
    out.growth.at(index_of(Event::fallback_scan)) = count;
    return out;
}
constexpr auto kScan = index_of(Event::fallback_scan);

TEST(Scans, AreHitsOnceTheKeyTableSaysSo) {
    SourceCounts counts;
    record_poll(counts, scans(0), kNow);
    EXPECT_TRUE(counts.countable.test(kFallback)) << "whoever counts scans counts hits";
    record_poll(counts, scans(3), kNow + 30s);
    EXPECT_EQ(counts.totals.at(kScan), 3U);
    EXPECT_EQ(counts.totals.at(kFallback), 0U);
    EXPECT_EQ(settle_scans(counts, {true, kNow + 1min, kNow + 10s}, kNow + 1min), 0U);
    EXPECT_EQ(counts.totals.at(kFallback), 3U);
    EXPECT_EQ(counts.scan_hits, 3U);
    EXPECT_EQ(counts.grew_at.at(kFallback), kNow + 30s);
    EXPECT_TRUE(counts.proof.since);
    record_poll(counts, scans(2), kNow + 2min);
    EXPECT_EQ(settle_scans(counts, {true, kNow + 3min, kNow + 10s}, kNow + 3min), 2U);
    EXPECT_EQ(counts.totals.at(kScan), 5U);
    EXPECT_EQ(counts.totals.at(kFallback), 3U);
    EXPECT_EQ(counts.grew_at.at(kFallback), kNow + 30s);
}

TEST(Scans, ThatFoundTheirKeyAreTheUseThatWasCountedOfThem) {
    SourceCounts counts;
    Poll seen;
    seen.countable.set(index_of(Event::fallback_scan));
    seen.poll_every = 30s;
    record_poll(counts, seen, kNow);
    seen.growth.at(index_of(Event::fallback_scan)) = 5;
    seen.growth.at(index_of(Event::fallback)) = 2;  // promotions
    record_poll(counts, seen, kNow + 30s);
    EXPECT_EQ(settle_scans(counts, {.data_at = kNow + 30s}, kNow + 30s), 0U) << "last uses tell nothing";
    EXPECT_EQ(counts.totals.at(index_of(Event::fallback_scan)), 5U);
    EXPECT_EQ(counts.totals.at(index_of(Event::fallback)), 5U) << "of five scans two were promotions";
    seen.growth.at(index_of(Event::fallback_scan)) = 0;
    record_poll(counts, seen, kNow + 1min);
    settle_scans(counts, {.data_at = kNow + 1min}, kNow + 1min);
    EXPECT_EQ(counts.totals.at(index_of(Event::fallback)), 7U) << "promotions without a scan";
}

TEST(Scans, AreNotExplainedByAHitOfTheCanary) {
    for (const std::int64_t counted : {1, 0}) {
        SourceCounts counts;
        Poll seen = scans(0);
        record_poll(counts, seen, kNow);
        seen.growth.at(index_of(Event::fallback_scan)) = 1;
        seen.growth.at(kFallback) = counted;  // in this poll, or in one before
        seen.own.at(kFallback) = 1;
        record_poll(counts, seen, kNow + 30s);
        settle_scans(counts, {.data_at = kNow + 30s}, kNow + 30s);
        EXPECT_EQ(counts.scan_hits, 1U) << counted;
    }
}

TEST(Scans, InVainProveNothing) {
    SourceCounts counts;
    record_poll(counts, scans(0), kNow);
    record_poll(counts, scans(3), kNow + 30s);
    settle_scans(counts, {true, kNow + 1min, kNow - 1h}, kNow + 1min);
    EXPECT_FALSE(counts.proof.since);
}

TEST(Scans, OfTheCanaryProveAndAreNoHits) {
    const auto own_by = [](int way) {
        SourceCounts counts;
        record_poll(counts, scans(0), kNow);
        Poll seen = scans(1);
        if (way == 0) add_own(counts, Event::fallback_scan);
        if (way == 1) seen.in_flight.at(kScan) = 1;
        if (way == 2) seen.own.at(kScan) = 1;
        record_poll(counts, seen, kNow + 30s);
        settle_scans(counts, {true, kNow + 1min, kNow + 20s}, kNow + 1min);
        EXPECT_EQ(counts.totals.at(kFallback), 0U) << way;
        return counts.proof.since.has_value();
    };
    for (const int way : {0, 1, 2}) EXPECT_TRUE(own_by(way)) << way;
}

TEST(Scans, ThatAreHitsAreNotHiddenByWhatTheProbeMayHaveCaused) {
    SourceCounts counts;
    record_poll(counts, scans(0), kNow);
    add_own(counts, Event::fallback);  // which will show as a scan
    record_poll(counts, scans(1), kNow + 30s);
    settle_scans(counts, {true, kNow + 1min, kNow + 20s}, kNow + 1min);
    EXPECT_EQ(counts.totals.at(kFallback), 1U);
    for (int i = 0; i < 3; ++i) record_poll(counts, scans(0), kNow + 2min);
    EXPECT_EQ(counts.own.at(kFallback), 0);
    record_poll(counts, poll_of(1), kNow + 3min);
    EXPECT_EQ(counts.totals.at(kFallback), 2U) << "and a promotion";
}

// ---- what a zero rests on ----

TEST(Ability, IsShownByAHitKeyshiftsOwnIncluded) {
    SourceCounts counts;
    record_poll(counts, poll_of(), kNow);
    EXPECT_FALSE(counts.proof.since);
    add_own(counts, Event::fallback);
    record_poll(counts, poll_of(1), kNow + 1min);
    EXPECT_EQ(counts.totals.at(kFallback), 0U);
    EXPECT_EQ(counts.proof.since, kNow + 1min);
}

TEST(Ability, IsShownByADeclaredLegacyPathThatRan) {
    SourceCounts counts;
    Poll seen;
    seen.countable.set(index_of(Event::fallback));
    seen.poll_every = 30s;
    seen.ground.at_work = true;
    record_poll(counts, seen, kNow);
    EXPECT_FALSE(counts.proof.since);
    seen.ground.path_seen = true;
    record_poll(counts, seen, kNow + 30s);
    EXPECT_EQ(counts.proof.since, kNow + 30s);
}

TEST(Ability, LapsesWithItsGroundAndWithAPartThatIsGone) {
    SourceCounts counts;
    record_poll(counts, poll_of(1), kNow);
    ASSERT_TRUE(counts.proof.since);
    record_poll(counts, poll_of(0, {"a"}), kNow + 15min);
    EXPECT_TRUE(counts.proof.since);
    record_poll(counts, poll_of(0, {"a"}), kNow + 15min + 1us);
    EXPECT_FALSE(counts.proof.since);
    EXPECT_EQ(counts.proof.lapsed, "a part of it has not answered since 2026-01-10T00:00:00Z");
    SourceCounts rare;
    Poll away = poll_of(1);
    away.poll_every = 1h;
    record_poll(rare, away, kNow);
    away.missing = {"a"};
    away.growth = {};
    record_poll(rare, away, kNow + 2h);
    EXPECT_TRUE(rare.proof.since) << "polls are that far apart";
    record_poll(rare, away, kNow + 2h + 1us);
    EXPECT_FALSE(rare.proof.since);
    SourceCounts idle;
    record_poll(idle, poll_of(1), kNow);
    Poll later = poll_of();
    later.idle = 72h;
    record_poll(idle, later, kNow + 72h - 1us);
    EXPECT_TRUE(idle.proof.since);
    record_poll(idle, later, kNow + 72h);
    EXPECT_FALSE(idle.proof.since);
}

TEST(Ability, DoubtBeginsCoverageAnewAsLongAsItLasts) {
    SourceCounts counts;
    record_poll(counts, poll_of(1), kNow);
    Poll doubtful = poll_of();
    doubtful.ground.doubt = "a statement fits nothing";
    record_poll(counts, doubtful, kNow + 1min);
    EXPECT_EQ(counts.proof.doubt, "a statement fits nothing");
    EXPECT_EQ(counts.counted_since, kNow + 1min);
    EXPECT_EQ(counts.lost_at, std::nullopt) << "nothing was lost";
    record_poll(counts, poll_of(), kNow + 2min);
    EXPECT_EQ(counts.counted_since, kNow + 1min);
    EXPECT_EQ(counts.proof.doubt, "");
    EXPECT_EQ(counts.proof.since, kNow);
}

TEST(SourceCounts, WhatIsLeftOutIsOfTheLastPoll) {
    SourceCounts counts;
    Poll leaving = poll_of();
    leaving.ground.left_out = "by gateway.statements.ignore 1";
    record_poll(counts, leaving, kNow);
    EXPECT_EQ(counts.left_out, "by gateway.statements.ignore 1");
    record_poll(counts, poll_of(), kNow + 1min);
    EXPECT_EQ(counts.left_out, "");
}

TEST(Hourly, AnHourBeginsWhereItsCountsDo) {
    EXPECT_EQ(Hourly::hour_begin(kNow), kNow);
    EXPECT_EQ(Hourly::hour_begin(kNow - 1us), kNow - 1h);
    EXPECT_EQ(Hourly::hour_begin(kNow + 59min), kNow);
}

TEST(Ability, WhatWasLostIsRememberedButNotOfBeforeTheFirstPoll) {
    SourceCounts counts;
    record_poll(counts, lossy(), kNow);
    EXPECT_EQ(counts.lost_at, std::nullopt);
    record_poll(counts, poll_of(), kNow + 1min);
    EXPECT_EQ(counts.lost_at, std::nullopt);
    record_poll(counts, lossy({"a"}), kNow + 2min);
    EXPECT_EQ(counts.lost_at, kNow + 2min) << "also while a part is away";
}

}  // namespace
}  // namespace keyshift::domain
