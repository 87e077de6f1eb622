// SPDX-License-Identifier: Apache-2.0
// A key that was used after a use of its replacement has at least two clients: that one of them has moved
// says nothing of the other.
#include <gtest/gtest.h>

#include "unit/domain/ledger/watch.hpp"

namespace keyshift::domain {
namespace {

std::int64_t hour_of(Time at) {
    return std::chrono::floor<std::chrono::hours>(at).time_since_epoch().count();
}

/// Both are in use, the old one last if `last` says so.
enum class Last { old_key, new_key };
Watch both_in_use(Last last) {
    Watch watch;
    watch.add("k", kNow - 2h);
    watch.links["k"] = {.used = kNow - 1h};
    watch.censuses(2);
    if (last == Last::old_key) watch.table.at("k").last_used_at = watch.now + 10s;
    watch.links["k"].used = watch.now + 20s;
    watch.census();
    return watch;
}
/// The key goes, and its replacement is used afterwards.
void remove_and_use_new_key(Watch& watch, Duration later = 1min) {
    watch.table.erase("k");
    watch.census();
    ASSERT_EQ(watch.phase(), "retired_in_use");
    watch.links["k"].used = watch.now + later;
    watch.census(later + 1s);
    watch.census();
}

TEST(Beside, AKeyWhoseClientSwitchedIsSettledByTheUseOfItsReplacement) {
    Watch watch = both_in_use(Last::new_key);
    ASSERT_EQ(watch.phase(), "overlap");
    EXPECT_FALSE(watch.memory().beside);
    remove_and_use_new_key(watch);
    EXPECT_EQ(watch.phase(), "retired");
}

TEST(Beside, AKeyOfTwoClientsIsNot) {
    Watch watch = both_in_use(Last::old_key);
    ASSERT_EQ(watch.phase(), "overlap");
    EXPECT_TRUE(watch.memory().beside);
    remove_and_use_new_key(watch);
    EXPECT_EQ(watch.phase(), "retired_in_use");
    EXPECT_EQ(watch.tally.beside, 1U);
    EXPECT_EQ(watch.tally.upgraded_unused, 0U);
    watch.acknowledged["k"] = watch.now;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "retired");
}

TEST(Beside, AKeyOfTwoClientsThatIsUpgradedIsNotCalledDeleted) {
    Watch watch = both_in_use(Last::old_key);
    watch.table.at("k").legacy = false;
    watch.census();
    ASSERT_EQ(watch.phase(), "retired_in_use");
    EXPECT_EQ(watch.tally.upgraded_unused, 1U);
    EXPECT_EQ(watch.tally.beside, 0U);
}

TEST(Beside, ItIsOnceNobodyIsRefusedForADrainWindow) {
    Watch watch = both_in_use(Last::old_key);
    watch.refused.counted_since = kNow - 30 * kDay;
    watch.refused.by_hour[hour_of(watch.now + 2h)] = 1;
    remove_and_use_new_key(watch, 2h);
    watch.census(6 * kDay);
    watch.census();
    EXPECT_EQ(watch.phase(), "retired_in_use");
    watch.census(2 * kDay);
    watch.census();
    EXPECT_EQ(watch.phase(), "retired");
}

TEST(Beside, WhereNobodyCountsRefusalsItStays) {
    Watch watch = both_in_use(Last::old_key);
    remove_and_use_new_key(watch);
    watch.census(20 * kDay);
    watch.census();
    EXPECT_EQ(watch.phase(), "retired_in_use");
    watch.census(10 * kDay);
    watch.census();
    EXPECT_EQ(watch.phase(), "retired") << "never confirmed";
}

TEST(Beside, AKeyOfTwoClientsIsStrandedWithTheFallback) {
    for (const Last last : {Last::old_key, Last::new_key}) {
        Watch watch = both_in_use(last);
        watch.fallback = {FallbackMode::absent, watch.now};
        watch.censuses(2);
        EXPECT_EQ(watch.phase(), last == Last::old_key ? "stranded" : "drained");
    }
}

TEST(Beside, IsTheSameAfterARestart) {
    Watch watch = both_in_use(Last::old_key);
    watch.restart();
    watch.fallback = {FallbackMode::absent, watch.now};
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "stranded");
}

TEST(Beside, IsKnownAtTheFirstCensusWhereTheOldKeyWasUsedLast) {
    Watch watch;
    watch.add("k", kNow - 1h);
    watch.links["k"] = {.used = kNow - 2h};
    watch.census();
    EXPECT_TRUE(watch.memory().beside);
}

TEST(Beside, IsNotToldByUsesOfOneSecond) {
    Watch watch;
    watch.add("k", kNow - 1h);
    watch.links["k"] = {.used = kNow - 1h};
    watch.census();
    EXPECT_FALSE(watch.memory().beside);
}

TEST(Beside, IsNotToldByAUseOfBeforeThatIsWrittenLate) {
    Watch watch = both_in_use(Last::new_key);  // the replacement first an hour before kNow
    for (const Duration ago : {Duration{90min}, Duration{1h}}) {
        watch.table.at("k").last_used_at = kNow - ago;
        watch.census();
        ASSERT_EQ(watch.memory().last_used, to_seconds(kNow - ago));
        EXPECT_FALSE(watch.memory().beside);
    }
    watch.table.at("k").last_used_at = kNow - 1h + 1s;
    watch.census();
    EXPECT_TRUE(watch.memory().beside);
}

TEST(Beside, IsNotToldByACreation) {
    Watch watch;
    watch.add("k", Used{}).created_at = kNow - 1h;
    watch.links["k"] = {.used = kNow - 2h};
    watch.census();
    EXPECT_FALSE(watch.memory().beside);
}

TEST(Beside, IsRememberedAsSoonAsItIsKnown) {
    Watch watch;
    watch.add("k", kNow - 1h);
    watch.links["k"] = {};
    watch.censuses(2);
    watch.links["k"].used = kNow - 2h;
    watch.census();
    watch.restart();
    EXPECT_TRUE(watch.memory().beside);
}

TEST(Beside, IsOfOneReplacement) {
    Watch watch = both_in_use(Last::old_key);
    watch.links["k"] = {.id = "n", .used = watch.now + 30s};
    watch.census();
    EXPECT_FALSE(watch.memory().beside);
    watch.restart();
    EXPECT_FALSE(watch.memory().beside) << "the journal has been told";
    watch = both_in_use(Last::old_key);
    watch.links.clear();
    watch.census();
    EXPECT_FALSE(watch.memory().beside);
}

TEST(Beside, IsToldByLogsToo) {
    Watch watch = both_in_use(Last::new_key);
    EXPECT_FALSE(watch.memory().beside);
    watch.now += 5min;
    watch.pulse();
    EXPECT_TRUE(watch.ledger.used(hash_id("k"), watch.now));
    EXPECT_TRUE(watch.memory().beside);
}

}  // namespace
}  // namespace keyshift::domain
