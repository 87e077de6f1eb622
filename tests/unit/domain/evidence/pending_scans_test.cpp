// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence/pending_scans.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};

/// Three scans within the minute before kNow.
PendingScans three() {
    PendingScans scans;
    scans.add(3, kNow - 1min, kNow);
    return scans;
}

PendingScans::Outcome settled(const LegacyUse& use, base::Time now = kNow + 1min) {
    PendingScans scans = three();
    return scans.settle(use, now);
}

TEST(PendingScans, AreInVainIfNoLegacyKeyWasUsedMeanwhile) {
    const base::Time poll = kNow + 2s + 1us;
    EXPECT_EQ(settled({true, poll, kNow - 1min - 2s - 1us}).in_vain, 3U);
    EXPECT_EQ(settled({true, poll, kNow - 1min - 2s - 1us}).last_in_vain, kNow);
    EXPECT_EQ(settled({true, poll, {}}).in_vain, 3U) << "none was ever used";
    EXPECT_EQ(settled({true, poll, kNow - 1min - 2s}).hits, 3U);
    EXPECT_EQ(settled({true, poll, kNow - 1min - 2s}).last_hit, kNow);
    EXPECT_EQ(settled({true, poll, kNow + 30s}).hits, 3U) << "bcrypt takes its time";
}

TEST(PendingScans, WaitForAPollWhoseDataAreLater) {
    PendingScans scans = three();
    EXPECT_EQ(scans.settle({true, kNow + 2s, kNow - 1h}, kNow + 10s).in_vain, 0U);
    EXPECT_EQ(scans.bins().size(), 1U);
    EXPECT_EQ(scans.settle({true, kNow + 2s + 1us, kNow - 1h}, kNow + 10s).in_vain, 3U);
    EXPECT_TRUE(scans.bins().empty());
    EXPECT_EQ(settled({true, {}, {}}).hits, 0U) << "the key table was not read yet";
}

TEST(PendingScans, AreHitsWhereNothingTells) {
    EXPECT_EQ(settled({false, kNow - 1h, {}}, kNow).hits, 3U) << "at once";
    EXPECT_EQ(settled({false, {}, {}}, kNow).hits, 0U) << "it may tell yet";
}

TEST(PendingScans, AreHitsIfTheyWaitInVain) {
    for (const LegacyUse& use : {LegacyUse{true, {}, {}}, LegacyUse{true, kNow - 1h, {}}}) {
        EXPECT_EQ(settled(use, kNow + 1h - 1us).hits, 0U);
        EXPECT_EQ(settled(use, kNow + 1h).hits, 3U);
        EXPECT_EQ(settled(use, kNow - 2h).hits, 3U) << "the clock was set back";
    }
}

TEST(PendingScans, ThatNeverCeaseDoNotWaitForEver) {
    PendingScans scans;
    base::Time now = kNow;
    std::uint64_t in_vain = 0;
    // A log is read twice a second; what a poll tells is a second old.
    for (int i = 0; i < 600; ++i, now += 500ms) {
        scans.add(1, now - 500ms, now);
        const base::Time poll = kNow + 30s * ((now - kNow) / 30s);
        in_vain += scans.settle({true, poll, kNow - 1h}, now).in_vain;
        EXPECT_LE(scans.bins().size(), 3U);
    }
    EXPECT_GE(in_vain, 450U);
    EXPECT_LE(in_vain, 600U);
}

TEST(PendingScans, OnePollIsOneAnswerForAllOfItsScans) {
    PendingScans scans;
    scans.add(0, kNow, kNow + 1s);
    EXPECT_TRUE(scans.bins().empty());
    scans.add(1, kNow, kNow + 1s);
    scans.add(2, kNow + 1s, kNow + 2s);
    ASSERT_EQ(scans.bins().size(), 1U);
    EXPECT_EQ(scans.bins().front(), (ScanBin{kNow, kNow + 2s, 3}));
    PendingScans restored(scans.bins());
    restored.add(1, kNow + 5s, kNow + 6s);
    EXPECT_EQ(restored.bins().size(), 2U) << "those of an earlier process are by themselves";
    const auto both = restored.settle({true, kNow + 1min, kNow + 4s}, kNow + 1min);
    EXPECT_EQ(both.hits, 4U);
    EXPECT_EQ(both.last_hit, kNow + 6s);
    PendingScans parted(scans.bins());
    parted.add(1, kNow + 5min, kNow + 6min);
    const auto outcome = parted.settle({true, kNow + 7min, kNow + 4min}, kNow + 7min);
    EXPECT_EQ(outcome.hits, 3U);
    EXPECT_EQ(outcome.in_vain, 1U);
}

TEST(PendingScans, AClockThatIsSetBackLosesNoPartOfTheirTime) {
    PendingScans scans = three();
    scans.add(1, kNow - 1h, kNow - 59min);
    ASSERT_EQ(scans.bins().size(), 1U);
    EXPECT_EQ(scans.bins().front(), (ScanBin{kNow - 1h, kNow, 4}));
}

}  // namespace
}  // namespace keyshift::domain
