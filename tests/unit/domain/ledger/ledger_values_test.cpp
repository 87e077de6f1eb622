// SPDX-License-Identifier: Apache-2.0
// Rows of which something is not known or lies in the future, over many polls.
#include <gtest/gtest.h>

#include "unit/domain/ledger/watch.hpp"

namespace keyshift::domain {
namespace {

/// Written by a clock that is 9 hours ahead.
void use_ahead(Watch& watch, Key& key, Time written) {
    key.last_used_at = watch.now + 1min;  // of the next census
    key.use_ahead = written;
}

TEST(LedgerValues, AUseInTheFutureCountsAsNowButOnlyItsChangeIsAUse) {
    Watch watch;
    Key& key = watch.add("k");
    watch.ledger.set_view({watch.now, {}, watch.fallback}, {});
    key.last_used_at = kNow;
    key.use_ahead = kNow + 9h;
    watch.ledger.begin_census();
    EXPECT_TRUE(watch.ledger.observe(key).created);
    key.last_used_at = kNow + 10min;
    EXPECT_FALSE(watch.ledger.observe(key).any()) << "it stands still";
    EXPECT_EQ(watch.memory().last_used, to_seconds(kNow + 10min)) << "and counts as now";
    EXPECT_FALSE(watch.memory().advanced);
    key.use_ahead = kNow + 10h;
    key.last_used_at = kNow + 20min;
    const Change change = watch.ledger.observe(key);
    EXPECT_TRUE(change.used && change.altered);
    EXPECT_TRUE(watch.memory().advanced);
    key.use_ahead = kNow + 10h + 1us;
    EXPECT_TRUE(watch.ledger.observe(key).used) << "within the same second";
}

TEST(LedgerValues, AnUpgradeWithANewTimeInTheFutureCameWithAUse) {
    for (const bool stands_still : {false, true}) {
        Watch watch;
        Key& key = watch.add("k", kNow - kDay);
        watch.census();
        key.last_used_at = kNow - kDay + 1h;
        watch.census();
        use_ahead(watch, key, kNow + 9h);
        if (stands_still) watch.census();
        key.legacy = false;
        key.last_used_at.reset();  // nobody can tell when it was written
        watch.census();
        ASSERT_TRUE(watch.upgrade && watch.upgrade->news);
        EXPECT_EQ(watch.upgrade->by_use, !stands_still)
            << "what the legacy row said already tells of no use since";
        EXPECT_EQ(watch.ledger.find(hash_id("k"))->reference, to_seconds(kNow + 3min));
        EXPECT_NEAR(static_cast<double>(watch.gap().count()), 23.05 * 3600e6, 60e6)
            << "it is its holder's pace";
        use_ahead(watch, key, kNow + 10h);
        key.last_used_at.reset();
        watch.census();
        EXPECT_FALSE(watch.upgrade->by_use) << "told once";
    }
}

TEST(LedgerValues, AKeyThatWasNeverUsedIsUsedByATimeInTheFuture) {
    Watch watch;
    Key& key = watch.add("k", std::nullopt);
    watch.ledger.set_view({watch.now, {}, watch.fallback}, {});
    watch.ledger.begin_census();
    watch.ledger.observe(key);
    key.last_used_at = kNow + 1min;
    EXPECT_TRUE(watch.ledger.observe(key).used);
    EXPECT_EQ(watch.memory().last_used, to_seconds(kNow + 1min));
    key.last_used_at = kNow + 2min;
    EXPECT_TRUE(watch.ledger.observe(key).used) << "one that is not ahead needs no other name to be a use";
    use_ahead(watch, key, kNow + 9h);
    key.last_used_at = kNow + 3min;
    EXPECT_TRUE(watch.ledger.observe(key).used);
}

TEST(LedgerValues, OfUnknownAgeItCountsAsCreatedWhenItWasFirstSeen) {
    Watch watch;
    Key& key = watch.add("k", std::nullopt);
    key.created_at.reset();
    watch.censuses(3);
    EXPECT_EQ(watch.phase(), "pending");
    EXPECT_EQ(watch.ledger.find(hash_id("k"))->reference, to_seconds(kNow + 1min));
    watch.now = kNow + 31 * kDay;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "dormant");
    key.last_used_at = watch.now;
    watch.census();
    const std::uint32_t use = to_seconds(*key.last_used_at);
    key.last_used_at.reset();
    watch.census();
    EXPECT_EQ(watch.ledger.find(hash_id("k"))->reference, use) << "what is known is never forgotten";
    key.created_at = kNow - 200 * kDay;
    watch.census();
    EXPECT_GE(watch.ledger.find(hash_id("k"))->reference, to_seconds(watch.now - 5min))
        << "a creation that is told later moves nothing back";
}

TEST(LedgerValues, AnUnknownCreationIsNoStartOfTheMigration) {
    Ledger ledger;
    ledger.set_view({kNow, {}, {}}, {});
    ledger.begin_census();
    Key key;
    key.id = "m";
    ledger.observe_modern(key);
    ledger.finish_census();
    EXPECT_EQ(ledger.inventory(kNow).oldest_modern_created_at, std::nullopt);
    EXPECT_EQ(ledger.inventory(kNow).modern_keys, 1U);
}

TEST(LedgerValues, AUseThatTheLedgerKnowsDisprovesAnExpiry) {
    Watch watch;
    Key& key = watch.add("k", kNow - 1min);
    watch.census();
    key.last_used_at = kNow - 5min;  // a replica that lags behind
    key.expires_at = kNow - 2min;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "pending");
    key.expires_at = kNow - 1min;
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "expired") << "a use at that very moment disproves nothing";
}

TEST(LedgerValues, ProblemsAreCountedByEachCensusAnew) {
    Watch watch;
    watch.add("k").problems.add(RowProblem::hash_empty);
    Key& modern = watch.add("m");
    modern.legacy = false;
    modern.problems.add(RowProblem::flag_unknown);
    const auto counted = [&](RowProblem problem) {
        return watch.ledger.inventory(watch.now).implausible.at(static_cast<std::size_t>(problem));
    };
    watch.censuses(2);
    EXPECT_EQ(counted(RowProblem::hash_empty), 1U);
    EXPECT_EQ(counted(RowProblem::flag_unknown), 1U);
    watch.pulse({"k"});
    EXPECT_EQ(counted(RowProblem::hash_empty), 1U);
    watch.table.at("k").problems = {};
    watch.census();
    EXPECT_EQ(counted(RowProblem::hash_empty), 0U);
}

TEST(LedgerValues, WhereUsesAreNotRecordedAKeyThatGoesMayHaveBeenInUse) {
    for (const bool recorded : {true, false}) {
        Ledger ledger;
        const View view{kNow, {}, {FallbackMode::present, {}}, recorded};
        Key key;
        key.id = "k";
        key.created_at = kNow - kDay;
        key.legacy = true;
        ledger.set_view(view, {});
        ledger.begin_census();
        ledger.observe(key);
        ledger.finish_census();
        ledger.settle(view, [](const Settled&) {});
        ledger.begin_census();
        const auto gone = ledger.finish_census();
        ASSERT_EQ(gone.size(), 1U);
        EXPECT_EQ(gone.front().in_use, !recorded);
    }
}

}  // namespace
}  // namespace keyshift::domain
