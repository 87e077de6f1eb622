// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence_facts.hpp"

#include <string>

#include <gtest/gtest.h>

#include "domain/assess.hpp"

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
    counts.offers.set();
    counts.counted_since = kNow - 720h;
    counts.read_at = counts.complete_at = kNow - 10s;
    counts.poll_every = 30s;
    model.policy.measurable[name].set();
    return counts;
}

Model counted(const std::string& evidence = "statements") {
    Model model;
    counting(model, evidence);
    for (Headline& headline : model.evidence.headlines) headline.evidence = evidence;
    return model;
}

// ---- the fallback mode ----

TEST(CountedFallback, ScansAreThoseOfStatements) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.grew_at.at(index_of(Event::fallback_scan)) = kNow - 1h;
    counts.grew_at.at(index_of(Event::lookup_not_found)) = kNow - 2h;
    counts.grew_at.at(kFallback) = kNow - 3h;
    const CountedFallback heard = counted_fallback(model, kNow);
    EXPECT_TRUE(heard.scans_measured);
    EXPECT_EQ(heard.scans_grew_at, kNow - 1h);
    EXPECT_EQ(heard.not_found_grew_at, kNow - 2h);
    EXPECT_EQ(heard.fallback_counted_at, std::nullopt) << "those scans again";
    EXPECT_FALSE(counted_fallback(counted("gateway_log"), kNow).scans_measured);
}

TEST(CountedFallback, WhatStatementsDoNotShowIsNotMeasured) {
    const auto measured = [](void (*change)(SourceCounts&)) {
        Model model = counted();
        change(model.evidence.sources.at("statements"));
        return counted_fallback(model, kNow).scans_measured;
    };
    EXPECT_TRUE(measured([](SourceCounts&) {}));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.missing = {"a"}; }));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.read_at = kNow - 90s; }));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.offers.reset(index_of(Event::fallback_scan)); }));
    EXPECT_FALSE(measured([](SourceCounts& c) { c.offers.reset(index_of(Event::lookup_not_found)); }));
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
    model.evidence.sources.at("statements").read_at = model.evidence.sources.at("statements").complete_at =
        kNow;
    model.skew = 20min;
    EXPECT_TRUE(counted_fallback(model, kNow - 20min).scans_measured);
    EXPECT_FALSE(counted_fallback(model, kNow).scans_measured);
}

// ---- what could be measured ----

TEST(CanBeMeasured, ByAConfiguredSourceThatCountsWhatIsNeeded) {
    Model model;
    EXPECT_FALSE(can_be_measured(model, Signal::fallback));
    model.policy.measurable["statements"] = of({Event::fallback, Event::auth_cache_hit});
    EXPECT_TRUE(can_be_measured(model, Signal::fallback)) << "although it was never read";
    EXPECT_FALSE(can_be_measured(model, Signal::auth_cache));
    EXPECT_FALSE(can_be_measured(model, Signal::auth_failures));
    model.policy.measurable["access_log"] = of({Event::failure_unknown_key});
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures));
}

TEST(CanBeMeasured, NotByASourceThatNobodyAskedForAndThatIsNotThere) {
    Model model;
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
    counts.offers.reset(index_of(Event::failure_unknown_key));
    EXPECT_FALSE(can_be_measured(model, Signal::auth_failures));
    counts.offers.reset(kFallback);
    EXPECT_TRUE(can_be_measured(model, Signal::fallback)) << "fallbacks that do not show are missing data";
    counts.read_at.reset();
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures)) << "it was never read";
    counting(model, "gateway_metrics").offers.reset();
    EXPECT_TRUE(can_be_measured(model, Signal::auth_failures)) << "another source may";
    Model log = counted("access_log");
    log.evidence.sources.at("access_log").offers.reset();
    EXPECT_TRUE(can_be_measured(log, Signal::auth_failures)) << "failures may be there and not show";
}

TEST(CanBeMeasured, ByASourceThatTurnsOutToCountWhatNobodyPromised) {
    Model model;
    model.policy.measurable["gateway_log"] = of({Event::auth_cache_hit});
    SourceCounts& log = model.evidence.sources["gateway_log"];
    EXPECT_FALSE(can_be_measured(model, Signal::fallback));
    log.offers = of({Event::fallback});
    EXPECT_TRUE(can_be_measured(model, Signal::fallback)) << "although it has counted none yet";
    EXPECT_FALSE(can_be_measured(model, Signal::auth_cache)) << "nobody tells of misses";
    log.offers.set(index_of(Event::auth_cache_miss));
    EXPECT_TRUE(can_be_measured(model, Signal::auth_cache)) << "hits are promised, misses offered";
}

