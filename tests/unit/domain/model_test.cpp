// SPDX-License-Identifier: Apache-2.0
// model.hpp: how long the watch has had no gap, and whose clock is whose.
#include "domain/model.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};

TEST(PhaseChanges, AFewAreNamedAndAllAreCounted) {
    PhaseChanges changes;
    for (int i = 0; i < 3; ++i) {
        PhaseChanges others;
        for (int k = 0; k < 8; ++k)
            others.named.push_back({std::to_string(8 * i + k), Phase::pending, Phase::drained});
        others.count = 8;
        changes.add(std::move(others));
    }
    EXPECT_EQ(changes.count, 24U);
    ASSERT_EQ(changes.named.size(), PhaseChanges::kMostNamed);
    EXPECT_EQ(changes.named.front().key, "0");
    EXPECT_EQ(changes.named.back().key, "19");
}

TEST(Watch, GoesOnFromPollToPoll) {
    const Watch first = watch_after(std::nullopt, kNow, 30s);
    EXPECT_EQ(first.since, kNow);
    EXPECT_EQ(first.until, kNow);
    const Watch second = watch_after(first, kNow + 30s, 30s);
    EXPECT_EQ(second.since, kNow);
    EXPECT_EQ(second.until, kNow + 30s);
    EXPECT_EQ(watch_after(second, kNow + 30s, 30s).since, kNow) << "the same moment again";
}

TEST(Watch, EndsWithAPauseThatIsLongerThanAllowed) {
    const Watch before{kNow - 24h, kNow, 30s};
    EXPECT_EQ(watch_after(before, kNow + 15min, 30s).since, kNow - 24h);
    EXPECT_EQ(watch_after(before, kNow + 15min + 1us, 30s).since, kNow + 15min + 1us);
}

TEST(Watch, PollsThatAreFarApartMayMissTwo) {
    const Watch before{kNow - 24h, kNow, 1h};
    EXPECT_EQ(watch_after(before, kNow + 3h, 30s).since, kNow - 24h) << "the interval was shortened since";
    EXPECT_EQ(watch_after(before, kNow + 3h + 1us, 30s).since, kNow + 3h + 1us);
    EXPECT_EQ(watch_after(Watch{kNow - 24h, kNow, 30s}, kNow + 3h, 1h).since, kNow - 24h);
}

TEST(Watch, BeginsAnewWhenTheClockWasSetBack) {
    EXPECT_EQ(watch_after(Watch{kNow - 24h, kNow, 30s}, kNow - 1us, 30s).since, kNow - 1us);
}

TEST(Watch, IsOverWhileNobodyPolls) {
    Model model;
    EXPECT_EQ(watched_since(model, kNow), std::nullopt);
    model.watch = Watch{kNow - 24h, kNow - 15min, 30s};
    EXPECT_EQ(watched_since(model, kNow), kNow - 24h);
    EXPECT_EQ(watched_since(model, kNow + 1us), std::nullopt);
}

// ---- how polls of a source go ----

const base::Error kNoExtension{base::Errc::schema, "there is no pg_stat_statements", "create it"};
const base::Error kNobody{base::Errc::connect, "nobody answers", "start it"};

TEST(SourceStatus, ASuccessEndsAFailureAndBeginsObservationOnce) {
    SourceStatus status;
    EXPECT_EQ(status.fail(kNobody), SourceStatus::Failure::counted);
    EXPECT_EQ(status.up, false);
    EXPECT_EQ(status.failure, "nobody answers; start it");
    status.succeed(kNow);
    EXPECT_EQ(status.up, true);
    EXPECT_EQ(status.failure, "");
    status.succeed(kNow + 30s);
    EXPECT_EQ(status.last_success_at, kNow + 30s);
    EXPECT_EQ(status.observation_start, kNow);
    EXPECT_EQ(status.errors, (std::map<base::Errc, std::uint64_t>{{base::Errc::connect, 1}})) << "they stay";
}

TEST(SourceStatus, WhatNobodyHasAskedForAndWasNeverSetUpIsNotMeasured) {
    SourceStatus status;
    status.implicit = true;
    EXPECT_EQ(status.fail(kNoExtension), SourceStatus::Failure::not_measured);
    EXPECT_EQ(status.not_measured, "there is no pg_stat_statements; create it");
    EXPECT_EQ(status.up, std::nullopt);
    EXPECT_TRUE(status.errors.empty() && status.failure.empty()) << "it is not missed";
    EXPECT_EQ(status.fail({base::Errc::permission, "not allowed", ""}), SourceStatus::Failure::not_measured);
    EXPECT_EQ(status.fail(kNobody), SourceStatus::Failure::counted) << "that is no want of a prerequisite";
    EXPECT_EQ(status.up, false);
}

TEST(SourceStatus, WhatWasAskedForOrOnceReadIsMissed) {
    SourceStatus named;
    EXPECT_EQ(named.fail(kNoExtension), SourceStatus::Failure::counted);
    EXPECT_EQ(named.not_measured, "");
    SourceStatus read;
    read.implicit = true;
    read.fail(kNoExtension);
    read.succeed(kNow);
    EXPECT_EQ(read.not_measured, "");
    EXPECT_EQ(read.fail(kNoExtension), SourceStatus::Failure::counted) << "it could be read once";
    EXPECT_EQ(read.up, false);
}

// ---- a clock that was set back ----

Migration known_at(base::Time at) {
    Migration known;
    known.evidence.newest_legacy_use = known.evidence.newest_modern_use = at;
    known.evidence.newest_upgrade = at;
    known.newest_legacy_created_at = known.last_used_proved_at = known.last_removal = at;
    known.observed_since = known.census_at = at;
    known.evidence.modern_use_began = known.evidence.newest_legacy_use_before_modern = at;
    known.detected.since = known.detected.absent_since = at;
    return known;
}

