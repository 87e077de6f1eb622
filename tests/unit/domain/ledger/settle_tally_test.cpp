// SPDX-License-Identifier: Apache-2.0
// What all keys together come to at the end of a poll.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/domain/ledger/watch.hpp"

namespace keyshift::domain {
namespace {

// ---- phases ----

TEST(Tally, CountsEachKeyInItsPublishedPhase) {
    Watch watch;
    watch.add("pending");
    watch.add("another");
    watch.add("dormant", kNow - 40 * kDay);
    watch.census();
    PhaseCounts expected{};
    expected[static_cast<std::size_t>(Phase::pending)] = 2;
    expected[static_cast<std::size_t>(Phase::dormant)] = 1;
    EXPECT_EQ(watch.tally.phases, expected);
    watch.table.at("dormant").blocked = true;
    watch.census();
    EXPECT_EQ(watch.tally.phases, expected) << "quarantined is not published yet";
    watch.table.erase("another");
    watch.census();
    EXPECT_EQ(count_of(watch.tally.phases, Phase::quarantined), 1U);
    EXPECT_EQ(count_of(watch.tally.phases, Phase::retired_in_use), 1U) << "gone, but not over";
}

// ---- live use ----

struct Using {
    const char* name;
    void (*make)(Watch&);
    std::uint64_t keys;
    std::uint64_t unswitched;
};
const std::vector<Using> kUsing{
    {"pending", [](Watch& w) { w.add("k"); }, 1, 1},
    {"pending, never used", [](Watch& w) { w.add("k", Used{}).created_at = kNow; }, 1, 1},
    {"pending, idle", [](Watch& w) { w.add("k", kNow - 8 * kDay); }, 0, 0},
    {"issued", [](Watch& w) { w.add("k"), w.links["k"] = {}; }, 1, 1},
    {"overlap", [](Watch& w) { w.add("k"), w.links["k"] = {.used = kNow}; }, 1, 1},
    {"drained", [](Watch& w) { w.add("k", kNow - 8 * kDay), w.links["k"] = {.used = kNow}; }, 0, 0},
    {"drained in use",
     [](Watch& w) {
         w.add("k"), w.links["k"] = {.used = kNow};
         w.fallback = {FallbackMode::absent, kNow};
     },
     1, 0},
    {"stranded", [](Watch& w) { w.add("k"), w.fallback = {FallbackMode::absent, kNow}; }, 1, 0},
    {"quarantined", [](Watch& w) { w.add("k").blocked = true; }, 1, 0},
    {"expired", [](Watch& w) { w.add("k").over_budget = true; }, 1, 0},
};

TEST(Tally, LiveUseIsUnswitchedWhereTheClientMayStillNeedTheKey) {
    for (const Using& row : kUsing) {
        Watch watch;
        row.make(watch);
        watch.census();
        EXPECT_EQ(watch.tally.live_use.keys, row.keys) << row.name;
        EXPECT_EQ(watch.tally.live_use.unswitched, row.unswitched) << row.name;
    }
}

TEST(Tally, LiveUseGoesByWhatWasFoundNotByWhatIsPublished) {
    Watch watch;
    watch.add("k", kNow - kWeek - 1h);
    watch.links["k"] = {.used = kNow};
    watch.census();
    watch.table.at("k").last_used_at = kNow;
    watch.pulse({"k"});
    EXPECT_EQ(watch.phase(), "drained");
    EXPECT_EQ(watch.tally.live_use.unswitched, 1U);
}

TEST(Tally, LiveUseEndsWithTheLastDrainWindow) {
    Watch watch;
    watch.add("later", kNow - 1h);
    watch.add("earlier", kNow - 2h);
    watch.add("zero", kNow - 3h);
    watch.census();
    EXPECT_EQ(watch.tally.live_use.quiet_at, kNow - 1h + kWeek + kRest);
    watch.now = kNow - 1h + kWeek;
    watch.pulse({}, kRest - 1us);
    EXPECT_EQ(watch.tally.live_use.keys, 1U);
    watch.pulse({}, 1us);
    EXPECT_EQ(watch.tally.live_use.keys, 0U);
    EXPECT_EQ(watch.tally.live_use.quiet_at, watch.now) << "still known";
    watch.table.clear();
    watch.census();
    EXPECT_EQ(watch.tally.live_use.quiet_at, std::nullopt) << "nothing of keys that have gone";
}

// ---- drained by rule 3 alone ----

Watch drained(PairRule rule) {
    Watch watch;
    watch.add("k", kNow - 8 * kDay);
    watch.links["k"] = {.used = kNow, .rule = rule};
    watch.census();
    EXPECT_EQ(watch.phase(), "drained");
    return watch;
}

TEST(Tally, DrainedByOwnerOnlyUntilConfirmed) {
    EXPECT_EQ(drained(PairRule::name).tally.drained_by_owner_only, 0U);
    EXPECT_EQ(drained(PairRule::pair).tally.drained_by_owner_only, 0U);
    Watch watch = drained(PairRule::owner);
    EXPECT_EQ(watch.tally.drained_by_owner_only, 1U);
    watch.links["k"].rule = PairRule::pair;
    watch.census();
    EXPECT_EQ(watch.tally.drained_by_owner_only, 0U) << "another rule";
    watch.links["k"].rule = PairRule::owner;
    watch.acknowledged["k"] = watch.now;
    watch.census();
    EXPECT_EQ(watch.tally.drained_by_owner_only, 0U) << "acknowledged";
    watch.acknowledged.clear();
    watch.table.at("k").last_used_at = watch.now;
    watch.census();
    EXPECT_EQ(watch.tally.drained_by_owner_only, 1U) << "drained is what is published";
    watch.census();
    EXPECT_EQ(watch.phase(), "overlap");
    EXPECT_EQ(watch.tally.drained_by_owner_only, 0U);
}

// ---- dormant keys ----

TEST(Tally, DormantFromWhenItIsFoundUntilSomethingElseIsPublished) {
    Watch watch;
    watch.add("k", kNow - 30 * kDay);
    watch.census();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U);
    watch.table.at("k").last_used_at = kNow;
    watch.pulse({"k"});
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U) << "published";
    watch.pulse();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U);
    watch.now = kNow + 31 * kDay;
    watch.pulse();
    EXPECT_EQ(watch.phase(), "pending");
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U) << "found";
    watch.acknowledged["k"] = watch.now;
    watch.pulse();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U) << "acknowledged";
}