TEST(CanBeMeasured, BySomeSourceOfAllThatItMightCount) {
    Model model;
    EXPECT_TRUE(countable(model, "gateway_log").none());
    model.policy.measurable["gateway_log"] = of({Event::auth_cache_hit});
    EXPECT_EQ(countable(model, "gateway_log"), of({Event::auth_cache_hit}));
    model.evidence.sources["gateway_log"].offers = of({Event::key_used});
    model.evidence.sources["gateway_log"].grew_at.at(kFallback) = kNow;
    EXPECT_EQ(countable(model, "gateway_log"), of({Event::auth_cache_hit, Event::key_used, Event::fallback}));
    model.policy.measurable.clear();
    EXPECT_TRUE(countable(model, "gateway_log").none()) << "not configured any more";
}

TEST(CanBeMeasured, ByASourceThatOnceCountedIt) {
    Model model;
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

TEST(CanBeMeasured, AFallbackThatOnlyTheLogShowsMakesItsHitsARequiredCheck) {
    Model model = counted("gateway_log");
    model.policy.measurable.at("gateway_log") = of({Event::auth_cache_hit});
    SourceCounts& log = model.evidence.sources.at("gateway_log");
    log.grew_at.at(kFallback) = kNow - 1h;
    const auto outcome = [&model] {
        const Assessment assessment = assess(model, kNow);
        return assessment.judgement.checks.at(static_cast<std::size_t>(Check::no_fallback_hits)).outcome;
    };
    EXPECT_EQ(outcome(), CheckOutcome::not_yet);
    log.offers.reset();
    log.read_at = kNow - 24h;
    EXPECT_EQ(outcome(), CheckOutcome::unknown) << "the log shows none any more";
    log.grew_at.fill(std::nullopt);
    EXPECT_EQ(outcome(), CheckOutcome::not_measured);
}

// ---- hits ----

TEST(FallbackHits, AreThoseOfTheEvidenceInUse) {
    Model model = counted();
    auto hits = fallback_hits(model, kNow);
    ASSERT_TRUE(hits);
    EXPECT_EQ(hits->counted_since, kNow - 720h);
    EXPECT_EQ(hits->last_hit, std::nullopt);
    EXPECT_EQ(hits->within_window, 0U);
    counting(model, "gateway_metrics").counted_since = kNow - 1h;
    EXPECT_EQ(fallback_hits(model, kNow)->counted_since, kNow - 720h);
    model.evidence.headlines.front().evidence = "gateway_metrics";
    EXPECT_EQ(fallback_hits(model, kNow)->counted_since, kNow - 1h) << "newer evidence has seen less";
}

TEST(FallbackHits, TimesAreTheDatabases) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.read_at = counts.complete_at = kNow;
    counts.grew_at.at(kFallback) = kNow - 167h;  // by this host's clock, which is ahead by a day
    model.evidence.hourly.add(kHourlyFallback, kNow - 190h, 1);
    model.evidence.hourly.add(kHourlyFallback, kNow - 167h, 3);
    model.skew = 24h;
    const base::Time now = kNow - 24h;
    const auto hits = fallback_hits(model, now);
    ASSERT_TRUE(hits);
    EXPECT_EQ(hits->counted_since, now - 720h);
    EXPECT_EQ(hits->last_hit, now - 167h);
    EXPECT_EQ(hits->within_window, 3U);
    EXPECT_FALSE(fallback_hits(model, kNow)) << "read long ago by the database's clock";
}

TEST(AuthFailures, HoursAreThisHosts) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.read_at = counts.complete_at = kNow;
    model.evidence.headlines.at(static_cast<std::size_t>(Signal::auth_failures)).evidence = "statements";
    model.evidence.hourly.add(kHourlyAttempts, kNow - 30h, 100);
    model.evidence.hourly.add(kHourlyFailures, kNow - 30h, 50);
    model.evidence.hourly.add(kHourlyAttempts, kNow - 1h, 100);
    model.skew = 24h;
    const auto failures = auth_failures(model, kNow - 24h);
    ASSERT_TRUE(failures);
    EXPECT_EQ(failures->ratio, 0) << "more than a day ago";
}

TEST(FallbackHits, AreUnknownUnlessTheSourceIsWhole) {
    const auto known = [](void (*change)(Model&, SourceCounts&)) {
        Model model = counted();
        change(model, model.evidence.sources.at("statements"));
        return fallback_hits(model, kNow).has_value();
    };
    EXPECT_TRUE(known([](Model&, SourceCounts&) {}));
    EXPECT_FALSE(known([](Model&, SourceCounts& c) { c.missing = {"a"}; }));
    EXPECT_FALSE(known([](Model&, SourceCounts& c) { c.read_at = kNow - 90s; }));
    EXPECT_FALSE(known([](Model&, SourceCounts& c) { c.counted_since.reset(); }));
    EXPECT_FALSE(known([](Model& m, SourceCounts&) { m.evidence.headlines.front().evidence = kLastUsed; }));
    EXPECT_FALSE(known([](Model& m, SourceCounts&) { m.evidence.headlines.front().evidence = ""; }));
    EXPECT_FALSE(known([](Model& m, SourceCounts&) { m.evidence.sources.clear(); }));
}