TEST(Future, OfAClockThatWasSetBackSpeaksAgainstSafeAsOfNow) {
    Migration known = known_at(kNow + 5min + 1us);
    forget_future(known, kNow);
    const FallbackEvidence& seen = known.evidence;
    for (const auto& at : {seen.newest_legacy_use, seen.newest_upgrade, known.newest_legacy_created_at,
                           known.last_used_proved_at, known.observed_since, known.census_at})
        EXPECT_EQ(at, kNow);
    EXPECT_EQ(known.detected.since, kNow);
    EXPECT_EQ(known.detected.absent_since, kNow);
}

TEST(Future, OfAClockThatWasSetBackSpeaksForNothing) {
    Migration known = known_at(kNow + 5min + 1us);
    forget_future(known, kNow);
    EXPECT_EQ(known.evidence.newest_modern_use, std::nullopt);
    EXPECT_EQ(known.last_removal, std::nullopt);
    EXPECT_EQ(known.evidence.modern_use_began, std::nullopt);
    EXPECT_EQ(known.evidence.newest_legacy_use_before_modern, std::nullopt);
}

TEST(Future, IsNoneWhereClocksDifferABit) {
    Migration known = known_at(kNow + 5min);
    forget_future(known, kNow);
    for (const auto& at : {known.evidence.newest_legacy_use, known.evidence.newest_modern_use,
                           known.evidence.modern_use_began, known.census_at})
        EXPECT_EQ(at, kNow + 5min);
    EXPECT_EQ(known.detected.since, kNow + 5min);
}

TEST(Clocks, OneLiesAheadOfTheOther) {
    Model model;
    model.skew = 1h;  // this host is ahead
    EXPECT_EQ(database_now(model, kNow), kNow - 1h);
    EXPECT_EQ(host_time(model, kNow - 1h), kNow);
}

TEST(MigrationStart, IsTheOneThatIsConfiguredOrTheOldestModernKeys) {
    Model model;
    EXPECT_EQ(model.migration_start(), std::nullopt);
    model.keys.emplace().inventory.oldest_modern_created_at = kNow - 1h;
    EXPECT_EQ(model.migration_start(), kNow - 1h);
    model.policy.start = kNow - 2h;
    EXPECT_EQ(model.migration_start(), kNow - 2h);
    model.keys.reset();
    EXPECT_EQ(model.migration_start(), kNow - 2h);
}

TEST(Skew, NoiseBetweenPollsChangesNothing) {
    EXPECT_EQ(skew_after(1h, 1h + 100ms), 1h);
    EXPECT_EQ(skew_after(1h, 1h - 100ms), 1h);
    EXPECT_EQ(skew_after(1h, 1h - 101ms), 1h - 101ms);
    EXPECT_EQ(skew_after(0s, -3s), -3s);
}

/// A hit of yesterday, a counter that covers since then, and a canary that was let in.
Model counted_at(base::Time host_time) {
    Model model;
    SourceCounts& counts = model.evidence.sources["statements"];
    counts.grew_at.at(index_of(Event::fallback)) = host_time;
    counts.lost_at = counts.counted_since = counts.proof.since = host_time;
    model.probe.canary_accepted_at = model.probe.accepted_at = host_time;
    return model;
}
std::vector<base::Time> times_of(const Model& model) {
    const SourceCounts& counts = model.evidence.sources.at("statements");
    return {*counts.grew_at.at(index_of(Event::fallback)),
            *counts.lost_at,
            *counts.counted_since,
            *counts.proof.since,
            *model.probe.canary_accepted_at,
            *model.probe.accepted_at};
}

TEST(Skew, WhatWasCountedKeepsItsTimeWhenThisHostsClockIsSetForward) {
    Model model = counted_at(kNow - 31 * 24h);
    model.skew = -30 * 24h;  // this host was behind
    const base::Time by_database = database_now(model, kNow - 31 * 24h);
    set_skew(model, 0s, kNow);
    EXPECT_EQ(model.skew, 0s);
    for (const base::Time at : times_of(model)) EXPECT_EQ(database_now(model, at), by_database);
}

TEST(Skew, NothingThatWasCountedGetsIntoTheFuture) {
    Model model = counted_at(kNow - 1h);
    set_skew(model, 2h, kNow);  // the database's clock may have been set back
    for (const base::Time at : times_of(model)) EXPECT_EQ(at, kNow);
    set_skew(model, 24h, kNow - 1h);
    for (const base::Time at : times_of(model)) EXPECT_EQ(at, kNow) << "nor is it older";
}

TEST(Skew, WhatWasCountedSeemsNewerWhenThisHostsClockIsSetBack) {
    Model model = counted_at(kNow - 24h);
    model.skew = 2h;
    set_skew(model, 0s, kNow - 2h);
    for (const base::Time at : times_of(model)) EXPECT_EQ(database_now(model, at), kNow - 24h);
}

TEST(Skew, NoiseMovesNothing) {
    Model model = counted_at(kNow - 24h);
    set_skew(model, 100ms, kNow);
    EXPECT_EQ(model.skew, 0s);
    for (const base::Time at : times_of(model)) EXPECT_EQ(at, kNow - 24h);
}

TEST(Skew, ATimeIsTakenToTheDatabaseAndBack) {
    Model model;
    model.skew = 2h;
    EXPECT_EQ(database_time(model, kNow), kNow - 2h);
    EXPECT_EQ(host_time(model, kNow - 2h), kNow);
    EXPECT_EQ(database_time(model, std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace keyshift::domain
