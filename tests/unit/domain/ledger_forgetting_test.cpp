// SPDX-License-Identifier: Apache-2.0
// S8 and S9: what is known is never forgotten, whatever a row says later.
#include <gtest/gtest.h>

#include "ledger_watch.hpp"

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