TEST(FallbackHits, TheLastOneIsTheLastThatAnySourceSaw) {
    Model model = counted();
    model.evidence.sources.at("statements").grew_at.at(kFallback) = kNow - 400h;
    counting(model, "gateway_log").grew_at.at(kFallback) = kNow - 300h;
    EXPECT_EQ(fallback_hits(model, kNow)->last_hit, kNow - 300h);
    EXPECT_EQ(fallback_hits(model, kNow)->within_window, 0U);
    // Also a source that is stale, or no longer configured.
    SourceCounts& gone = counting(model, "gateway_metrics");
    gone.read_at.reset();
    gone.grew_at.at(kFallback) = kNow - 1h;
    EXPECT_EQ(fallback_hits(model, kNow)->last_hit, kNow - 1h);
    EXPECT_EQ(fallback_hits(model, kNow)->within_window, 1U) << "at least";
}

TEST(FallbackHits, OfTheWindowAreThoseOfItsHours) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    model.evidence.hourly.add(kHourlyFallback, kNow - kWeek - 1us, 1);
    model.evidence.hourly.add(kHourlyFallback, kNow - kWeek, 2);
    model.evidence.hourly.add(kHourlyFallback, kNow - 1h, 4);
    counts.grew_at.at(kFallback) = kNow - 1h;
    EXPECT_EQ(fallback_hits(model, kNow)->within_window, 6U);
    counts.grew_at.at(kFallback) = kNow - kWeek;
    EXPECT_EQ(fallback_hits(model, kNow)->within_window, 0U) << "the hour has them, the window has not";
    model.policy.windows.drain = kWeek + 1h;
    EXPECT_EQ(fallback_hits(model, kNow)->within_window, 7U);
}

TEST(FallbackHits, OfTheFutureAreNotOver) {
    Model model = counted();
    model.evidence.sources.at("statements").grew_at.at(kFallback) = kNow + 1h;
    EXPECT_EQ(fallback_hits(model, kNow)->within_window, 1U);
    EXPECT_EQ(fallback_hits(model, kNow)->last_hit, kNow + 1h);
}

// ---- failures ----

Model tried(std::uint64_t failed_lately, std::uint64_t of_lately, std::uint64_t failed_before = 0,
            std::uint64_t of_before = 0) {
    Model model = counted("access_log");
    Hourly& hourly = model.evidence.hourly;
    hourly.add(kHourlyFailures, kNow - 24h, failed_lately);
    hourly.add(kHourlyAttempts, kNow - 24h, of_lately);
    hourly.add(kHourlyFailures, kNow - 24h - 1us, failed_before);
    hourly.add(kHourlyAttempts, kNow - 24h - kWeek, of_before);
    model.policy.failure_budget = 0.05;
    return model;
}

TEST(AuthFailures, TheShareOfADayIsComparedWithTheWeekBefore) {
    const auto failures = auth_failures(tried(3, 10, 20, 100), kNow);
    ASSERT_TRUE(failures);
    EXPECT_DOUBLE_EQ(failures->ratio, 0.3);
    EXPECT_DOUBLE_EQ(failures->normal, 0.4);
    EXPECT_DOUBLE_EQ(auth_failures(tried(3, 10, 1, 100), kNow)->normal, 0.05) << "the budget";
    EXPECT_DOUBLE_EQ(auth_failures(tried(3, 10), kNow)->normal, 0.05);
    EXPECT_DOUBLE_EQ(auth_failures(tried(3, 10, 7), kNow)->normal, 0.05) << "of nobody knows how many";
    EXPECT_DOUBLE_EQ(auth_failures(tried(30, 10), kNow)->ratio, 1);
    EXPECT_DOUBLE_EQ(auth_failures(tried(0, 0), kNow)->ratio, 0);
    EXPECT_FALSE(auth_failures(tried(1, 0), kNow)) << "nobody counts requests";
    Model long_ago = tried(1, 10);
    long_ago.evidence.hourly.add(kHourlyFailures, kNow - 24h - kWeek - 1us, 9);
    long_ago.evidence.hourly.add(kHourlyAttempts, kNow - 48h, 10);
    EXPECT_DOUBLE_EQ(auth_failures(long_ago, kNow)->normal, 0.05);
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
}

