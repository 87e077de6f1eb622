// SPDX-License-Identifier: Apache-2.0
#include "domain/findings.hpp"

#include <gtest/gtest.h>

#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using base::Time;

const Time kNow{1'768'003'200s};

/// Legacy keys were last used two hours ago; since then a key is refused now and then.
Model refusing() {
    Model model = usual_model();
    Migration& migration = model.keys.emplace().migration;
    migration.evidence.newest_legacy_use = kNow - 2h;
    migration.tally.live_use.unswitched = 3;
    model.evidence.sources["access_log"].grew_at.at(index_of(Event::failure_unknown_key)) = kNow - 1min;
    return model;
}

TEST(PossibleLockout, WhereKeysAreRefusedSinceLegacyKeysAreSilent) {
    const auto found = possible_lockout(refusing(), kNow);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->keys, 3U);
    EXPECT_EQ(found->since, kNow - 2h);
    EXPECT_NE(sentence(*found).find("3 keys may already be locked out since 2026-01-09T22:00:00Z"),
              std::string::npos)
        << sentence(*found);
}

TEST(PossibleLockout, ByStatementsToo) {
    Model model = refusing();
    model.evidence.sources.clear();
    EXPECT_FALSE(possible_lockout(model, kNow)) << "nobody is refused";
    model.evidence.sources["statements"].grew_at.at(index_of(Event::lookup_not_found)) = kNow - 1min;
    EXPECT_TRUE(possible_lockout(model, kNow));
}

TEST(PossibleLockout, NotWhereTheModeIsKnown) {
    for (const FallbackMode mode : {FallbackMode::present, FallbackMode::absent}) {
        Model model = refusing();
        model.keys->migration.detected.mode = mode;
        EXPECT_FALSE(possible_lockout(model, kNow));
        model = refusing();
        model.policy.asserted = mode;
        EXPECT_FALSE(possible_lockout(model, kNow));
    }
}

TEST(PossibleLockout, NotWhileLegacyKeysAreUsed) {
    Model model = refusing();
    model.keys->migration.evidence.newest_legacy_use = kNow - 10min + 1s;
    EXPECT_FALSE(possible_lockout(model, kNow)) << "a pause of some minutes is none";
    model.keys->migration.evidence.newest_legacy_use = kNow - 10min;
    EXPECT_TRUE(possible_lockout(model, kNow));
    model.keys->migration.evidence.newest_legacy_use.reset();
    EXPECT_FALSE(possible_lockout(model, kNow));
}

TEST(PossibleLockout, NotByRefusalsOfBeforeOrLongAgo) {
    Model model = refusing();
    auto& refused = model.evidence.sources["access_log"].grew_at.at(index_of(Event::failure_unknown_key));
    refused = kNow - 2h;
    EXPECT_FALSE(possible_lockout(model, kNow));
    refused = kNow - 2h + 1s;
    EXPECT_TRUE(possible_lockout(model, kNow));
    model.keys->migration.evidence.newest_legacy_use = kNow - 48h;
    refused = kNow - 24h - 1s;
    EXPECT_FALSE(possible_lockout(model, kNow));
    refused = kNow - 24h;
    EXPECT_TRUE(possible_lockout(model, kNow));
}

TEST(PossibleLockout, ByTheNewestRefusalOfAnySource) {
    for (const char* const other : {"a log", "statements"}) {
        Model model = refusing();
        model.evidence.sources[other].grew_at.at(index_of(Event::lookup_not_found)) = kNow - 3h;
        EXPECT_TRUE(possible_lockout(model, kNow)) << other;
    }
}

TEST(PossibleLockout, NotWhereNobodyIsLeftToBeLockedOut) {
    Model model = refusing();
    model.keys->migration.tally.live_use.unswitched = 0;
    EXPECT_FALSE(possible_lockout(model, kNow));
    model.keys.reset();
    EXPECT_FALSE(possible_lockout(model, kNow));
}

TEST(PossibleLockout, IsByTheDatabasesClock) {
    Model model = refusing();
    model.skew = 3h;  // this host is ahead
    EXPECT_FALSE(possible_lockout(model, kNow)) << "refused before the last use";
}

TEST(DoubtAboutPromotion, WhereKeysAreUsedAndStayLegacy) {
    Migration migration;
    Policy policy;
    policy.promotes_in_place = true;
    EXPECT_FALSE(doubt_about_promotion(migration, policy));
    migration.tally.used_and_legacy = 2;
    const auto doubt = doubt_about_promotion(migration, policy);
    ASSERT_TRUE(doubt);
    EXPECT_NE(doubt->what.find("2 legacy keys were used and stay legacy"), std::string::npos) << doubt->what;
    policy.promotes_in_place = false;
    EXPECT_FALSE(doubt_about_promotion(migration, policy)) << "as they do where nothing is said";
}

TEST(DoubtAboutPromotion, WhereAUseUpgradesAndNothingIsSaid) {
    Migration migration;
    Policy policy;
    migration.upgrades_by_use = 1;
    const auto doubt = doubt_about_promotion(migration, policy);
    ASSERT_TRUE(doubt);
    EXPECT_NE(doubt->remedy.find("gateway.promotes_in_place: true"), std::string::npos) << doubt->remedy;
    policy.promotes_in_place = true;
    EXPECT_FALSE(doubt_about_promotion(migration, policy));
}

}  // namespace
}  // namespace keyshift::domain
