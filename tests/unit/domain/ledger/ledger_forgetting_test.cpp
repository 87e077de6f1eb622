// SPDX-License-Identifier: Apache-2.0
// S8 and S9: what is known is never forgotten, whatever a row says later.
#include <gtest/gtest.h>

#include "unit/domain/ledger/watch.hpp"

namespace keyshift::domain {
namespace {

std::uint32_t known_use(Watch& watch) {
    return watch.memory().last_used;
}

TEST(SetBack, KeepsTheLatestUseAndIsToldOnce) {
    Watch watch;
    watch.add("k", kNow);
    watch.censuses(2);
    watch.table.at("k").last_used_at = kNow - kDay;
    watch.census();
    EXPECT_TRUE(watch.set_back);
    EXPECT_EQ(known_use(watch), to_seconds(kNow));
    watch.census();
    EXPECT_FALSE(watch.set_back) << "told";
    watch.restart();
    watch.census();
    EXPECT_FALSE(watch.set_back) << "also after a restart";
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.census();
    EXPECT_FALSE(watch.set_back);
    EXPECT_EQ(watch.gap(), 0s) << "uses in between may have been lost";
    watch.table.at("k").last_used_at = kNow - kDay;
    watch.census();
    EXPECT_TRUE(watch.set_back) << "another time";
}

TEST(SetBack, IsToldAgainAfterTheRowCaughtUpAndARestart) {
    Watch watch;
    watch.add("k", kNow);
    watch.censuses(2);
    watch.table.at("k").last_used_at = kNow - kDay;
    watch.census();
    watch.table.at("k").last_used_at = kNow;
    watch.census();
    watch.restart();
    watch.table.at("k").last_used_at = kNow - kDay;
    watch.census();
    EXPECT_TRUE(watch.set_back);
}

TEST(SetBack, IsNoneWhereUsesAreWrittenThatLate) {
    for (const Duration delay : {Duration{0}, Duration{3h}}) {
        Watch watch;
        watch.last_used_delay = delay;
        const Duration tolerable = std::max<Duration>(15min, delay);
        watch.add("k", kNow);
        watch.censuses(2);
        watch.table.at("k").last_used_at = kNow - tolerable;
        watch.census();
        EXPECT_FALSE(watch.set_back);
        EXPECT_EQ(known_use(watch), to_seconds(kNow));
        watch.table.at("k").last_used_at = kNow - tolerable - 1s;
        watch.census();
        EXPECT_TRUE(watch.set_back);
    }
}

TEST(SetBack, AfterTheClockWasSetBackTheFutureIsNotKnown) {
    Watch watch;
    watch.add("k", kNow);
    watch.census(2h);
    watch.now -= 3 * kDay;
    watch.table.at("k").last_used_at = watch.now - 1h;
    watch.census();
    EXPECT_TRUE(watch.set_back);
    EXPECT_EQ(known_use(watch), to_seconds(watch.now - 1min - 1h));
    watch.census();
    EXPECT_FALSE(watch.set_back);
}

TEST(SetBack, OldDataOfAStandbyAreNoSignThatAClockWasSetBack) {
    Watch watch;
    watch.add("k", kNow);
    watch.census(2h);
    watch.now -= 3 * kDay;
    watch.lag = 3 * kDay;
    watch.table.at("k").last_used_at = watch.now - 1h;
    watch.census();
    EXPECT_TRUE(watch.set_back) << "a backup was restored, some time before";
    EXPECT_EQ(known_use(watch), to_seconds(kNow));
}

TEST(SetBack, AValueThatWasTakenOverIsKnownAndARowBehindItIsToldAgain) {
    Watch watch;
    watch.add("k", kNow);
    watch.census(2h);
    watch.now -= 3 * kDay;
    const Time taken_over = watch.now - 1h;
    watch.table.at("k").last_used_at = taken_over;
    watch.census();
    EXPECT_TRUE(watch.set_back) << "the clock";
    EXPECT_FALSE(watch.memory().behind);
    watch.table.at("k").last_used_at = taken_over - kDay;
    watch.census();
    EXPECT_TRUE(watch.set_back) << "a backup, before any poll in between";
    EXPECT_EQ(known_use(watch), to_seconds(taken_over));
}

TEST(SetBack, AUseOfThisVeryMomentIsKept) {
    Watch watch;
    watch.add("k", kNow + 1min);
    watch.census();
    watch.table.at("k").last_used_at = kNow - kDay;
    watch.census(0s);
    EXPECT_TRUE(watch.set_back);
    EXPECT_EQ(known_use(watch), to_seconds(kNow + 1min));
}

TEST(SetBack, AKeyThatComesBackKeepsItsUse) {
    for (const bool was_over : {false, true}) {
        Watch watch;
        watch.add("k", kNow);
        watch.censuses(2);
        watch.table.erase("k");
        watch.census();
        ASSERT_EQ(watch.phase(), "retired_in_use");
        if (was_over) {
            watch.acknowledged["k"] = watch.now;
            watch.censuses(2);
            ASSERT_EQ(watch.phase(), "retired");
        }
        watch.acknowledged.clear();
        watch.add("k", kNow - 20 * kDay);
        watch.census();
        EXPECT_TRUE(watch.set_back);
        EXPECT_EQ(known_use(watch), to_seconds(kNow));
        EXPECT_EQ(watch.tally.live_use.keys, 1U) << "it is in use";
        watch.census();
        EXPECT_FALSE(watch.set_back);
    }
}

TEST(SetBack, TheUseThatIsKnownDisprovesTheExpiryOfAKeyThatComesBack) {
    for (const Duration age : {Duration{0}, 20 * kDay}) {
        Watch watch;
        watch.add("k", kNow - 8 * kDay);
        watch.censuses(2);
        watch.table.erase("k");
        watch.censuses(3);
        ASSERT_EQ(watch.phase(), "retired");
        watch.add("k", kNow - 8 * kDay - age).expires_at = kNow - 9 * kDay;
        watch.censuses(2);
        EXPECT_EQ(watch.phase(), "pending") << "it was used after that";
    }
}

TEST(SetBack, AKeyThatComesBackWithALaterUseHasThatOne) {
    Watch watch;
    watch.add("k", kNow - 8 * kDay);
    watch.censuses(2);
    watch.table.erase("k");
    watch.censuses(3);
    ASSERT_EQ(watch.phase(), "retired");
    watch.add("k", watch.now);
    const Time used = watch.now;
    watch.census();
    EXPECT_FALSE(watch.set_back);
    EXPECT_EQ(known_use(watch), to_seconds(used));
}

/// A key that had gone for good, as the journal had it, and its row now.
Ledger adopted(const KeyMemory& memory, Used used) {
    Ledger ledger;
    ledger.set_view({.now = kNow, .windows = {}, .fallback = {}, .last_used_delay = 1h}, {});
    Key key = legacy("k", used);
    key.created_at = kNow - 100 * kDay;
    ledger.observe(key);
    ledger.adopt(key, memory);
    return ledger;
}

TEST(Adopted, AKeyIsCreatedNoEarlierThanWasKnown) {
    Ledger ledger = adopted({.row = 1, .created = to_seconds(kNow - kDay)}, {});
    EXPECT_EQ(ledger.find(hash_id("k"))->reference, to_seconds(kNow - kDay));
    ledger = adopted({.row = 1, .created = to_seconds(kNow - 200 * kDay)}, {});
    EXPECT_EQ(ledger.find(hash_id("k"))->reference, to_seconds(kNow - 100 * kDay));
    ledger = adopted({.row = 1, .created = to_seconds(kNow - kDay)}, kNow - 2 * kDay);
    EXPECT_EQ(ledger.find(hash_id("k"))->reference, to_seconds(kNow - 2 * kDay)) << "of uses it says nothing";
}

TEST(Adopted, AKeyHasItsGapsAndTheOneSinceItWent) {
    KeyMemory memory{.row = 1, .last_used = to_seconds(kNow - 9 * kDay), .longest_gap = 86'400};
    const auto gap = [&memory](Used used) {
        return std::chrono::seconds{adopted(memory, used).recall(hash_id("k")).longest_gap};
    };
    EXPECT_EQ(gap(kNow - 9 * kDay), kDay);
    EXPECT_EQ(gap(kNow - 2 * kDay), kDay) << "its first advance";
    memory.advanced = true;
    EXPECT_EQ(gap(kNow - 2 * kDay), 7 * kDay);
    memory.longest_gap = 30 * 86'400;
    EXPECT_EQ(gap(kNow - 2 * kDay), 30 * kDay);
}

TEST(Adopted, AKeyHasAdvancedOnceItWasUsedAndNotWhereItsRowIsBehind) {
    KeyMemory memory{.row = 1, .last_used = to_seconds(kNow - 9 * kDay)};
    const auto advanced = [&memory](Used used) {
        return adopted(memory, used).recall(hash_id("k")).advanced;
    };
    EXPECT_FALSE(advanced(kNow - 9 * kDay));
    EXPECT_TRUE(advanced(kNow - 8 * kDay));
    memory.advanced = true;
    EXPECT_TRUE(advanced(kNow - 9 * kDay));
    EXPECT_FALSE(advanced(kNow - 20 * kDay)) << "the next advance does not tell a gap";
}

TEST(Adopted, AUseOfTheFutureIsNotTakenOverFromTheJournalOfAClockThatWasAhead) {
    Ledger ledger = adopted({.row = 1, .last_used = to_seconds(kNow + kDay)}, kNow - 2 * kDay);
    EXPECT_EQ(ledger.recall(hash_id("k")).last_used, to_seconds(kNow - 2 * kDay));
}

TEST(Created, NoEarlierThanWasKnown) {
    Watch watch;
    watch.add("k", Used{}).created_at = kNow;
    watch.census();
    watch.table.at("k").created_at = kNow - 90 * kDay;
    watch.census();
    EXPECT_EQ(watch.ledger.find(hash_id("k"))->reference, to_seconds(kNow));
    watch.table.at("k").created_at = kNow + 30s;
    watch.census();
    EXPECT_EQ(watch.ledger.find(hash_id("k"))->reference, to_seconds(kNow + 30s));
}

// ---- uses that others tell of ----

TEST(LoggedUse, ReachesAKeyThatNoRowHasShown) {
    Watch watch;
    watch.add("k", kNow - 8 * kDay);
    watch.links["k"] = {.used = kNow - 8 * kDay - 1h};
    watch.censuses(2);
    ASSERT_EQ(watch.phase(), "drained");
    EXPECT_TRUE(watch.ledger.used(hash_id("k"), watch.now - 1s));
    watch.pulse();
    EXPECT_EQ(watch.tally.live_use.unswitched, 1U) << "at once";
    watch.pulse();
    EXPECT_EQ(watch.phase(), "overlap");
}

TEST(LoggedUse, IsNewsOnce) {
    Watch watch;
    watch.add("k", kNow - 1h);
    watch.census();
    EXPECT_FALSE(watch.ledger.used(hash_id("not known"), watch.now));
    EXPECT_FALSE(watch.ledger.used(hash_id("k"), kNow - 1h));
    EXPECT_TRUE(watch.ledger.used(hash_id("k"), kNow - 30min));
    EXPECT_FALSE(watch.ledger.used(hash_id("k"), kNow - 30min));
    EXPECT_TRUE(watch.memory().advanced);
    EXPECT_TRUE(watch.ledger.used(hash_id("k"), watch.now + kDay)) << "of a clock that is ahead";
    EXPECT_EQ(known_use(watch), to_seconds(watch.now));
    EXPECT_EQ(watch.gap(), 31min);
}

TEST(LoggedUse, OfAKeyThatHasGoneIsNone) {
    Watch watch;
    watch.add("k");
    watch.census();
    watch.table.erase("k");
    watch.census();
    EXPECT_FALSE(watch.ledger.used(hash_id("k"), watch.now));
}

TEST(LoggedUse, OfAKeyWithALookupHashIsNone) {
    Watch watch;
    watch.add("k");
    watch.census();
    watch.table.at("k").legacy = false;
    watch.pulse({"k"});
    ASSERT_FALSE(watch.memory().gone) << "that only a census finds";
    EXPECT_FALSE(watch.ledger.used(hash_id("k"), watch.now));
    EXPECT_EQ(known_use(watch), to_seconds(kNow - 1h));
}

TEST(LoggedUse, VoidsAnAcknowledgement) {
    Watch watch;
    watch.add("k", kNow - 40 * kDay);
    watch.acknowledged["k"] = kNow;
    watch.census();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U);
    watch.ledger.used(hash_id("k"), kNow - 39 * kDay);
    watch.acknowledged.clear();
    watch.pulse();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U);
}

// ---- acknowledgements of idle keys ----

TEST(Acknowledged, AnIdleKeyIsDormant) {
    Watch watch;
    watch.add("k", kNow - 8 * kDay);
    watch.censuses(2);
    ASSERT_EQ(watch.phase(), "pending");
    watch.acknowledged["k"] = watch.now;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "dormant");
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 0U);
}