TEST(CacheHitRatio, IsOfAllAuthentications) {
    Model model;
    EXPECT_EQ(cache_hit_ratio(model), std::nullopt);
    model.evidence.totals.at(index_of(Event::auth_cache_miss)) = 3;
    EXPECT_EQ(cache_hit_ratio(model), 0.0);
    model.evidence.totals.at(index_of(Event::auth_cache_hit)) = 1;
    EXPECT_EQ(cache_hit_ratio(model), 0.25);
}

TEST(FallbackHits, ScansAreInVainWithoutALegacyKey) {
    Model model = counted();
    model.evidence.headlines.front().evidence = "statements";
    model.evidence.sources.at("statements").grew_at.at(kFallback) = kNow - 1h;
    EXPECT_EQ(fallback_hits(model, kNow)->last_hit, kNow - 1h) << "the table was not read yet";
    model.keys.emplace().inventory.legacy_keys = 1;
    EXPECT_EQ(fallback_hits(model, kNow)->last_hit, kNow - 1h);
    EXPECT_TRUE(fallback_hits(model, kNow)->of_scans);
    model.keys->inventory.legacy_keys = 0;
    EXPECT_EQ(fallback_hits(model, kNow)->last_hit, std::nullopt);
    counting(model, "gateway_log").grew_at.at(kFallback) = kNow - 2h;
    EXPECT_EQ(fallback_hits(model, kNow)->last_hit, kNow - 2h) << "a gateway that tells of hits is believed";
}

// ---- never SAFE on what was missed ----

TEST(FallbackHits, LastUseAloneNeverPasses) {
    Model model;
    model.policy.measurable["statements"].set();
    model.evidence.headlines.front().evidence = kLastUsed;
    const Judgement judgement = assess(model, kNow).judgement;
    EXPECT_EQ(judgement[Check::no_fallback_hits].outcome, CheckOutcome::unknown);
    EXPECT_EQ(judgement[Check::failures_normal].outcome, CheckOutcome::unknown);
}

// ---- gateways that upgrade a key when it is used ----

/// Only the key table is read, since 20 days; a key was upgraded an hour ago.
Model promoting() {
    Model model;
    model.policy.promotes_in_place = true;
    Migration& migration = model.keys.emplace().migration;
    migration.observed_since = kNow - 480h;
    migration.evidence.newest_upgrade = kNow - 1h;
    model.keys->inventory.legacy_keys = 0;
    return model;
}

TEST(Promotions, AreSeenInTheKeyTableAlone) {
    Model model = promoting();
    EXPECT_TRUE(can_be_measured(model, Signal::fallback));
    EXPECT_FALSE(can_be_measured(model, Signal::auth_failures));
    const auto hits = fallback_hits(model, kNow);
    ASSERT_TRUE(hits);
    EXPECT_EQ(hits->last_hit, kNow - 1h) << "also of the last legacy key";
    EXPECT_EQ(hits->within_window, 1U);
    EXPECT_EQ(hits->counted_since, kNow - 480h);
    EXPECT_FALSE(hits->of_scans);
    model.keys->migration.evidence.newest_upgrade.reset();
    EXPECT_EQ(fallback_hits(model, kNow)->within_window, 0U);
}

TEST(Promotions, AreNotKnownBeforeTheKeyTableIs) {
    Model model = promoting();
    model.keys->migration.observed_since.reset();
    EXPECT_FALSE(fallback_hits(model, kNow));
    model.keys.reset();
    EXPECT_FALSE(fallback_hits(model, kNow));
}

TEST(Promotions, ElsewhereAnUpgradeIsNoHit) {
    Model model = promoting();
    model.policy.promotes_in_place = false;
    EXPECT_FALSE(can_be_measured(model, Signal::fallback));
    EXPECT_FALSE(fallback_hits(model, kNow));
}

TEST(Promotions, AreCountedByStatementsToo) {
    Model model = promoting();
    SourceCounts& counts = counting(model, "statements");
    for (Headline& headline : model.evidence.headlines) headline.evidence = "statements";
    counts.grew_at.at(kFallback) = kNow - 2h;
    EXPECT_EQ(counted_fallback(model, kNow).fallback_counted_at, kNow - 2h);
    auto hits = fallback_hits(model, kNow);
    EXPECT_EQ(hits->last_hit, kNow - 1h);
    EXPECT_EQ(hits->counted_since, kNow - 720h) << "the longer of the two";
    EXPECT_FALSE(hits->of_scans);
    counts.grew_at.at(kFallback) = kNow - 10min;
    counts.counted_since = kNow - 24h;
    hits = fallback_hits(model, kNow);
    EXPECT_EQ(hits->last_hit, kNow - 10min) << "a key that needed it again, with no legacy key left";
    EXPECT_EQ(hits->counted_since, kNow - 480h);
}

}  // namespace
}  // namespace keyshift::domain
