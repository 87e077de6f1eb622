// SPDX-License-Identifier: Apache-2.0
// What the ledger tells of use, for finding out the fallback mode.
#include <gtest/gtest.h>

#include "domain/ledger/ledger.hpp"
#include "unit/domain/ledger/keys.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

TEST(LedgerEvidence, SilenceHasAReasonWhereAKeyCannotBeMissed) {
    Ledger ledger;
    ledger.set_view({kNow, {}, {}}, kNow);
    const base::Time newest = kNow - 1h;
    ledger.begin_census();
    ledger.observe(legacy("gone", newest));
    ledger.finish_census();
    ledger.begin_census();
    Key never = legacy("never used");
    never.created_at = newest;
    ledger.observe(never);
    ledger.observe(legacy("long ago", newest - 168h - 1s));
    Key reason = legacy("blocked", newest);
    reason.blocked = true;
    ledger.observe(reason);
    reason.blocked = false;
    reason.id = "over budget";
    reason.over_budget = true;
    ledger.observe(reason);
    reason.over_budget = false;
    reason.id = "expired";
    reason.expires_at = kNow;
    ledger.observe(reason);
    ledger.observe(legacy("replaced", newest));
    ledger.finish_census();
    ledger.pair(hash_id("replaced"), hash_id("m"), 5, PairRule::pair);
    EXPECT_EQ(ledger.silent_without_reason(newest, kNow), 0U);

    ledger.observe(legacy("silent", newest));
    ledger.observe(legacy("barely", newest - 168h));
    EXPECT_EQ(ledger.silent_without_reason(newest, kNow), 2U);
    ledger.pair(hash_id("silent"), hash_id("n"), 0, PairRule::pair);
    EXPECT_EQ(ledger.silent_without_reason(newest, kNow), 2U)
        << "a replacement that is not used is no reason";
}

TEST(LedgerEvidence, AKeyIsSilentAfterThreeOfItsLongestGaps) {
    Ledger ledger;
    ledger.set_view({kNow, {}, {}}, kNow);
    for (const base::Duration ago : {31h, 30h, 28h}) ledger.observe(legacy("a", kNow - ago));
    const base::Time newest = kNow - 28h;
    EXPECT_EQ(ledger.silent_without_reason(newest, newest + 6h), 0U);
    EXPECT_EQ(ledger.silent_without_reason(newest, newest + 6h + 1us), 1U);
}

TEST(LedgerEvidence, TheNewestUseIsFoundInAnyOrder) {
    for (const char* newest : {"a", "b", "c"}) {
        Ledger ledger;
        for (const char* id : {"a", "b", "c"}) ledger.observe(legacy(id, kNow - (id == newest ? 1h : 2h)));
        EXPECT_EQ(ledger.inventory(kNow).legacy_last_used_at, kNow - 1h);
        EXPECT_EQ(ledger.newest_use_until(kNow), kNow - 1h);
    }
}

TEST(LedgerEvidence, TheNewestUseUntilATime) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("never"));
    EXPECT_EQ(ledger.newest_use_until(kNow), std::nullopt);
    ledger.observe(legacy("gone", kNow - 3h));
    ledger.observe(legacy("older", kNow - 4h));
    ledger.observe(legacy("later", kNow));
    ledger.finish_census();
    ledger.begin_census();
    ledger.finish_census();
    EXPECT_EQ(ledger.newest_use_until(kNow - 1s), kNow - 3h) << "a key that has gone was used, too";
    EXPECT_EQ(ledger.newest_use_until(kNow), kNow);
    EXPECT_EQ(ledger.newest_use_until(kNow - 5h), std::nullopt);
}

}  // namespace
}  // namespace keyshift::domain
