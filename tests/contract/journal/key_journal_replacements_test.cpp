// SPDX-License-Identifier: Apache-2.0
// What replaces a key over several polls, and keys that come back.
#include "contract/journal/phases_fixture.hpp"

namespace keyshift::journal {
namespace {

// ---- replacements ----

TEST_F(KeyJournalPhases, AReplacementCanBeCreatedAfterTheDeletion) {
    legacy("a", "api");
    poll();
    table_.clear();
    poll();
    modern("m", "api v2");
    poll();
    EXPECT_EQ(replacement("a"), "m");
    EXPECT_EQ(phase("a"), Phase::retired_in_use);
    table_.at("m").used = now_;
    poll();
    poll();
    EXPECT_EQ(phase("a"), Phase::retired);
}

TEST_F(KeyJournalPhases, WhatReplacedADeletedKeyReplacesNoOther) {
    legacy("a", "api");
    modern("m", "api");
    poll();
    table_.erase("a");
    legacy("b", "api");
    table_.at("m").created = now_ + 1s;
    poll();
    poll();
    EXPECT_EQ(replacement("b"), "none");
    restart();
    poll();
    EXPECT_EQ(replacement("b"), "none");
}

/// Or "b" seems to have moved: a way to a wrong SAFE.
TEST_F(KeyJournalPhases, WhatReplacedAKeyAfterItsDeletionReplacesNoOther) {
    legacy("a", "api");
    poll();
    table_.clear();
    poll();
    modern("m", "api");
    poll();
    table_.at("m").used = now_;
    poll();
    poll();
    EXPECT_EQ(phase("a"), Phase::retired);
    legacy("b");
    poll();
    EXPECT_EQ(replacement("b"), "none");
    restart();
    poll();
    EXPECT_EQ(replacement("b"), "none");
}

TEST_F(KeyJournalPhases, AnUpgradedKeyReplacesNoOther) {
    legacy("a", "api");
    legacy("b", "api");
    table_.at("b").created += 1h;
    poll();
    table_.at("b").legacy = false;
    poll();
    table_.at("b").used = now_ + 30s;
    poll();
    poll();
    EXPECT_EQ(phase("b"), Phase::upgraded);
    EXPECT_EQ(replacement("a"), "none");
    restart();
    poll();
    EXPECT_EQ(replacement("a"), "none");
}

/// Not even when an operator let it replace one that went, and came back.
TEST_F(KeyJournalPhases, AnUpgradedKeyThatIsFreeAgainReplacesNoOther) {
    legacy("a");
    legacy("b", "api");
    legacy("u", "api");
    table_.at("u").created += 1h;
    poll();
    table_.at("u").legacy = false;
    pair("a", "u");
    poll();
    table_.at("u").used = now_ + 30s;
    poll();
    poll();
    EXPECT_EQ(phase("u"), Phase::upgraded);
    const KeyRow a = table_.extract("a").mapped();
    poll();
    table_["a"] = a;
    modern("m", "billing");
    pair("a", "m");
    poll();
    poll();
    EXPECT_EQ(replacement("b"), "none");
}

TEST_F(KeyJournalPhases, ADeletedKeyCanComeBackUpgraded) {
    legacy("a", "api");
    legacy("b", "api");
    table_.at("b").created += 1h;
    poll();
    const KeyRow b = table_.extract("b").mapped();
    poll();
    EXPECT_EQ(phase("b"), Phase::retired_in_use);
    table_["b"] = b;
    table_.at("b").legacy = false;
    poll();
    EXPECT_EQ(phase("b"), Phase::retired_in_use) << "not used since";
    table_.at("b").used = now_ + 30s;
    poll();
    restart();
    poll();
    EXPECT_EQ(phase("b"), Phase::upgraded);
    restart();
    poll();
    EXPECT_EQ(replacement("a"), "none");
}

TEST_F(KeyJournalPhases, WhatAnOperatorPairsWinsAndIsKept) {
    legacy("a", "api");
    modern("m", "api");
    modern("n", "billing");
    poll();
    EXPECT_EQ(replacement("a"), "m");
    pair("a", "n");
    poll();
    EXPECT_EQ(replacement("a"), "n");
    EXPECT_EQ(history("a")->pairing->rule, domain::PairRule::pair);
    restart();
    poll();
    EXPECT_EQ(replacement("a"), "n");
}

TEST_F(KeyJournalPhases, AnOperatorsPairNeedsACensus) {
    legacy("a");
    poll();
    modern("m");
    pair("a", "m");
    EXPECT_EQ(*journal_->prepare(), Scan::census);
}

/// "The owner's only keys" is a guess.
TEST_F(KeyJournalPhases, AGuessedReplacementDoesNotEndADeletionInUse) {
    legacy("a", "api");
    poll();
    table_.clear();
    poll();
    modern("m", "something else");
    poll();
    table_.at("m").used = now_;
    poll();
    poll();
    EXPECT_EQ(phase("a"), Phase::retired_in_use);
    table_.at("m").used = now_ + 8 * kDay;
    poll(8 * kDay);
    EXPECT_NE(verdict(), domain::Verdict::safe);
}

// ---- keys that come back ----

TEST_F(KeyJournalPhases, AWatchedKeyThatIsBackIsLiveAgain) {
    legacy("a");
    poll();
    const KeyRow a = table_.extract("a").mapped();
    poll();
    table_["a"] = a;
    poll();
    EXPECT_EQ(phase("a"), Phase::pending);
    EXPECT_EQ(entered(Phase::pending), 1U);
    EXPECT_EQ(outcome_.inventory.baseline, 1U);
    EXPECT_EQ(events(event::kReturned), 1U);
}

TEST_F(KeyJournalPhases, ARetiredKeyThatIsBackIsLiveAgain) {
    legacy("a", "api");
    modern("m", "api");
    poll(8 * kDay);
    table_.at("m").used = now_;
    poll();
    const KeyRow a = table_.extract("a").mapped();
    poll();
    EXPECT_EQ(domain::count_of(poll(), Phase::retired), 1U);
    table_["a"] = a;
    poll();
    EXPECT_EQ(phase("a"), Phase::drained);
    EXPECT_EQ(replacement("a"), "m") << "free again";
    EXPECT_EQ(outcome_.inventory.baseline, 1U);
    EXPECT_EQ(outcome_.totals.legacy_keys_created, 0U);
}

TEST_F(KeyJournalPhases, ARetiredKeyThatIsBackHasNoReplacementThatHasGone) {
    legacy("a", "api");
    modern("m", "api");
    poll(8 * kDay);
    table_.at("m").used = now_;
    poll();
    const KeyRow a = table_.extract("a").mapped();
    poll();
    poll();
    table_.clear();
    table_["a"] = a;
    poll();
    EXPECT_EQ(replacement("a"), "none");
    restart();
    poll();
    EXPECT_EQ(events(event::kUnpaired), 0U);
}

/// A monthly job is not drained after a week, even when it was deleted by mistake.
TEST_F(KeyJournalPhases, ARetiredKeyThatIsBackKeepsItsLongestGap) {
    legacy("a", "api");
    modern("m", "api");
    table_.at("m").used = now_;
    poll();
    for (int month = 0; month < 2; ++month) {
        now_ += 28 * kDay;
        table_.at("a").used = now_;
        poll();
    }
    const KeyRow a = table_.extract("a").mapped();
    poll();
    acknowledge("a");
    poll();
    poll();
    EXPECT_EQ(phase("a"), Phase::retired);
    table_["a"] = a;
    poll(8 * kDay);
    EXPECT_EQ(history("a")->memory.longest_gap, (28 * kDay + 1min) / 1s);
    EXPECT_EQ(phase("a"), Phase::overlap);
}

/// Twice among its owner's keys, it would keep them from being the only ones.
TEST_F(KeyJournalPhases, AWatchedKeyThatIsBackIsMatchedOnce) {
    legacy("a", "api");
    poll();
    const KeyRow a = table_.extract("a").mapped();
    poll();
    table_["a"] = a;
    modern("m", "billing");
    poll();
    EXPECT_EQ(replacement("a"), "m");
}

}  // namespace
}  // namespace keyshift::journal
