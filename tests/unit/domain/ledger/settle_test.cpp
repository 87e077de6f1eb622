// SPDX-License-Identifier: Apache-2.0
// When a phase is published, what is learnt of a key, what happens to keys that go and come back.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/domain/ledger/watch.hpp"

namespace keyshift::domain {
namespace {

// ---- when a phase is published ----

TEST(LedgerSettle, TheFirstPhaseIsPublishedAtOnceAsItIsWhenTheScanEnds) {
    Watch watch;
    watch.add("k");
    watch.add("old", kNow - 31 * kDay);
    watch.links["k"] = {};
    watch.census();
    EXPECT_EQ(watch.phase("k"), "issued") << "when it was seen its replacement was not known yet";
    EXPECT_EQ(watch.phase("old"), "dormant");
    EXPECT_EQ(watch.told(), Told{"issued"}) << "dormant is what observe() has said";
    EXPECT_EQ(watch.memory("old").since, to_seconds(watch.now));
    watch.census();
    EXPECT_EQ(watch.told(), Told{});
}

TEST(LedgerSettle, ANewPhaseIsPublishedAfterTwoEqualPolls) {
    Watch watch;
    Key& key = watch.add("k");
    watch.census();
    key.blocked = true;
    watch.census();
    EXPECT_EQ(watch.phase(), "pending");
    EXPECT_EQ(watch.told(), Told{"pending"}) << "the candidate has to be remembered";
    EXPECT_EQ(watch.memory().candidate, Phase::quarantined);
    watch.pulse();
    EXPECT_EQ(watch.phase(), "quarantined");
    EXPECT_EQ(watch.told(), Told{"pending -> quarantined"});
    EXPECT_EQ(watch.memory().since, to_seconds(watch.now));
    watch.pulse();
    EXPECT_EQ(watch.told(), Told{});
    EXPECT_EQ(watch.memory().since, to_seconds(watch.now - 1min));
}

TEST(LedgerSettle, APhaseThatDoesNotLastIsNotPublished) {
    Watch watch;
    Key& key = watch.add("k");
    watch.census();
    for (int poll = 0; poll < 6; ++poll) {
        key.blocked = !key.blocked;
        watch.census();
        EXPECT_EQ(watch.phase(), "pending");
        EXPECT_EQ(watch.told(), Told{"pending"});
    }
}

TEST(LedgerSettle, AnotherCandidateBeginsAnew) {
    Watch watch;
    Key& key = watch.add("k");
    watch.census();
    key.blocked = true;
    watch.census();
    key.blocked = false;
    key.over_budget = true;
    watch.census();
    EXPECT_EQ(watch.phase(), "pending");
    watch.census();
    EXPECT_EQ(watch.phase(), "expired");
}

TEST(LedgerSettle, AKeyExpiresWhenACensusShowsThatItsTimeHasPassed) {
    Watch watch;
    watch.add("k").expires_at = kNow + 90s;
    watch.census();
    EXPECT_EQ(watch.phase(), "pending");
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "expired");
}

TEST(LedgerSettle, StrandedIsPublishedAtOnceAndLeftAfterTwoPolls) {
    Watch watch;
    watch.add("k");
    watch.census();
    watch.fallback = {FallbackMode::absent, watch.now};
    watch.pulse();
    EXPECT_EQ(watch.told(), Told{"pending -> stranded"});
    watch.fallback.mode = FallbackMode::present;
    watch.pulse();
    EXPECT_EQ(watch.phase(), "stranded");
    watch.pulse();
    EXPECT_EQ(watch.told(), Told{"stranded -> pending"});
}

// ---- gaps ----

TEST(LedgerSettle, AGapIsLearntFromTheSecondAdvanceOn) {
    Watch watch;
    Key& key = watch.add("k", std::nullopt);
    watch.census();
    const auto use = [&](Duration after) {
        key.last_used_at = kNow + after;
        watch.pulse({"k"});
    };
    use(1 * kDay);  // the first use of all is an advance, and tells nothing
    EXPECT_EQ(watch.gap(), 0s);
    use(3 * kDay);
    EXPECT_EQ(watch.gap(), 2 * kDay);
    use(8 * kDay);
    EXPECT_EQ(watch.gap(), 5 * kDay);
    use(9 * kDay);
    EXPECT_EQ(watch.gap(), 5 * kDay);
}

TEST(LedgerSettle, TheFirstAdvanceOfAUsedKeyTellsNoGap) {
    Watch watch;
    Key& key = watch.add("k", kNow - 90 * kDay);
    watch.census();
    key.last_used_at = kNow;
    watch.pulse({"k"});
    EXPECT_EQ(watch.gap(), 0s);
}

TEST(LedgerSettle, AUseAfterSteppingBackTellsNoGap) {
    Watch watch;
    Key& key = watch.add("k", kNow);
    watch.census();
    for (const int day : {1, 2}) {
        key.last_used_at = kNow + day * kDay;
        watch.pulse({"k"});
    }
    key.last_used_at = kNow - 50 * kDay;
    watch.pulse({"k"});
    EXPECT_EQ(watch.memory().last_used, to_seconds(kNow - 50 * kDay));
    key.last_used_at = kNow + 3 * kDay;
    watch.pulse({"k"});
    EXPECT_EQ(watch.gap(), kDay);
    key.last_used_at = kNow + 5 * kDay;
    watch.pulse({"k"});
    EXPECT_EQ(watch.gap(), 2 * kDay);
}

TEST(LedgerSettle, AKeyDrainsAfterThreeOfItsLongestGaps) {
    Watch watch;
    Key& key = watch.add("k", kNow - 20 * kDay);
    watch.links["k"] = {.used = kNow};
    watch.census();
    for (const Duration ago : {10 * kDay, 0 * kDay}) {
        key.last_used_at = kNow - ago;
        watch.census();
    }
    EXPECT_EQ(watch.tally.live_use.quiet_at, kNow + 30 * kDay + kRest);
    watch.now = kNow + 30 * kDay;
    watch.pulse({}, 0s);
    EXPECT_EQ(watch.memory().candidate, Phase::overlap);
    EXPECT_EQ(watch.tally.live_use.keys, 1U);
    watch.pulse({}, 1s);
    EXPECT_EQ(watch.memory().candidate, Phase::drained);
    EXPECT_EQ(watch.tally.live_use.keys, 0U);
}

// ---- keys that go ----

struct Going {
    const char* last;
    void (*make)(Watch&);
    const char* phase;
};
const std::vector<Going> kGoing{
    {"pending", [](Watch& w) { w.add("k"); }, "retired_in_use"},
    {"pending", [](Watch& w) { w.add("k", kNow - kWeek); }, "retired"},
    {"pending", [](Watch& w) { w.add("k", std::nullopt).created_at = kNow; }, "retired"},
    {"issued", [](Watch& w) { w.add("k"), w.links["k"] = {}; }, "retired_in_use"},
    {"overlap", [](Watch& w) { w.add("k"), w.links["k"] = {.used = kNow}; }, "retired_in_use"},
    {"drained", [](Watch& w) { w.add("k", kNow - kWeek), w.links["k"] = {.used = kNow}; }, "retired"},
    {"dormant", [](Watch& w) { w.add("k", kNow - 31 * kDay); }, "retired"},
    {"quarantined", [](Watch& w) { w.add("k").blocked = true; }, "retired"},
    {"expired", [](Watch& w) { w.add("k").expires_at = kNow; }, "retired"},
    {"stranded",
     [](Watch& w) {
         w.add("k", kNow - 20 * kDay);
         w.fallback = {FallbackMode::absent, kNow - 15 * kDay};
     },
     "retired_in_use"},
};

TEST(LedgerSettle, AKeyThatGoesIsJudgedByItsLastPhaseAndUse) {
    for (const Going& going : kGoing) {
        Watch watch;
        going.make(watch);
        watch.census();
        EXPECT_EQ(watch.phase(), going.last);
        watch.table.clear();
        watch.census();
        const bool in_use = std::string(going.phase) == "retired_in_use";
        ASSERT_EQ(watch.gone.size(), 1U);
        EXPECT_EQ(watch.gone.front().in_use, in_use) << going.last;
        EXPECT_EQ(watch.phase(), in_use ? "retired_in_use" : going.last);
        EXPECT_EQ(watch.tally.live_use.quiet_at, std::nullopt);
        watch.census();
        EXPECT_EQ(watch.phase(), going.phase) << going.last;
        EXPECT_EQ(baseline(watch.tally.phases), in_use ? 1U : 0U) << "those that are over are not counted";
    }
}

TEST(LedgerSettle, AKeyThatGoesIsJudgedAsOfTheLastPoll) {
    Watch active;
    active.add("k", kNow - kWeek + 2min);
    active.census(1min);
    active.table.clear();
    active.census(kDay);
    EXPECT_EQ(active.phase(), "retired_in_use");

    Watch blocked;
    blocked.add("k");
    blocked.census();
    blocked.table.at("k").blocked = true;
    blocked.census();
    blocked.table.clear();
    blocked.censuses(2);
    EXPECT_EQ(blocked.phase(), "retired") << "quarantined had been found, though not published";
}

Watch deleted_in_use() {
    Watch watch;
    watch.add("k");
    watch.census();
    watch.table.clear();
    watch.census();
    EXPECT_EQ(watch.told(), Told{"pending -> retired_in_use"});
    return watch;
}

void expect_retired_after_two_polls(Watch& watch) {
    watch.census(0s);
    EXPECT_EQ(watch.phase(), "retired_in_use");
    watch.census(0s);
    EXPECT_EQ(watch.told(), Told{"retired_in_use -> retired"});
    EXPECT_TRUE(watch.settled.front().over);
    EXPECT_EQ(watch.ledger.find(hash_id("k")), nullptr);
}

TEST(LedgerSettle, ADeletionInUseIsSettledByAnAcknowledgement) {
    Watch watch = deleted_in_use();
    watch.acknowledged["k"] = watch.now - 1s;
    watch.censuses(3);
    EXPECT_EQ(watch.phase(), "retired_in_use") << "given before it went";
    watch.acknowledged["k"] += 1s;
    expect_retired_after_two_polls(watch);
}

TEST(LedgerSettle, ADeletionInUseIsSettledByLaterUseOfTheReplacement) {
    Watch watch = deleted_in_use();
    watch.links["k"] = {.used = watch.now};
    watch.censuses(3);
    EXPECT_EQ(watch.phase(), "retired_in_use");
    watch.links["k"].used = *watch.links["k"].used + 1s;
    expect_retired_after_two_polls(watch);
}

TEST(LedgerSettle, ADeletionInUseIsNotSettledByAUseInTheFuture) {
    Watch watch = deleted_in_use();
    watch.links["k"] = {.used = watch.now + 5min};  // the clock was set back since
    watch.censuses(4);
    EXPECT_EQ(watch.memory().candidate, Phase::retired_in_use);
    watch.census();
    EXPECT_EQ(watch.memory().candidate, Phase::retired) << "at that very moment";
    watch.census();
    EXPECT_EQ(watch.phase(), "retired");
}

TEST(LedgerSettle, TheFirstUseOfTheReplacementSinceTheDeletionIsNews) {
    Watch watch;
    watch.add("k");
    watch.links["k"] = {.used = kNow - 1h};
    watch.census();
    watch.table.clear();
    watch.census();
    ASSERT_EQ(watch.phase(), "retired_in_use");
    watch.links["k"].used = watch.now + 30s;
    watch.census();
    ASSERT_EQ(watch.news.size(), 1U);
    EXPECT_FALSE(watch.news.front().another);
    watch.links["k"].used = watch.now;
    watch.census();
    EXPECT_TRUE(watch.news.empty()) << "one is enough";
}

TEST(LedgerSettle, AUseOfTheReplacementFromBeforeTheDeletionIsNewsToo) {
    Watch watch;
    watch.add("k");
    watch.links["k"] = {};
    watch.census();
    watch.table.clear();
    watch.census();
    ASSERT_EQ(watch.phase(), "retired_in_use");
    watch.links["k"].used = kNow;  // written late
    watch.censuses(2);
    EXPECT_EQ(watch.memory().replacement_used, to_seconds(kNow));
    EXPECT_EQ(watch.phase(), "retired_in_use");
}

TEST(LedgerSettle, ADeletionInUseIsNotSettledByUseOfTheOwnersOtherKey) {
    Watch watch = deleted_in_use();
    watch.links["k"] = {.used = watch.now + 1s, .rule = PairRule::owner};
    watch.censuses(3);
    EXPECT_EQ(watch.phase(), "retired_in_use");
}

TEST(LedgerSettle, ADeletionInUseIsSettledByTime) {
    Watch watch = deleted_in_use();
    watch.now += kLockoutWatch - 1us;
    watch.census(0s);
    EXPECT_EQ(watch.memory().candidate, Phase::retired_in_use);
    watch.now += 1us;
    expect_retired_after_two_polls(watch);
}

TEST(LedgerSettle, AKeyUpgradedByItsUseLocksNobodyOut) {
    Watch watch;
    watch.promotes_in_place = true;
    watch.add("k");
    watch.census();
    watch.table.at("k").legacy = false;
    watch.pulse({"k"});
    EXPECT_EQ(watch.phase(), "pending") << "only a census shows that the legacy row is not there";
    watch.table.clear();  // and may find that the modern one has gone, too
    watch.census();
    ASSERT_EQ(watch.gone.size(), 1U);
    EXPECT_TRUE(watch.gone.front().upgraded);
    EXPECT_EQ(watch.phase(), "pending");
    watch.census();
    EXPECT_EQ(watch.told(), Told{"pending -> upgraded"});
    EXPECT_TRUE(watch.settled.front().over);
}

TEST(LedgerSettle, AKeyThatWentWithItsOwnerIsHandedOverSo) {
    for (const bool with_owner : {false, true}) {
        Watch watch;
        watch.ledger.went_with_owner(hash_id("not known"));
        watch.add("k");
        watch.census();
        watch.table.clear();
        watch.owners_go_too = with_owner;
        watch.census();
        EXPECT_EQ(watch.settled.front().with_owner, with_owner);
        watch.restart();
        EXPECT_EQ(watch.memory().with_owner, with_owner);
        watch.add("k");
        watch.census();
        EXPECT_FALSE(watch.settled.front().with_owner);
    }
}

// ---- keys that come back ----

TEST(LedgerSettle, AKeyThatComesBackBeforeItIsRetiredWasNeverGone) {
    Watch watch;
    const Key key = watch.add("k", kNow - 8 * kDay);
    watch.census();
    watch.table.clear();
    watch.census();
    watch.add("k", key.last_used_at);
    watch.census();
    EXPECT_EQ(watch.told(), Told{"pending"});
    EXPECT_FALSE(watch.memory().gone);
}

TEST(LedgerSettle, AKeyThatIsLegacyAgainIsNotUpgraded) {
    Watch watch;
    watch.add("k");
    watch.census();
    watch.table.at("k").legacy = false;
    watch.pulse({"k"});
    watch.table.at("k").legacy = true;
    watch.census();
    watch.table.clear();
    watch.census();
    EXPECT_EQ(watch.phase(), "retired_in_use");
}

TEST(LedgerSettle, AKeyThatComesBackLeavesRetiredInUseAtOnce) {
    Watch watch = deleted_in_use();
    watch.add("k");
    watch.pulse({"k"});
    EXPECT_EQ(watch.told(), Told{"retired_in_use -> pending"});
    EXPECT_FALSE(watch.memory().gone || watch.memory().in_use);
}

TEST(LedgerSettle, AKeyThatComesBackAfterItsEndHasItsRowAndBeginsAnew) {
    Watch watch;
    watch.add("other");
    watch.add("k", kNow - 8 * kDay);
    watch.census();
    const std::uint32_t row = watch.memory().row;
    watch.table.erase("k");
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "retired");
    watch.add("k", kNow - 8 * kDay);
    watch.census();
    EXPECT_EQ(watch.told(), Told{"pending"}) << "the journal has to be told, though no phase was left";
    EXPECT_EQ(watch.settled.front().row, row);
    watch.add("new");
    watch.census();
    EXPECT_EQ(watch.memory("new").row, 4U) << "one number was given out in vain";
}

