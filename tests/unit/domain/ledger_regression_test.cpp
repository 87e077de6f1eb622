// SPDX-License-Identifier: Apache-2.0
// What the ledger once got wrong.
#include <gtest/gtest.h>

#include "ledger_watch.hpp"

namespace keyshift::domain {
namespace {

TEST(LedgerSettle, AnAcknowledgementFromBeforeTheDeletionDoesNotSettleIt) {
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

TEST(LedgerRestore, AnExpiredKeyIsExpiredStill) {
    Watch watch;
    watch.add("k").expires_at = kNow - 1h;
    watch.census();
    EXPECT_EQ(watch.phase(), "expired");
    watch.fallback = {FallbackMode::absent, kNow};
    watch.restart();
    watch.pulse();  // which does not show the key
    EXPECT_EQ(watch.phase(), "expired");
    EXPECT_EQ(watch.memory().candidate, Phase::expired);
}

TEST(LedgerSettle, AnAcknowledgementOfADrainedKeyMustHaveSeenTheReplacement) {
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

TEST(Ledger, ClearForgetsThatReplacementsWereLookedFor) {
    Watch watch;
    watch.add("k");
    watch.links["k"] = {.used = kNow};
    watch.census();
    KeyMemory memory = watch.memory();
    memory.replacement = hash_id("m");
    watch.ledger.begin_census();
    watch.ledger.finish_census();  // ... and this census breaks off
    watch.ledger.clear();
    watch.ledger.restore(watch.table.at("k"), memory);
    watch.pulse();
    EXPECT_EQ(watch.memory().rule, PairRule::name);
}

}  // namespace
}  // namespace keyshift::domain
