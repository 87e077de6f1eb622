// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence_facts.hpp"

#include <string>

#include <gtest/gtest.h>

#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // a full hour
constexpr base::Duration kWeek = 168h;
constexpr auto kFallback = index_of(Event::fallback);

Events of(std::initializer_list<Event> events) {
    Events out;
    for (const Event event : events) out.set(index_of(event));
    return out;
}

/// A source that has counted everything for 30 days.
SourceCounts& counting(Model& model, const std::string& name) {
    SourceCounts& counts = model.evidence.sources[name];
    counts.countable.set();
    counts.counted_since = kNow - 720h;
    counts.read_at = counts.complete_at = kNow - 10s;
    counts.poll_every = 30s;
    model.policy.measurable[name].set();
    return counts;
}

Model counted(const std::string& evidence = "statements") {
    Model model = usual_model();
    counting(model, evidence);
    for (Headline& headline : model.evidence.headlines) headline.evidence = evidence;
    return model;
}

// ---- the fallback mode ----

TEST(CountedFallback, ScansThatWereInVainAreNoHits) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.grew_at.at(index_of(Event::fallback_scan)) = kNow - 1h;
    counts.grew_at.at(index_of(Event::lookup_not_found)) = kNow - 2h;
    EXPECT_FALSE(counted_fallback(model, kNow).scans_measured) << "no hit was ever counted";
    prove(counts.proof, kNow - 100h);
    CountedFallback heard = counted_fallback(model, kNow);
    EXPECT_TRUE(heard.scans_measured);
    EXPECT_EQ(heard.scans_grew_at, kNow - 1h);
    EXPECT_EQ(heard.not_found_grew_at, kNow - 2h);
    EXPECT_EQ(heard.fallback_counted_at, std::nullopt);
    counts.grew_at.at(kFallback) = kNow - 3h;
    EXPECT_EQ(counted_fallback(model, kNow).fallback_counted_at, kNow - 3h);
}

TEST(CountedFallback, WhatStatementsDoNotShowIsNotMeasured) {
    const auto measured = [](void (*change)(SourceCounts&)) {
        Model model = counted();
        prove(model.evidence.sources.at("statements").proof, kNow - 100h);
        change(model.evidence.sources.at("statements"));
        return counted_fallback(model, kNow).scans_measured;
    };
    EXPECT_TRUE(measured([](SourceCounts&) {}));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.missing = {"a"}; }));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.read_at = kNow - 90s; }));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.countable.reset(index_of(Event::fallback_scan)); }));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.countable.reset(index_of(Event::lookup_not_found)); }));
    EXPECT_FALSE(measured([](SourceCounts& c) { lapse(c.proof, "why"); }));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.proof.doubt = "why"; }));
}

TEST(CountedFallback, TheNewestHitOfAnyOtherSourceAndTheProbe) {
    Model model = counted();
    counting(model, "gateway_log").grew_at.at(kFallback) = kNow - 5h;
    counting(model, "gateway_metrics").grew_at.at(kFallback) = kNow - 4h;
    counting(model, "prometheus").grew_at.at(kFallback) = kNow - 6h;
    model.probe.canary_accepted_at = kNow - 1h;
    model.probe.canary_refused_at = kNow - 2h;
    const CountedFallback heard = counted_fallback(model, kNow);
    EXPECT_EQ(heard.fallback_counted_at, kNow - 4h);
    EXPECT_EQ(heard.canary_accepted_at, kNow - 1h);
    EXPECT_EQ(heard.canary_refused_at, kNow - 2h);
}

TEST(CountedFallback, RefusedKeysAreThoseOfWhoCountsFailures) {
    Model model = counted("access_log");
    model.evidence.hourly.add(kHourlyUnknownKeys, kNow - 2h, 5);
    model.evidence.hourly.add(kHourlyFailures, kNow - 2h, 50);
    const RefusedKeys heard = counted_fallback(model, kNow).refused_keys;
    EXPECT_EQ(heard.counted_since, kNow - 720h);
    const auto hour = std::chrono::floor<std::chrono::hours>(kNow - 2h).time_since_epoch().count();
    EXPECT_EQ(heard.by_hour, (std::map<std::int64_t, std::uint64_t>{{hour, 5}}));
    model.skew = 1h;
    EXPECT_EQ(counted_fallback(model, kNow - 1h).refused_keys.by_hour,
              (std::map<std::int64_t, std::uint64_t>{{hour - 1, 5}}))
        << "by the database's clock";
    model.skew = 0s;
    model.evidence.sources.at("access_log").missing = {"a"};
    EXPECT_FALSE(counted_fallback(model, kNow).refused_keys.counted_since) << "not whole";
}

