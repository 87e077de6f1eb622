// SPDX-License-Identifier: Apache-2.0
// S5: a legacy key that disappears is a success only with proof that its holder moved.
#include <gtest/gtest.h>

#include "unit/domain/ledger/watch.hpp"

namespace keyshift::domain {
namespace {

/// Two polls find the key, and another one its lookup hash.
Watch upgraded(Used used = kNow - 1h) {
    Watch watch;
    watch.add("k", used);
    watch.censuses(2);
    watch.table.at("k").legacy = false;
    watch.census();
    return watch;
}

TEST(Upgrade, OfAKeyInUseIsProvedByAUseAfterwards) {
    Watch watch = upgraded();
    EXPECT_EQ(watch.phase(), "retired_in_use");
    EXPECT_EQ(watch.tally.upgraded_unused, 1U);
    watch.censuses(5);
    EXPECT_EQ(watch.phase(), "retired_in_use") << "nobody has used it since";
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "upgraded");
    EXPECT_EQ(watch.tally.upgraded_unused, 0U);
}

TEST(Upgrade, IsNotProvedByAUseOfBeforeThatIsWrittenLate) {
    Watch watch = upgraded();
    watch.table.at("k").last_used_at = watch.now;
    watch.censuses(3);
    EXPECT_EQ(watch.phase(), "retired_in_use");
}

TEST(Upgrade, AProofOutlastsPulsesAndARestart) {
    Watch watch = upgraded();
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.census();
    EXPECT_EQ(watch.phase(), "retired_in_use") << "published after two equal polls";
    watch.restart();
    watch.pulse();
    EXPECT_EQ(watch.phase(), "upgraded");
}

TEST(Upgrade, OfAKeyThatNobodyUsesIsADeletionLikeAnyOther) {
    Watch watch = upgraded(kNow - 40 * kDay);
    ASSERT_TRUE(watch.memory().gone) << "published after two equal polls";
    EXPECT_EQ(watch.tally.upgraded_unused, 0U) << "nobody misses it meanwhile";
    watch.census();
    EXPECT_EQ(watch.phase(), "retired");
}

TEST(Upgrade, WhereUseUpgradesNeedsNoProof) {
    Watch watch = upgraded();
    ASSERT_EQ(watch.phase(), "retired_in_use");
    watch.promotes_in_place = true;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "upgraded");
}

TEST(Upgrade, WithTheKeysOwnUseIsAUseAndNoProof) {
    Watch watch;
    watch.add("k", kNow - 40 * kDay);
    watch.censuses(2);
    ASSERT_EQ(watch.phase(), "dormant");
    watch.table.at("k").legacy = false;
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.census();
    ASSERT_TRUE(watch.upgrade);
    EXPECT_TRUE(watch.upgrade->news && watch.upgrade->by_use && !watch.upgrade->was_gone);
    ASSERT_EQ(watch.gone.size(), 1U);
    EXPECT_TRUE(watch.gone.front().by_use);
    EXPECT_EQ(watch.phase(), "retired_in_use") << "it may have been used before the hash was written";
    watch.census();
    ASSERT_TRUE(watch.upgrade);
    EXPECT_FALSE(watch.upgrade->news || watch.upgrade->by_use) << "once";
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "upgraded");
}

TEST(Upgrade, ByUseIsTheNewestUseOfTheKey) {
    Watch watch;
    watch.add("k", Used{}).created_at.reset();
    watch.censuses(2);
    watch.table.at("k").legacy = false;
    watch.table.at("k").last_used_at = kNow - 1h;  // written late: earlier than the first census
    watch.census();
    ASSERT_TRUE(watch.upgrade);
    EXPECT_TRUE(watch.upgrade->by_use) << "nothing was known of a use";
    EXPECT_EQ(watch.memory().last_used, to_seconds(kNow - 1h));
}

TEST(Upgrade, ThatAPulseSeesIsRemembered) {
    Watch watch;
    watch.add("k");
    watch.censuses(2);
    watch.table.at("k").legacy = false;
    watch.pulse({"k"});
    ASSERT_TRUE(watch.upgrade && watch.upgrade->news);
    watch.restart();
    watch.pulse({"k"});
    ASSERT_TRUE(watch.upgrade);
    EXPECT_FALSE(watch.upgrade->news);
}

TEST(Upgrade, ThatIsProvedIsTheNewestUseOfTheKey) {
    Watch watch = upgraded();
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.census();
    EXPECT_EQ(watch.memory().last_used, to_seconds(watch.now - 30s));
    watch.ledger.used(hash_id("k"), watch.now - 40s);
    EXPECT_EQ(watch.memory().last_used, to_seconds(watch.now - 30s)) << "a log is read late";
}