Watch dormant_and_blocked() {
    Watch watch;
    watch.add("k", kNow - 40 * kDay);
    watch.census();
    watch.table.at("k").blocked = true;
    return watch;
}

TEST(Tally, ADormantKeyIsBlockedLongEnoughAfterTheDrainWindow) {
    Watch watch = dormant_and_blocked();
    watch.census();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U) << "dormant is still published";
    EXPECT_EQ(watch.tally.dormant_blocked_recently, 0U);
    watch.census();
    const Time enough = watch.now + kWeek;
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U);
    EXPECT_EQ(watch.tally.dormant_blocked_recently, 1U);
    EXPECT_EQ(watch.tally.blocked_long_enough_at, enough);
    watch.pulse({}, kWeek - 1us);
    EXPECT_EQ(watch.tally.dormant_blocked_recently, 1U);
    EXPECT_EQ(watch.tally.blocked_long_enough_at, enough);
    watch.pulse({}, 1us);
    EXPECT_EQ(watch.tally.dormant_blocked_recently, 0U);
    watch.pulse({}, kDay);
    EXPECT_EQ(watch.tally.blocked_long_enough_at, enough) << "a census must have come later";
}

TEST(Tally, AnAcknowledgedKeyNeedNotBeBlockedLong) {
    Watch watch = dormant_and_blocked();
    watch.acknowledged["k"] = watch.now;
    watch.censuses(2);
    EXPECT_EQ(watch.tally.dormant_blocked_recently, 0U);
}

TEST(Tally, OnlyABlockedKeyThatWouldBeDormantHasToStayBlocked) {
    Watch watch;
    watch.add("k", kNow - 29 * kDay).blocked = true;
    watch.census();
    EXPECT_EQ(watch.tally.dormant_blocked_recently, 0U);
    const Time since = watch.now;
    watch.pulse({}, 2 * kDay);
    EXPECT_EQ(watch.tally.dormant_blocked_recently, 1U);
    EXPECT_EQ(watch.tally.blocked_long_enough_at, since + kWeek) << "blocked before it was dormant";
}

TEST(Tally, ABlockThatIsNotPublishedYetBeginsNow) {
    Watch watch;
    watch.add("k", kNow - 30 * kDay + 2min);
    watch.census();
    EXPECT_EQ(watch.phase(), "pending");
    watch.table.at("k").blocked = true;
    watch.census(kDay);
    EXPECT_EQ(watch.phase(), "pending");
    EXPECT_EQ(watch.tally.blocked_long_enough_at, watch.now + kWeek);
}

TEST(Tally, TheLastBlockedKeyTellsTheDate) {
    for (const bool a_first : {true, false}) {
        Watch watch;
        watch.add(a_first ? "a" : "b", kNow - 40 * kDay).blocked = true;
        watch.census();
        watch.add(a_first ? "b" : "a", kNow - 40 * kDay).blocked = true;
        watch.census(1h);
        EXPECT_EQ(watch.tally.dormant_blocked_recently, 2U);
        EXPECT_EQ(watch.tally.blocked_long_enough_at, watch.now + kWeek);
    }
}