TEST(CountedFallback, TimesAreTheDatabases) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.grew_at.at(index_of(Event::fallback_scan)) = kNow;
    counting(model, "prometheus").grew_at.at(kFallback) = kNow - 1h;
    model.probe.canary_refused_at = kNow - 2h;
    model.skew = 20min;  // this host is ahead
    const CountedFallback heard = counted_fallback(model, kNow);
    EXPECT_EQ(heard.scans_grew_at, kNow - 20min);
    EXPECT_EQ(heard.fallback_counted_at, kNow - 1h - 20min);
    EXPECT_EQ(heard.canary_refused_at, kNow - 2h - 20min);
    EXPECT_EQ(heard.canary_accepted_at, std::nullopt);
}

TEST(CountedFallback, WhetherStatementsAreFreshIsForThisHostsClock) {
    Model model = counted();
    prove(model.evidence.sources.at("statements").proof, kNow - 100h);
    model.evidence.sources.at("statements").read_at = model.evidence.sources.at("statements").complete_at =
        kNow;
    model.skew = 20min;
    EXPECT_TRUE(counted_fallback(model, kNow - 20min).scans_measured);
    EXPECT_FALSE(counted_fallback(model, kNow).scans_measured);
}

// ---- what could be measured ----

TEST(CanBeMeasured, ByAConfiguredSourceThatCountsWhatIsNeeded) {
    Model model = usual_model();
    EXPECT_FALSE(can_be_measured(model, Signal::fallback));
    model.policy.measurable["statements"] = of({Event::fallback, Event::auth_cache_hit});
    EXPECT_TRUE(can_be_measured(model, Signal::fallback)) << "although it was never read";
    EXPECT_FALSE(can_be_measured(model, Signal::auth_cache));
    EXPECT_FALSE(can_be_measured(model, Signal::auth_failures));
    model.policy.measurable["access_log"] = of({Event::failure_unknown_key});
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures));
}

TEST(CanBeMeasured, NotByASourceThatNobodyAskedForAndThatIsNotThere) {
    Model model = usual_model();
    model.policy.measurable["statements"].set();
    model.sources["statements"].up = false;
    EXPECT_TRUE(can_be_measured(model, Signal::fallback)) << "down";
    model.sources["statements"].not_measured = "there is no pg_stat_statements";
    EXPECT_FALSE(can_be_measured(model, Signal::fallback));
    model.policy.measurable["gateway_log"].set();
    EXPECT_TRUE(can_be_measured(model, Signal::fallback));
}

TEST(CanBeMeasured, NotFailuresByStatementsOfAGatewayThatScans) {
    Model model = counted();
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures));
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.countable.reset(index_of(Event::failure_unknown_key));
    EXPECT_FALSE(can_be_measured(model, Signal::auth_failures));
    counts.countable.reset(kFallback);
    EXPECT_TRUE(can_be_measured(model, Signal::fallback)) << "fallbacks that do not show are missing data";
    counts.read_at.reset();
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures)) << "it was never read";
    counting(model, "gateway_metrics").countable.reset();
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures)) << "another source may";
    Model log = counted("access_log");
    log.evidence.sources.at("access_log").countable.reset();
    EXPECT_TRUE(can_be_measured(log, Signal::auth_failures)) << "failures may be there and not show";
    Model redis = counted("redis");
    redis.evidence.sources.at("redis").countable.reset();
    EXPECT_TRUE(can_be_measured(redis, Signal::auth_cache)) << "so may hits of another upper bound";
}

TEST(MayCountFailures, AllThatPromiseThemButStatementsOfAGatewayThatScans) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    EXPECT_TRUE(may_count_failures(model, "statements"));
    EXPECT_FALSE(may_count_failures(model, "access_log")) << "it is not configured";
    counts.countable.reset(index_of(Event::failure_unknown_key));
    EXPECT_FALSE(may_count_failures(model, "statements"));
    counts.read_at.reset();
    EXPECT_TRUE(may_count_failures(model, "statements")) << "it was never read";
    counting(model, "gateway_metrics").countable.reset();
    EXPECT_TRUE(may_count_failures(model, "gateway_metrics"))
        << "its counters may come with the first failure";
}