TEST(Acknowledged, ABlockedKeyNeedNotBeIdleButMustNotHaveBeenUsedSince) {
    for (const bool since : {true, false}) {
        Watch watch;
        watch.add("k", kNow - kDay).blocked = true;
        watch.acknowledged["k"] = kNow - kDay - (since ? 0s : 1s);
        watch.census();
        watch.acknowledged.clear();
        watch.table.at("k").blocked = false;
        watch.census(31 * kDay);
        watch.census();
        ASSERT_EQ(watch.phase(), "dormant");
        EXPECT_EQ(watch.tally.dormant_unacknowledged, since ? 0U : 1U);
    }
}

TEST(Acknowledged, UntilItIsTakenBack) {
    Watch watch;
    watch.add("k", kNow - 40 * kDay);
    watch.acknowledged["k"] = kNow;
    watch.census();
    ASSERT_EQ(watch.tally.dormant_unacknowledged, 0U);
    watch.acknowledged.clear();
    watch.ledger.withdraw_acknowledgement(hash_id("k"));
    watch.ledger.withdraw_acknowledgement(hash_id("not known"));
    watch.pulse();
    EXPECT_EQ(watch.tally.dormant_unacknowledged, 1U);
}

TEST(Acknowledged, GivenWhileTheKeyWasInUseItIsNone) {
    Watch watch;
    watch.add("k", kNow);
    watch.acknowledged["k"] = kNow + 6 * kDay;
    watch.censuses(2);
    watch.census(8 * kDay);
    watch.census();
    EXPECT_EQ(watch.phase(), "pending");
}

}  // namespace
}  // namespace keyshift::domain
