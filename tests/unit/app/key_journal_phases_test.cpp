// SPDX-License-Identifier: Apache-2.0
// Phases over several polls: how keys end, what replaces them, what operators say, and what is remembered of
// all that when the daemon starts anew or cannot write.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "app/key_journal.hpp"
#include "domain/assess.hpp"
#include "full_disk.hpp"

namespace keyshift::app {
namespace {

using base::Time;
using collectors::Scan;
using domain::FallbackMode;
using domain::Key;
using domain::Phase;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace event = store::event;

constexpr base::Duration kDay = 24h;
const Time kStart{1'768'003'200s};

struct Row {
    std::string owner = "o";
    std::string name = {};
    std::optional<Time> used = {};
    Time created = kStart - 100 * kDay;
    std::optional<Time> expires = {};
    bool blocked = false;
    bool legacy = true;
};

class KeyJournalPhases : public ::testing::Test {
 protected:
    KeyJournalPhases() {
        std::string name = (fs::temp_directory_path() / "keyshift-phases-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        restart();
    }
    ~KeyJournalPhases() override {
        journal_.reset();
        state_.reset();
        fs::remove_all(directory_);
    }

    void restart(FallbackMode asserted = FallbackMode::present) {
        policy_.asserted = asserted;
        journal_.reset();
        state_.reset();
        state_ = std::move(store::State::open(directory_)->state);
        journal_ = std::make_unique<KeyJournal>(*state_, JournalSettings{.policy = policy_});
    }

    void legacy(const std::string& id, const std::string& name = {}) {
        table_[id] = {.name = name, .used = now_ - 1h};
    }
    void modern(const std::string& id, const std::string& name = {}) {
        table_[id] = {.name = name, .created = now_, .legacy = false};
    }

    void show(Scan scan) {
        EXPECT_TRUE(journal_->prepare());
        EXPECT_TRUE(journal_->begin(scan, now_));
        for (const auto& [id, row] : table_) {
            if (scan == Scan::pulse && !row.legacy) continue;
            Key key;
            key.id = id;
            key.owner = row.owner;
            if (!row.name.empty()) key.name = row.name;
            key.created_at = row.created;
            key.last_used_at = row.used;
            key.expires_at = row.expires;
            key.blocked = row.blocked;
            key.legacy = row.legacy;
            EXPECT_TRUE(journal_->key(key));
        }
    }
    const domain::PhaseCounts& poll(base::Duration later = 1min, Scan scan = Scan::census) {
        now_ += later;
        show(scan);
        outcome_ = journal_->finish(now_, 1min);
        EXPECT_EQ(domain::baseline(outcome_.migration.tally.phases), outcome_.inventory.baseline);
        return outcome_.migration.tally.phases;
    }
    /// Shows nothing: no legacy key was created or used.
    const domain::PhaseCounts& pulse() {
        const auto table = std::exchange(table_, {});
        poll(1min, Scan::pulse);
        table_ = table;
        return outcome_.migration.tally.phases;
    }
    void broken_census() {
        now_ += 1min;
        show(Scan::census);
        journal_->forget_scan();
    }

    template <class Decision>
    void decide(const Decision& decision) {
        const auto beside = std::move(store::State::attach(directory_).value());
        auto transaction = beside->begin();
        transaction->decide(decision);
        EXPECT_TRUE(transaction->commit());
    }
    void acknowledge(const std::string& id) { decide(store::Acknowledgement{id, now_, "op", ""}); }
    void pair(const std::string& old, const std::string& replacement) {
        decide(store::OperatorPair{old, replacement, now_, "op"});
    }

    std::unique_ptr<store::KeyHistory> history(const std::string& id) {
        return std::move(state_->load_key(id).value());
    }
    std::optional<Phase> phase(const std::string& id) { return history(id)->memory.phase; }
    std::string replacement(const std::string& id) {
        const auto key = history(id);
        return key->pairing ? key->pairing->replacement : "none";
    }
    std::size_t events(std::string_view kind) {
        const auto all = state_->load_events(1000).value();
        return static_cast<std::size_t>(
            std::count_if(all.begin(), all.end(), [kind](const store::Event& e) { return e.kind == kind; }));
    }
    std::uint64_t entered(Phase phase) const { return domain::count_of(outcome_.totals.transitions, phase); }
    domain::Verdict verdict() const {
        domain::Model model;
        model.policy = policy_;
        model.inventory = outcome_.inventory;
        model.migration = outcome_.migration;
        model.sources[domain::kKeysSource].up = true;
        model.sources[domain::kKeysSource].last_success_at = now_;
        return assess(model, now_).judgement.verdict;
    }

    fs::path directory_;
    domain::Policy policy_;
    std::unique_ptr<store::State> state_;
    std::unique_ptr<KeyJournal> journal_;
    KeyJournal::Outcome outcome_;
    std::map<std::string, Row> table_;
    Time now_ = kStart;
};

// ---- how keys end ----

TEST_F(KeyJournalPhases, ADeletionInUseIsPublishedAtOnce) {
    legacy("a");
    poll();
    table_.clear();
    EXPECT_EQ(domain::count_of(poll(), Phase::retired_in_use), 1U);
    EXPECT_EQ(entered(Phase::retired_in_use), 1U);
    const auto last = history("a")->events.back();
    EXPECT_EQ(last.kind, event::kPhase);
    EXPECT_EQ(last.was, Phase::pending);
    EXPECT_EQ(last.phase, Phase::retired_in_use);
}

TEST_F(KeyJournalPhases, ADeletionOutOfUseIsQuiet) {
    legacy("a");
    poll();
    now_ += 8 * kDay;
    poll();
    table_.clear();
    poll();
    EXPECT_EQ(domain::count_of(poll(), Phase::retired), 1U);
    EXPECT_EQ(entered(Phase::retired_in_use), 0U);
}

TEST_F(KeyJournalPhases, ADeletionInUseIsOverWhenTheReplacementIsUsedAfterIt) {
    legacy("a", "api");
    modern("m", "api");
    table_.at("m").used = now_;
    poll();
    poll();
    EXPECT_EQ(phase("a"), Phase::overlap);
    table_.erase("a");
    poll();
    poll();
    EXPECT_EQ(phase("a"), Phase::retired_in_use) << "the replacement was in use before already";
    table_.at("m").used = now_ + 30s;
    poll();
    EXPECT_EQ(phase("a"), Phase::retired_in_use) << "found once";
    poll();
    EXPECT_EQ(phase("a"), Phase::retired);
}

TEST_F(KeyJournalPhases, TheUseThatEndsItIsNotForgottenInBetween) {
    for (const bool broken : {false, true}) {
        SCOPED_TRACE(broken);
        table_.clear();
        const std::string a = broken ? "a2" : "a";
        const std::string m = broken ? "m2" : "m";
        legacy(a, m);
        modern(m, m);
        table_.at(m).used = now_;
        poll();
        table_.erase(a);
        poll();
        table_.at(m).used = now_ + 30s;
        poll();
        if (broken) {
            broken_census();
            pulse();
        } else {
            restart();
            table_.erase(m);
            poll();
        }
        EXPECT_EQ(phase(a), Phase::retired);
    }
}

TEST_F(KeyJournalPhases, ADeletionInUseIsOverWhenAnOperatorSaysSo) {
    legacy("a");
    poll();
    table_.clear();
    poll();
    acknowledge("a");
    poll();
    EXPECT_EQ(phase("a"), Phase::retired_in_use) << "found once";
    poll();
    EXPECT_EQ(phase("a"), Phase::retired);
}

/// It was about a key that was there.
TEST_F(KeyJournalPhases, AnAcknowledgementDoesNotSilenceALaterDeletion) {
    legacy("a");
    poll();
    now_ += 1h;
    acknowledge("a");
    poll();
    now_ += 1h;
    table_.at("a").used = now_;
    poll();
    table_.clear();
    poll();
    EXPECT_EQ(phase("a"), Phase::retired_in_use);
    poll();
    EXPECT_EQ(phase("a"), Phase::retired_in_use);
}

TEST_F(KeyJournalPhases, ADeletionInUseIsOverAfterThirtyDays) {
    legacy("a");
    poll();
    table_.clear();
    poll();
    poll(30 * kDay - 1s);
    poll(0s);
    EXPECT_EQ(phase("a"), Phase::retired_in_use);
    poll(1s);
    poll();
    EXPECT_EQ(phase("a"), Phase::retired);
}

/// Then the replacement's last use seems to be of after the deletion.
TEST_F(KeyJournalPhases, AClockThatIsSetBackDoesNotHideADeletionInUse) {
    legacy("a", "api");
    modern("m", "api");
    table_.at("m").used = now_;
    poll();
    table_.erase("a");
    now_ -= 3h;
    poll();
    EXPECT_EQ(phase("a"), Phase::retired_in_use);
}

TEST_F(KeyJournalPhases, TheKeysOfAnOwnerGoAsOneEvent) {
    for (const char* id : {"a", "b", "c"}) legacy(id);
    legacy("d");
    table_.at("d").owner = "another";
    poll();
    table_.clear();
    poll();
    EXPECT_EQ(events(event::kOwnerGone), 1U);
    EXPECT_EQ(events(event::kPhase), 1U) << "that of d";
    EXPECT_EQ(entered(Phase::retired_in_use), 4U);
    const auto all = state_->load_events(1000).value();
    const auto gone = std::find_if(all.begin(), all.end(),
                                   [](const store::Event& e) { return e.kind == event::kOwnerGone; });
    EXPECT_EQ(gone->keys, 3U);
    EXPECT_EQ(gone->detail, "o");
}

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
    for (int i = 0; i < 3; ++i) poll();
    EXPECT_EQ(phase("b"), Phase::upgraded);
    EXPECT_EQ(replacement("a"), "none");
    restart();
    poll();
    EXPECT_EQ(replacement("a"), "none");
}

TEST_F(KeyJournalPhases, ADeletedKeyCanComeBackUpgraded) {
    legacy("a", "api");
    legacy("b", "api");
    table_.at("b").created += 1h;
    poll();
    const Row b = table_.extract("b").mapped();
    poll();
    EXPECT_EQ(phase("b"), Phase::retired_in_use);
    table_["b"] = b;
    table_.at("b").legacy = false;
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

// ---- when a phase is published ----

TEST_F(KeyJournalPhases, APhaseNeedsTwoPollsAcrossARestart) {
    legacy("a", "api");
    poll();
    modern("m", "api");
    poll();
    EXPECT_EQ(phase("a"), Phase::pending);
    restart();
    poll();
    EXPECT_EQ(phase("a"), Phase::issued);
    EXPECT_EQ(entered(Phase::issued), 1U);
}

TEST_F(KeyJournalPhases, APhaseFoundOnceIsForgottenAcrossARestart) {
    legacy("a", "api");
    poll();
    modern("m", "api");
    poll();
    restart();
    table_.erase("m");
    poll();
    poll();
    EXPECT_EQ(phase("a"), Phase::pending);
    EXPECT_EQ(entered(Phase::issued) + entered(Phase::pending), 0U);
}

TEST_F(KeyJournalPhases, StrandedIsPublishedAtOnce) {
    legacy("a");
    poll();
    restart(FallbackMode::absent);
    EXPECT_EQ(domain::count_of(poll(), Phase::stranded), 1U);
    EXPECT_EQ(entered(Phase::stranded), 1U);
}

TEST_F(KeyJournalPhases, AUseOfADrainedKeyIsARegression) {
    legacy("a", "api");
    modern("m", "api");
    table_.at("m").used = now_;
    poll();
    poll(8 * kDay);
    poll();
    EXPECT_EQ(phase("a"), Phase::drained);
    table_.at("a").used = now_;
    poll();
    EXPECT_EQ(phase("a"), Phase::drained) << "found once";
    EXPECT_EQ(outcome_.migration.tally.live_use.keys, 1U) << "but not safe any more";
    poll();
    EXPECT_EQ(phase("a"), Phase::overlap);
    EXPECT_EQ(events(event::kRegression), 1U);
}

TEST_F(KeyJournalPhases, AnExpiredKeyStaysSoAfterABrokenScan) {
    legacy("a");
    table_.at("a").expires = now_ - kDay;
    poll();
    EXPECT_EQ(phase("a"), Phase::expired);
    broken_census();
    pulse();
    pulse();
    EXPECT_EQ(phase("a"), Phase::expired);
    EXPECT_EQ(entered(Phase::pending), 0U);
}

// ---- keys that come back ----

TEST_F(KeyJournalPhases, AWatchedKeyThatIsBackIsLiveAgain) {
    legacy("a");
    poll();
    const Row a = table_.extract("a").mapped();
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
    const Row a = table_.extract("a").mapped();
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
    const Row a = table_.extract("a").mapped();
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
    const Row a = table_.extract("a").mapped();
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
    const Row a = table_.extract("a").mapped();
    poll();
    table_["a"] = a;
    modern("m", "billing");
    poll();
    EXPECT_EQ(replacement("a"), "m");
}

// ---- acknowledgements ----

TEST_F(KeyJournalPhases, AUseVoidsAnAcknowledgement) {
    legacy("a");
    poll();
    poll(31 * kDay);
    acknowledge("a");
    poll();
    EXPECT_EQ(phase("a"), Phase::dormant);
    EXPECT_EQ(outcome_.migration.tally.dormant_unacknowledged, 0U);
    now_ += 1h;
    table_.at("a").used = now_;
    poll();
    poll(31 * kDay);
    EXPECT_EQ(outcome_.migration.tally.dormant_unacknowledged, 1U);
    restart();
    poll();
    EXPECT_EQ(outcome_.migration.tally.dormant_unacknowledged, 1U);
}

// ---- a state that cannot be written ----

/// What was not saved is found again, and counted once.
TEST_F(KeyJournalPhases, WhatCannotBeSavedIsCountedOnce) {
    legacy("gone in use");
    legacy("upgraded");
    legacy("regressing", "api");
    modern("m", "api");
    table_.at("m").used = now_;
    poll();
    poll();
    table_.erase("gone in use");
    table_.at("upgraded").legacy = false;
    table_.at("regressing").used = now_;
    legacy("new");
    {
        const FullDisk full;
        for (int i = 0; i < 3; ++i) {
            poll();
            EXPECT_TRUE(outcome_.state_error);
            EXPECT_EQ(entered(Phase::retired_in_use), 1U);
            EXPECT_EQ(outcome_.inventory.baseline, 4U);
            EXPECT_EQ(outcome_.totals.legacy_keys_created, 1U);
            EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
        }
    }
    const auto at_first = outcome_.totals.transitions;
    poll();
    EXPECT_FALSE(outcome_.state_error);
    EXPECT_EQ(outcome_.totals.transitions, at_first) << "they were told already";
    poll();
    restart();
    poll();
    EXPECT_EQ(phase("gone in use"), Phase::retired_in_use);
    EXPECT_EQ(phase("upgraded"), Phase::upgraded);
    EXPECT_EQ(entered(Phase::retired_in_use), 1U);
    EXPECT_EQ(entered(Phase::upgraded), 1U);
    EXPECT_EQ(outcome_.inventory.baseline, 4U);
    EXPECT_EQ(outcome_.totals.legacy_keys_created, 1U);
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
    EXPECT_EQ(events(event::kCreated), 1U);
}

}  // namespace
}  // namespace keyshift::app