TEST(CanBeMeasured, NotFailuresByALogThatShowsScansEvenIfALookupBeforeTheFirstWasTakenForOne) {
    Model model = counted("gateway_log");
    SourceCounts& log = model.evidence.sources.at("gateway_log");
    log.grew_at.at(index_of(Event::failure_unknown_key)) = kNow - 1h;
    log.countable.reset(index_of(Event::failure_unknown_key));
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures)) << "failures may be there and not show";
    log.grew_at.at(index_of(Event::fallback_scan)) = kNow - 1h;
    EXPECT_FALSE(can_be_measured(model, Signal::auth_failures));
    log.countable.set(index_of(Event::failure_unknown_key));
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures)) << "lines of the gateway's own tell of them";
}

TEST(CanBeMeasured, ByASourceThatTurnsOutToCountWhatNobodyPromised) {
    Model model = usual_model();
    model.policy.measurable["gateway_log"] = of({Event::auth_cache_hit});
    SourceCounts& log = model.evidence.sources["gateway_log"];
    EXPECT_FALSE(can_be_measured(model, Signal::fallback));
    log.countable = of({Event::fallback});
    EXPECT_TRUE(can_be_measured(model, Signal::fallback)) << "although it has counted none yet";
    EXPECT_FALSE(can_be_measured(model, Signal::auth_cache)) << "nobody tells of misses";
    log.countable.set(index_of(Event::auth_cache_miss));
    EXPECT_TRUE(can_be_measured(model, Signal::auth_cache)) << "hits are promised, misses offered";
}

TEST(CanBeMeasured, BySomeSourceOfAllThatItMightCount) {
    Model model = usual_model();
    EXPECT_TRUE(countable(model, "gateway_log").none());
    model.policy.measurable["gateway_log"] = of({Event::auth_cache_hit});
    EXPECT_EQ(countable(model, "gateway_log"), of({Event::auth_cache_hit}));
    model.evidence.sources["gateway_log"].countable = of({Event::key_used});
    model.evidence.sources["gateway_log"].grew_at.at(kFallback) = kNow;
    EXPECT_EQ(countable(model, "gateway_log"), of({Event::auth_cache_hit, Event::key_used, Event::fallback}));
    model.policy.measurable.clear();
    EXPECT_TRUE(countable(model, "gateway_log").none()) << "not configured any more";
}

TEST(CanBeMeasured, ByASourceThatOnceCountedIt) {
    Model model = usual_model();
    model.policy.measurable["gateway_log"] = of({Event::auth_cache_hit});
    SourceCounts& log = model.evidence.sources["gateway_log"];
    log.grew_at.at(kFallback) = kNow - 1000h;
    EXPECT_TRUE(can_be_measured(model, Signal::fallback)) << "its log does not go so far any more";
    EXPECT_FALSE(can_be_measured(model, Signal::auth_failures));
}

TEST(CanBeMeasured, NotByASourceThatIsNotConfiguredAnyMoreOrNotThere) {
    Model model = counted("gateway_log");
    model.evidence.sources.at("gateway_log").grew_at.at(kFallback) = kNow;
    model.policy.measurable.at("gateway_log").reset();
    EXPECT_TRUE(can_be_measured(model, Signal::fallback));
    model.sources["gateway_log"].not_measured = "there is no log";
    EXPECT_FALSE(can_be_measured(model, Signal::fallback));
    model.sources.clear();
    model.policy.measurable.clear();
    EXPECT_FALSE(can_be_measured(model, Signal::fallback));
}

TEST(CanBeMeasured, WhoeverCountsScansCountsHits) {
    Model model = usual_model();
    model.policy.measurable["statements"] = of({Event::fallback_scan});
    EXPECT_TRUE(can_be_measured(model, Signal::fallback));
    EXPECT_TRUE(countable(model, "statements").test(kFallback));
}

TEST(CanBeMeasured, UsesByTheKeyTableWhereTheyUpgradeAKeyAndNothingElseByIt) {
    Model model = usual_model();
    ASSERT_FALSE(can_be_measured(model, Signal::fallback));
    model.policy.promotes_in_place = true;
    EXPECT_TRUE(can_be_measured(model, Signal::fallback));
    EXPECT_FALSE(can_be_measured(model, Signal::auth_failures));
}

// ---- failures ----

/// In tens of thousands of attempts, so that every share is enough.
Model tried(std::uint64_t failed_lately, std::uint64_t of_lately, std::uint64_t failed_before = 0,
            std::uint64_t of_before = 0) {
    Model model = counted("access_log");
    Hourly& hourly = model.evidence.hourly;
    hourly.add(kHourlyFailed, kNow - 24h, failed_lately * 100);
    hourly.add(kHourlyAttempts, kNow - 24h, of_lately * 100);
    hourly.add(kHourlyFailed, kNow - 24h - 1us, failed_before * 100);
    hourly.add(kHourlyAttempts, kNow - 24h - kWeek, of_before * 100);
    model.policy.failure_budget = 0.05;
    return model;
}

