// SPDX-License-Identifier: Apache-2.0
// The scan of all keys in use that finds deletions between censuses.
#include <string>

#include <gtest/gtest.h>

#include "domain/ledger/ledger.hpp"
#include "unit/domain/ledger/keys.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

class ActiveScan : public ::testing::Test {
 protected:
    ActiveScan() {
        ledger_.set_view({kNow, {}, {}}, {});
        ledger_.begin_census();
        ledger_.observe(legacy("used", kNow - 1h));
        ledger_.observe(legacy("edge", kNow - 7 * 24h));
        ledger_.observe(legacy("idle", kNow - 8 * 24h));
        ledger_.finish_census();
        settle();
        ledger_.set_view({kNow, {}, {}}, kNow);
        ledger_.begin_active(kNow - 7 * 24h);
    }
    Tally settle() {
        return ledger_.settle({kNow, {}, {}}, [](const Settled&) {});
    }

    Ledger ledger_;
};

TEST_F(ActiveScan, MissesOnlyKeysThatMustBeShown) {
    EXPECT_EQ(ledger_.unseen(10), std::vector<std::uint32_t>{1})
        << "not the one on the edge, nor the idle one";
    ledger_.observe(legacy("used", kNow - 1h));
    EXPECT_TRUE(ledger_.unseen(10).empty());
    EXPECT_TRUE(ledger_.take_unseen(10).empty());
    EXPECT_EQ(ledger_.inventory(kNow).legacy_keys, 3U);
}

TEST_F(ActiveScan, AKeyThatIsMissedHasGoneWhileInUse) {
    const auto gone = ledger_.take_unseen(10);
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_TRUE(gone.front().in_use);
    EXPECT_EQ(count_of(settle().phases, Phase::retired_in_use), 1U);
    EXPECT_EQ(ledger_.inventory(kNow).legacy_keys, 2U);
}

TEST_F(ActiveScan, AnUpgradedKeyIsNotMissed) {
    ledger_.observe_modern(modern("used", kNow - 9000h, kNow - 1h));
    const auto gone = ledger_.take_unseen(10);
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_TRUE(gone.front().upgraded);
    EXPECT_TRUE(gone.front().in_use);
}

TEST_F(ActiveScan, MassDeletionsAreLeftToTheCensus) {
    EXPECT_TRUE(ledger_.take_unseen(0).empty());
    EXPECT_EQ(ledger_.inventory(kNow).legacy_keys, 3U);
    EXPECT_TRUE(ledger_.unseen(10).empty()) << "and a pulse that follows misses nobody";
    ledger_.begin_census();
    EXPECT_EQ(ledger_.finish_census().size(), 3U);
}

TEST_F(ActiveScan, ACensusAfterItSeesAllKeysAnew) {
    ledger_.take_unseen(10);
    settle();
    ledger_.begin_census();
    for (const auto& [id, idle] : {std::pair("used", 1h), std::pair("edge", 168h), std::pair("idle", 192h)})
        ledger_.observe(legacy(id, kNow - idle));
    EXPECT_TRUE(ledger_.finish_census().empty());
    EXPECT_EQ(ledger_.inventory(kNow).legacy_keys, 3U) << "the deletion was undone";
}

}  // namespace
}  // namespace keyshift::domain