// ---- which keys are shown first ----

TEST(MostUrgent, AreThoseWhosePhaseAsksForMost) {
    Watch watch;
    for (const Phase phase : kPhases) {
        const auto row = static_cast<std::uint32_t>(phase) + 1;
        const Key& key = watch.add(std::string(phase_name(phase)));
        watch.ledger.restore(key, {.row = row, .last_used = to_seconds(kNow) - row, .phase = phase});
    }
    Told phases;
    for (const KeyMemory& key : watch.ledger.most_urgent(kPhases.size()))
        phases.emplace_back(phase_name(*key.phase));
    EXPECT_EQ(phases, (Told{"stranded", "retired_in_use", "overlap", "issued", "pending", "dormant",
                            "drained", "quarantined", "expired", "retired", "upgraded"}));
}

TEST(MostUrgent, OfOnePhaseAreThoseUsedLast) {
    Watch watch;
    watch.add("earlier", kNow - 3h);
    watch.add("later", kNow - 2h);
    watch.add("dormant", kNow - 40 * kDay);
    watch.census();
    const auto rows = [&watch](std::size_t most) {
        std::vector<std::uint32_t> out;
        for (const KeyMemory& key : watch.ledger.most_urgent(most)) out.push_back(key.row);
        return out;
    };
    const std::vector<std::uint32_t> first{watch.memory("later").row, watch.memory("earlier").row};
    EXPECT_EQ(rows(2), first) << "no more than asked for";
    EXPECT_EQ(rows(9).size(), 3U);
    EXPECT_TRUE(rows(0).empty());
}

// ---- acknowledgements ----

TEST(Tally, AnAcknowledgementIsVoidOnceTheKeyIsUsed) {
    Watch watch;
    watch.add("k", kNow - 40 * kDay);
    watch.acknowledged["k"] = kNow;
    watch.census();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U);
    watch.acknowledged.clear();
    watch.pulse();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U) << "the ledger keeps it";
    watch.table.at("k").last_used_at = kNow - 39 * kDay;
    watch.pulse({"k"});
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U) << "any use that was not known voids it";
    watch.acknowledged["k"] = kNow - 39 * kDay - 1s;
    watch.pulse();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U) << "given before the use";
    watch.acknowledged["k"] = kNow - 32 * kDay;
    watch.pulse();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U) << "given while it was in use";
    watch.acknowledged["k"] = kNow - 32 * kDay + 2s;
    watch.pulse();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U);
}

TEST(Tally, AnAcknowledgementFromBeforeTheDeletionDoesNotSettleIt) {
    Watch watch;
    watch.add("k");
    watch.acknowledged["k"] = kNow + 5min;  // an operator looks at the pending key ...
    watch.census();
    watch.census(1h);
    watch.table.at("k").last_used_at = watch.now;  // ... whose client is at work ...
    watch.pulse({"k"});
    watch.table.clear();  // ... until it is deleted
    watch.censuses(3);
    EXPECT_EQ(watch.phase(), "retired_in_use");
    EXPECT_EQ(count_of(watch.tally.phases, Phase::retired_in_use), 1U);
}

TEST(Tally, AnAcknowledgementOfADrainedKeyMustHaveSeenTheReplacement) {
    Watch watch;
    watch.add("k", kNow - 8 * 24h);
    watch.acknowledged["k"] = kNow + 1s;
    watch.census();
    watch.links["k"] = {.used = kNow, .rule = PairRule::owner};
    watch.censuses(2);
    ASSERT_EQ(watch.phase(), "drained");
    EXPECT_EQ(watch.tally.drained_by_owner_only, 1U);
    watch.census();
    EXPECT_EQ(watch.tally.drained_by_owner_only, 1U);
    watch.acknowledged["k"] = watch.now;
    watch.census();
    EXPECT_EQ(watch.tally.drained_by_owner_only, 0U);
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.census();
    EXPECT_EQ(watch.tally.drained_by_owner_only, 1U) << "used since";
}

TEST(Tally, AKeyThatWasNeverUsedCanBeAcknowledged) {
    Watch watch;
    watch.add("k", Used{});
    watch.acknowledged["k"] = kNow - 101 * kDay;
    watch.census();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U) << "before it was there";
    watch.acknowledged["k"] = kNow - 92 * kDay;
    watch.census();
    EXPECT_EQ(watch.phase(), "dormant");
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U);
}

TEST(Tally, AnAcknowledgementEndsWhenTheKeyGoes) {
    Watch watch;
    watch.add("k", kNow - 40 * kDay);
    watch.acknowledged["k"] = kNow;
    watch.census();
    watch.acknowledged.clear();
    watch.table.clear();
    watch.census();
    watch.add("k", kNow - 40 * kDay);
    watch.census();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U);
}

}  // namespace
}  // namespace keyshift::domain