TEST(AuthFailures, TheShareOfADayIsComparedWithTheWeekBefore) {
    const auto failures = auth_failures(tried(3, 10, 20, 100), kNow);
    ASSERT_TRUE(failures);
    EXPECT_TRUE(failures->enough);
    EXPECT_EQ(failures->window, 24h);
    EXPECT_EQ(failures->since, kNow - 24h);
    EXPECT_EQ(failures->attempts, 1000U);
    EXPECT_DOUBLE_EQ(failures->ratio, 0.3);
    EXPECT_DOUBLE_EQ(failures->normal, 0.4);
    EXPECT_DOUBLE_EQ(auth_failures(tried(3, 10, 1, 100), kNow)->normal, 0.05) << "the budget";
    EXPECT_DOUBLE_EQ(auth_failures(tried(3, 10), kNow)->normal, 0.05);
    EXPECT_DOUBLE_EQ(auth_failures(tried(3, 10, 7), kNow)->normal, 0.05) << "of nobody knows how many";
    EXPECT_DOUBLE_EQ(auth_failures(tried(30, 10), kNow)->ratio, 1);
    EXPECT_DOUBLE_EQ(auth_failures(tried(0, 10), kNow)->ratio, 0);
    Model long_ago = tried(1, 10);
    long_ago.evidence.hourly.add(kHourlyFailed, kNow - 24h - kWeek - 1us, 9);
    long_ago.evidence.hourly.add(kHourlyAttempts, kNow - 48h, 10);
    EXPECT_DOUBLE_EQ(auth_failures(long_ago, kNow)->normal, 0.05);
}

TEST(AuthFailures, TooFewAttemptsAreLookedForFurtherBackAndThenAreNoMeasure) {
    Model model = counted("access_log");
    EXPECT_FALSE(auth_failures(model, kNow)->enough) << "nobody counts requests";
    Hourly& hourly = model.evidence.hourly;
    hourly.add(kHourlyAttempts, kNow - 1h, 99);
    hourly.add(kHourlyFailed, kNow - 1h, 99);
    EXPECT_FALSE(auth_failures(model, kNow)->enough);
    EXPECT_EQ(auth_failures(model, kNow)->attempts, 99U);
    EXPECT_EQ(auth_failures(model, kNow)->window, kWeek);
    hourly.add(kHourlyAttempts, kNow - 70h, 1);
    EXPECT_TRUE(auth_failures(model, kNow)->enough);
    EXPECT_EQ(auth_failures(model, kNow)->window, 72h);
    EXPECT_DOUBLE_EQ(auth_failures(model, kNow)->ratio, 0.99);
    model.policy.windows.drain = 1h;
    EXPECT_EQ(auth_failures(model, kNow)->window, 24h) << "never less than a day";
    EXPECT_FALSE(auth_failures(model, kNow)->enough);
    model.policy.windows.drain = 69h;
    EXPECT_FALSE(auth_failures(model, kNow)->enough) << "never longer than the drain window";
}

TEST(AuthFailures, WhatWasNotNormalNeverBecomesNormal) {
    Model model = counted("access_log");
    Hourly& hourly = model.evidence.hourly;
    for (base::Time before = kNow - 240h; before < kNow; before += 1h) {
        hourly.add(kHourlyAttempts, before, 100);
        hourly.add(kHourlyFailed, before, 3);
    }
    EXPECT_DOUBLE_EQ(auth_failures(model, kNow)->normal, 0.06);
    base::Time now = kNow;
    // A client in five is locked out from now on, for ten days.
    for (int hour = 0; hour < 240; ++hour, now += 1h) {
        hourly.add(kHourlyAttempts, now, 100);
        hourly.add(kHourlyFailed, now, 20);
        SourceCounts& counts = model.evidence.sources.at("access_log");
        counts.read_at = counts.complete_at = now;
        note_failures(model, now);
        const auto failures = auth_failures(model, now);
        if (hour > 12) {
            EXPECT_GT(failures->ratio, failures->normal) << hour;
        }
    }
}

TEST(AuthFailures, WhatIsNormalIsNoAlarm) {
    Model model = tried(3, 100, 1, 100);
    note_failures(model, kNow);
    EXPECT_EQ(model.evidence.hourly.series().count("failure_alarms"), 0U);
    Model alarmed = tried(30, 100, 1, 100);
    note_failures(alarmed, kNow);
    note_failures(alarmed, kNow + 1min);
    EXPECT_EQ(alarmed.evidence.hourly.since("failure_alarms", {}), 1U);
    Model few = counted("access_log");
    few.evidence.hourly.add(kHourlyAttempts, kNow, 1);
    few.evidence.hourly.add(kHourlyFailed, kNow, 1);
    note_failures(few, kNow);
    EXPECT_EQ(few.evidence.hourly.series().count("failure_alarms"), 0U);
}