// ---- replacements ----

TEST(LedgerSettle, AReplacementIsLostOnlyAfterACensusWithoutIt) {
    Watch watch;
    watch.add("k");
    watch.links["k"] = {.used = kNow};
    watch.census();
    watch.links.clear();
    watch.pulse({"k"});
    EXPECT_EQ(watch.told(), Told{});
    EXPECT_EQ(watch.memory().rule, PairRule::name);
    watch.census();
    EXPECT_EQ(watch.told(), Told{"overlap"});
    EXPECT_TRUE(watch.settled.front().unpaired);
    EXPECT_EQ(watch.memory().candidate, Phase::pending);
    EXPECT_EQ(watch.memory().rule, PairRule::none);
    EXPECT_EQ(watch.memory().replacement_used, 0U);
    watch.census();
    EXPECT_FALSE(watch.settled.front().unpaired) << "told once";
}

TEST(LedgerSettle, AKeyThatHasGoneKeepsItsReplacement) {
    Watch watch;
    watch.add("k");
    watch.links["k"] = {.used = kNow};
    watch.census();
    watch.table.clear();
    watch.links.clear();
    watch.censuses(2);
    EXPECT_EQ(watch.phase(), "retired_in_use");
    EXPECT_EQ(watch.memory().rule, PairRule::name);
    EXPECT_EQ(watch.memory().replacement_used, to_seconds(kNow));
}

}  // namespace
}  // namespace keyshift::domain
