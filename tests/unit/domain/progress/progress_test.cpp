// SPDX-License-Identifier: Apache-2.0
#include "domain/progress/progress.hpp"

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
const base::Time kNow{std::chrono::seconds{1'768'003'200}};

PhaseCounts counts(std::initializer_list<std::pair<Phase, std::uint64_t>> of) {
    PhaseCounts result{};
    for (const auto& [phase, count] : of) result.at(static_cast<std::size_t>(phase)) = count;
    return result;
}

/// Half-way: 4 of 10 removed a day ago, 6 left of which one has to move yet.
ProgressFacts half_way() {
    ProgressFacts facts;
    facts.phases = counts({{Phase::pending, 1}, {Phase::drained, 5}, {Phase::retired, 4}});
    facts.start = kNow - 24h * 30;
    facts.observed_since = kNow - 24h * 20;
    facts.live_before = 8;
    facts.last_removal = kNow - 24h;
    return facts;
}

std::string_view state_at_now(const ProgressFacts& facts) {
    return state_name(migration_state(facts, kNow));
}

std::string_view state_with(void (*change)(ProgressFacts&)) {
    ProgressFacts facts = half_way();
    change(facts);
    return state_at_now(facts);
}

TEST(Progress, EachPhaseIsEitherLiveOrRemoved) {
    const std::set<Phase> removed{Phase::upgraded, Phase::retired, Phase::retired_in_use};
    for (const Phase phase : kPhases) {
        const PhaseCounts one = counts({{phase, 3}});
        EXPECT_EQ(baseline(one), 3U) << phase_name(phase);
        EXPECT_EQ(removed_keys(one), removed.contains(phase) ? 3U : 0U) << phase_name(phase);
        EXPECT_EQ(live_keys(one), removed.contains(phase) ? 0U : 3U) << phase_name(phase);
        EXPECT_EQ(locked_out_keys(one), is_locked_out(phase) ? 3U : 0U) << phase_name(phase);
    }
}

TEST(Progress, RatiosAreSharesOfTheBaseline) {
    const PhaseCounts some = counts({{Phase::overlap, 3},
                                     {Phase::drained, 2},
                                     {Phase::upgraded, 1},
                                     {Phase::retired, 1},
                                     {Phase::retired_in_use, 1}});
    EXPECT_EQ(removed_ratio(some), 3.0 / 8);
    EXPECT_EQ(drained_ratio(some), 5.0 / 8);
    EXPECT_EQ(removed_ratio(counts({{Phase::pending, 2}})), 0.0);
    EXPECT_EQ(drained_ratio(counts({{Phase::quarantined, 2}})), 0.0);
    EXPECT_EQ(removed_ratio(counts({{Phase::retired, 2}})), 1.0);
}

TEST(Progress, RatiosAreEmptyWhileThereNeverWasALegacyKey) {
    EXPECT_EQ(removed_ratio(PhaseCounts{}), std::nullopt);
    EXPECT_EQ(drained_ratio(PhaseCounts{}), std::nullopt);
}

TEST(Progress, EachStateHasItsName) {
    std::string names;
    for (const MigrationState state : kMigrationStates) names += std::string(state_name(state)) + " ";
    EXPECT_EQ(names, "not_started migrating draining stalled regressing complete ");
}

TEST(Progress, MigratingIsWhatRemains) {
    EXPECT_EQ(state_with([](ProgressFacts&) {}), "migrating");
}

TEST(Progress, CompleteWithoutALiveKeyWhateverElseHolds) {
    const auto complete = [](ProgressFacts& facts) {
        facts.phases = counts({{Phase::retired, 4}});
        facts.start.reset();
        facts.last_removal = kNow - 24h * 30;
        facts.live_before = 0;
    };
    EXPECT_EQ(state_with(complete), "complete");
    EXPECT_EQ(state_at_now({}), "complete");
}

TEST(Progress, NotStartedWithoutAStartOrBeforeIt) {
    EXPECT_EQ(state_with([](ProgressFacts& facts) { facts.start.reset(); }), "not_started");
    EXPECT_EQ(state_with([](ProgressFacts& facts) { facts.start = kNow + 1us; }), "not_started");
    EXPECT_EQ(state_with([](ProgressFacts& facts) { facts.start = kNow; }), "migrating");
}

TEST(Progress, NotStartedWhileNothingIsRemovedOrReplaced) {
    ProgressFacts facts = half_way();
    facts.last_removal.reset();
    facts.observed_since = kNow - 24h;
    for (const Phase phase : {Phase::pending, Phase::dormant, Phase::expired, Phase::quarantined}) {
        facts.phases = counts({{phase, 6}});
        EXPECT_EQ(state_at_now(facts), "not_started") << phase_name(phase);
    }
    for (const Phase phase : {Phase::issued, Phase::overlap, Phase::drained, Phase::upgraded, Phase::retired,
                              Phase::retired_in_use}) {
        facts.phases = counts({{Phase::pending, 5}, {phase, 1}});
        EXPECT_EQ(state_at_now(facts), "migrating") << phase_name(phase);
    }
}

TEST(Progress, NotStartedComesBeforeRegressingAndStalled) {
    const auto untouched = [](ProgressFacts& facts) {
        facts.phases = counts({{Phase::dormant, 6}});
        facts.live_before = 5;
        facts.last_removal.reset();
    };
    EXPECT_EQ(state_with(untouched), "not_started");
}

TEST(Progress, RegressingWithMoreLiveKeysThanBefore) {
    EXPECT_EQ(state_with([](ProgressFacts& facts) { facts.live_before = 5; }), "regressing");
    EXPECT_EQ(state_with([](ProgressFacts& facts) { facts.live_before = 6; }), "migrating");
}

TEST(Progress, RegressingComesBeforeStalledAndDraining) {
    const auto all = [](ProgressFacts& facts) {
        facts.phases = counts({{Phase::drained, 6}, {Phase::retired, 4}});
        facts.live_before = 5;
        facts.last_removal = kNow - 24h * 10;
    };
    EXPECT_EQ(state_with(all), "regressing");
}

TEST(Progress, StalledAWeekAfterTheLastRemoval) {
    EXPECT_EQ(state_with([](ProgressFacts& facts) { facts.last_removal = kNow - 24h * 7; }), "stalled");
    EXPECT_EQ(state_with([](ProgressFacts& facts) { facts.last_removal = kNow - 24h * 7 + 1us; }),
              "migrating");
}

TEST(Progress, StalledComesBeforeDraining) {
    const auto both = [](ProgressFacts& facts) {
        facts.phases = counts({{Phase::drained, 6}, {Phase::retired, 4}});
        facts.last_removal = kNow - 24h * 7;
    };
    EXPECT_EQ(state_with(both), "stalled");
}

TEST(Progress, WithoutARemovalStalledIsCountedFromTheObservation) {
    ProgressFacts facts = half_way();
    facts.last_removal.reset();
    facts.observed_since = kNow - 24h * 7;
    EXPECT_EQ(state_at_now(facts), "stalled");
    facts.observed_since += 1us;
    EXPECT_EQ(state_at_now(facts), "migrating");
}

TEST(Progress, NeverStalledWithinAWeekOfTheStart) {
    ProgressFacts facts = half_way();
    facts.start = kNow - 24h * 7;
    facts.last_removal = kNow - 24h * 9;
    EXPECT_EQ(state_at_now(facts), "stalled");
    facts.start = *facts.start + 1us;
    EXPECT_EQ(state_at_now(facts), "migrating");
    facts.last_removal.reset();
    EXPECT_EQ(state_at_now(facts), "migrating");
}

TEST(Progress, DrainingWhenEveryLiveKeyOnlyWaitsForItsRemoval) {
    ProgressFacts facts = half_way();
    const std::set<Phase> settled{Phase::drained, Phase::dormant, Phase::expired, Phase::quarantined};
    for (const Phase phase : kPhases) {
        if (!is_live(phase)) continue;
        facts.phases = counts({{Phase::retired, 4}});
        for (const Phase each : settled) facts.phases.at(static_cast<std::size_t>(each)) = 1;
        facts.phases.at(static_cast<std::size_t>(phase)) = 2;
        EXPECT_EQ(state_at_now(facts), settled.contains(phase) ? "draining" : "migrating")
            << phase_name(phase);
    }
}

}  // namespace
}  // namespace keyshift::domain