TEST(AuthFailures, HoursAreThisHosts) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.read_at = counts.complete_at = kNow;
    model.evidence.headlines.at(static_cast<std::size_t>(Signal::auth_failures)).evidence = "statements";
    model.evidence.hourly.add(kHourlyAttempts, kNow - 30h, 100);
    model.evidence.hourly.add(kHourlyFailed, kNow - 30h, 50);
    model.evidence.hourly.add(kHourlyAttempts, kNow - 1h, 100);
    model.skew = 24h;
    auto failures = auth_failures(model, kNow - 24h);
    ASSERT_TRUE(failures);
    EXPECT_EQ(failures->ratio, 0) << "more than a day ago";
    counts.read_at = counts.complete_at = kNow + 30min;
    failures = auth_failures(model, kNow + 30min - 24h);
    ASSERT_TRUE(failures);
    EXPECT_EQ(failures->since, kNow - 48h) << "the hour in which the day begins counts in full";
}

TEST(AuthFailures, AreUnknownUnlessTheirSourceIsWhole) {
    Model model = tried(0, 10);
    ASSERT_TRUE(auth_failures(model, kNow));
    model.evidence.sources.at("access_log").missing = {"a"};
    EXPECT_FALSE(auth_failures(model, kNow));
    counting(model, "statements");
    model.evidence.headlines.front().evidence = "statements";
    EXPECT_FALSE(auth_failures(model, kNow)) << "the evidence of another signal";
    model.evidence.headlines.back().evidence = "statements";
    EXPECT_TRUE(auth_failures(model, kNow));
    model.evidence.sources.at("statements").counted_since.reset();
    EXPECT_FALSE(auth_failures(model, kNow)) << "never complete";
}

// ---- who uses modern keys ----

TEST(ModernUse, IsTheNewestThatAnyoneShows) {
    Model model = counted();
    EXPECT_EQ(modern_use(model).at, std::nullopt);
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.grew_at.at(index_of(Event::lookup_not_found)) = kNow - 1min;
    counts.grew_at.at(index_of(Event::request_auth_failure)) = kNow - 1min;
    EXPECT_EQ(modern_use(model).at, std::nullopt) << "whoever fails uses nothing";
    counts.grew_at.at(index_of(Event::lookup_found)) = kNow - 5h;
    EXPECT_EQ(modern_use(model).by, "a lookup that found a key (statements)");
    counts.grew_at.at(index_of(Event::verification)) = kNow - 4h;
    EXPECT_EQ(modern_use(model).at, kNow - 4h);
    counting(model, "access_log").grew_at.at(index_of(Event::request_success)) = kNow - 3h;
    EXPECT_EQ(modern_use(model).at, kNow - 3h);
    FallbackEvidence& seen = model.keys.emplace().migration.evidence;
    seen.newest_modern_use = kNow - 5h;
    EXPECT_EQ(modern_use(model).at, kNow - 3h) << "what is counted is newer";
    seen.newest_modern_use = kNow - 2h;
    seen.newest_legacy_use = kNow - 1min;
    seen.newest_upgrade = kNow - 1h;
    EXPECT_EQ(modern_use(model).at, kNow - 2h);
    EXPECT_EQ(modern_use(model).by, "a last use");
    model.policy.promotes_in_place = true;
    EXPECT_EQ(modern_use(model).at, kNow - 1h);
    model.keys.reset();
    model.skew = 1min;
    EXPECT_EQ(modern_use(model).at, kNow - 3h - 1min) << "by the database's clock";
    model.policy.measurable.erase("access_log");
    EXPECT_EQ(modern_use(model).at, kNow - 4h - 1min) << "not configured any more";
}

TEST(CacheHitRatio, IsOfAllAuthentications) {
    Model model = usual_model();
    EXPECT_EQ(cache_hit_ratio(model), std::nullopt);
    model.evidence.totals.at(index_of(Event::auth_cache_miss)) = 3;
    EXPECT_EQ(cache_hit_ratio(model), 0.0);
    model.evidence.totals.at(index_of(Event::auth_cache_hit)) = 1;
    EXPECT_EQ(cache_hit_ratio(model), 0.25);
}

}  // namespace
}  // namespace keyshift::domain