/// A restored row is legacy again, and its window is that of its holder's pace.
TEST(Upgrade, TheUseThatProvesItTellsTheGapBefore) {
    Watch watch;
    watch.add("k", kNow - 3h);
    watch.censuses(2);
    watch.table.at("k").last_used_at = watch.now;
    watch.census();
    watch.table.at("k").legacy = false;
    watch.census();
    const base::Time before = *watch.table.at("k").last_used_at;
    watch.table.at("k").last_used_at = watch.now + 20h;
    watch.census(21h);
    EXPECT_EQ(watch.memory().longest_gap, to_seconds(*watch.table.at("k").last_used_at) - to_seconds(before));
}

TEST(Upgrade, ByUseTellsTheGapBefore) {
    Watch watch;
    watch.add("k", kNow - 3h);
    watch.censuses(2);
    watch.table.at("k").last_used_at = watch.now;
    watch.census();
    const base::Time before = *watch.table.at("k").last_used_at;
    watch.table.at("k").legacy = false;
    watch.table.at("k").last_used_at = watch.now + 20h;
    watch.census(21h);
    EXPECT_EQ(watch.memory().longest_gap, to_seconds(*watch.table.at("k").last_used_at) - to_seconds(before));
}

/// Its row came back from a backup, and the fallback upgraded it before anybody looked.
TEST(Upgrade, ByUseOfAKeyThatHadGoneIsAUseAndNoProof) {
    Watch watch;
    watch.add("k");
    watch.censuses(2);
    watch.table.erase("k");
    watch.census();
    ASSERT_EQ(watch.phase(), "retired_in_use");
    watch.add("k", watch.now + 30s).legacy = false;
    watch.census();
    ASSERT_TRUE(watch.upgrade);
    EXPECT_TRUE(watch.upgrade->was_gone && watch.upgrade->by_use && !watch.upgrade->news);
    watch.census();
    EXPECT_FALSE(watch.upgrade->by_use) << "once";
    EXPECT_EQ(watch.phase(), "retired_in_use");
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "upgraded");
}

TEST(Upgrade, WithoutAUseIsNone) {
    for (const Used used : {Used{}, Used{kNow - 1h}}) {
        Watch watch = upgraded(used);
        ASSERT_TRUE(watch.upgrade);
        EXPECT_TRUE(watch.upgrade->news);
        EXPECT_FALSE(watch.upgrade->by_use);
        EXPECT_FALSE(watch.gone.front().by_use);
    }
}

TEST(Upgrade, OfAKeyThatHadGoneIsKnownAsSuch) {
    Watch watch;
    watch.add("k");
    watch.censuses(2);
    const Key row = watch.table.at("k");
    watch.table.erase("k");
    watch.census();
    ASSERT_EQ(watch.phase(), "retired_in_use");
    EXPECT_EQ(watch.tally.upgraded_unused, 0U);
    watch.add("k", row.last_used_at).legacy = false;
    watch.census();
    ASSERT_TRUE(watch.upgrade);
    EXPECT_TRUE(watch.upgrade->was_gone && !watch.upgrade->news);
    EXPECT_EQ(watch.phase(), "retired_in_use");
    EXPECT_EQ(watch.tally.upgraded_unused, 1U);
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "upgraded");
}

TEST(Upgrade, ThatIsTakenBackProvesNothingLater) {
    Watch watch = upgraded();
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.census();
    watch.table.at("k").legacy = true;
    watch.census();
    EXPECT_EQ(watch.phase(), "pending");
    watch.table.at("k").legacy = false;
    watch.censuses(3);
    EXPECT_EQ(watch.phase(), "retired_in_use");
}

TEST(Upgrade, TheUseThatALogTellsOfProvesIt) {
    Watch watch = upgraded();
    EXPECT_FALSE(watch.ledger.used(hash_id("k"), watch.now - 1s)) << "before it was noticed";
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "retired_in_use");
    EXPECT_FALSE(watch.ledger.used(hash_id("k"), watch.now)) << "it is no use of a legacy key";
    watch.pulse();
    watch.pulse();
    EXPECT_EQ(watch.phase(), "upgraded");
}

// ---- used, and legacy still ----

TEST(UsedAndLegacy, CountsKeysInUseWhoseUseWasSeen) {
    Watch watch;
    watch.add("k");
    watch.census();
    EXPECT_EQ(watch.tally.used_and_legacy, 0U) << "that may have been before the gateway promoted";
    watch.table.at("k").last_used_at = watch.now + 30s;
    watch.census();
    EXPECT_EQ(watch.tally.used_and_legacy, 1U);
    watch.census(8 * kDay);
    EXPECT_EQ(watch.tally.used_and_legacy, 0U);
}

}  // namespace
}  // namespace keyshift::domain
