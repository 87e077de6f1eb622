// SPDX-License-Identifier: Apache-2.0
// Phases over several polls: how keys end, when a phase is published, what operators say, and what is
// remembered of all that when the daemon starts anew or cannot write.
#include "contract/journal/full_disk.hpp"
#include "contract/journal/phases_fixture.hpp"

namespace keyshift::journal {
namespace {

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
            poll(1min, Scan::pulse);
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
    ASSERT_NE(gone, all.end());
    EXPECT_EQ(gone->keys, 3U);
    EXPECT_EQ(gone->detail, "o");
}

TEST_F(KeyJournalPhases, ADeletionInUseIsMissedByAnActiveScan) {
    legacy("a", "api");
    legacy("upgraded");
    legacy("idle");
    poll();
    now_ += 8 * kDay;
    for (const char* id : {"a", "upgraded"}) table_.at(id).used = now_;
    poll();
    table_.erase("a");
    table_.erase("idle");
    table_.at("upgraded").legacy = false;
    poll(1min, Scan::active);
    EXPECT_EQ(phase("a"), Phase::retired_in_use);
    EXPECT_EQ(phase("upgraded"), Phase::retired_in_use) << "not used since";
    EXPECT_EQ(phase("idle"), Phase::pending) << "nobody misses it before the next census";
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
    poll(1min, Scan::pulse);
    poll(1min, Scan::pulse);
    EXPECT_EQ(phase("a"), Phase::expired);
    EXPECT_EQ(entered(Phase::pending), 0U);
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
    table_.at("upgraded").used.reset();
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
    EXPECT_EQ(phase("upgraded"), Phase::retired) << "nobody used it";
    EXPECT_EQ(entered(Phase::retired_in_use), 1U);
    EXPECT_EQ(entered(Phase::retired), 1U);
    EXPECT_EQ(outcome_.inventory.baseline, 4U);
    EXPECT_EQ(outcome_.totals.legacy_keys_created, 1U);
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
    EXPECT_EQ(events(event::kCreated), 1U);
}

// ---- uses that only logs tell of ----

TEST_F(KeyJournalPhases, AUseThatALogToldOfKeepsAKeyInUse) {
    legacy("a");
    poll();
    poll();
    now_ += 8 * kDay;
    domain::KeyUses uses;
    uses.add("a", now_ - 1h);
    uses.add("m", now_ - 1h);
    journal_->record_counted({}, uses);
    modern("m");
    table_.at("m").created = kStart;
    poll();
    EXPECT_EQ(outcome_.inventory.used.at(2), 1U) << "within 24 h";
    EXPECT_EQ(outcome_.inventory.legacy_last_used_at, now_ - 1h - 1min);
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
    poll();
    poll();
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U) << "one use, however often the key is read";
    EXPECT_EQ(events(event::kSetBack), 0U);
}

TEST_F(KeyJournalPhases, LoggedUsesOfLegacyKeysAloneAreKept) {
    legacy("a");
    modern("m");
    {
        const auto beside = store::State::attach(directory_).value();
        auto transaction = beside->begin();
        domain::KeyUses uses;
        uses.add("a", now_ + 10s);
        uses.add("m", now_ + 10s);
        uses.add("nobody", now_ + 10s);
        transaction->add_key_uses(uses);
        ASSERT_TRUE(transaction->commit());
    }
    restart();
    poll();
    EXPECT_EQ(outcome_.inventory.legacy_last_used_at, kStart + 10s);
    const auto kept = state_->load_key_uses();
    EXPECT_EQ(kept->latest().size(), 1U);
    EXPECT_EQ(kept->latest().count("a"), 1U);
}

TEST_F(KeyJournalPhases, ALogWhoseClockIsAheadTellsOfNoUseInTheFuture) {
    legacy("a");
    domain::KeyUses uses;
    uses.add("a", now_ + 30 * kDay);
    journal_->record_counted({}, uses);
    poll();
    EXPECT_EQ(outcome_.inventory.legacy_last_used_at, now_);
}

/// Whatever is declared, and whatever phase the key is in.
TEST_F(KeyJournalPhases, AnUpgradeWithAUseIsAUseOfTheFallback) {
    for (const bool declared : {false, true}) {
        policy_.promotes_in_place = declared;
        restart(FallbackMode::unknown);
        const std::string a = declared ? "a2" : "a";
        legacy(a);
        table_.at(a).used = now_ - 40 * kDay;
        modern("m" + a);
        table_.at("m" + a).used = now_;
        poll();
        poll();
        const auto uses = outcome_.totals.legacy_uses_observed;
        const Time used = now_ + 30s;
        table_.at(a).legacy = false;
        table_.at(a).used = used;
        broken_census();
        poll();
        EXPECT_EQ(outcome_.totals.legacy_uses_observed, uses + 1);
        EXPECT_EQ(outcome_.migration.evidence.newest_legacy_use, used);
        EXPECT_EQ(outcome_.migration.detected.mode, FallbackMode::present);
        EXPECT_NE(verdict(), domain::Verdict::safe);
        poll();
        poll();
        EXPECT_EQ(phase(a), declared ? Phase::upgraded : Phase::retired_in_use);
        EXPECT_EQ(outcome_.totals.legacy_uses_observed, uses + 1) << "once";
    }
}

TEST_F(KeyJournalPhases, ABackfillIsOneEventAndNoUse) {
    for (const char* id : {"a", "b", "c"}) legacy(id);
    poll();
    poll();
    for (const char* id : {"a", "b", "c"}) table_.at(id).legacy = false;
    poll();
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 0U);
    EXPECT_EQ(events(event::kBackfill), 1U);
    EXPECT_EQ(events(event::kPhase), 0U) << "three keys, one event";
    EXPECT_EQ(outcome_.migration.tally.upgraded_unused, 3U);
    EXPECT_EQ(verdict(), domain::Verdict::unsafe);
    for (const char* id : {"a", "b", "c"}) table_.at(id).used = now_ + 30s;
    poll();
    poll();
    EXPECT_EQ(events(event::kBackfill), 1U);
    EXPECT_EQ(outcome_.migration.tally.upgraded_unused, 0U);
    EXPECT_EQ(entered(Phase::upgraded), 3U);
}

TEST_F(KeyJournalPhases, TwoUpgradesAreNoBackfill) {
    for (const char* id : {"a", "b"}) legacy(id);
    poll();
    for (const char* id : {"a", "b"}) table_.at(id).legacy = false;
    poll();
    EXPECT_EQ(events(event::kBackfill), 0U);
    EXPECT_EQ(events(event::kPhase), 2U);
}

/// Where the gateway promotes, and rows tell of no uses at all, many upgrades are many uses.
TEST_F(KeyJournalPhases, WhereNoRowTellsOfUsesUpgradesAre) {
    policy_.promotes_in_place = true;
    restart();
    for (const char* id : {"a", "b", "c"}) table_[id] = {};
    poll();
    for (const char* id : {"a", "b", "c"}) table_.at(id).legacy = false;
    poll();
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 3U);
    EXPECT_EQ(events(event::kBackfill), 0U);
}

TEST_F(KeyJournalPhases, WhereRowsTellOfUsesABackfillIsNone) {
    policy_.promotes_in_place = true;
    restart();
    for (const char* id : {"a", "b", "c"}) legacy(id);
    poll();
    table_.at("a").used = now_ + 30s;
    poll();
    ASSERT_EQ(outcome_.totals.legacy_uses_observed, 1U);
    for (const char* id : {"a", "b", "c"}) table_.at(id).legacy = false;
    poll();
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
    EXPECT_EQ(events(event::kBackfill), 1U);
}

// ---- what proves that last uses are written ----

TEST_F(KeyJournalPhases, LastUsesAreProvedByAnAdvance) {
    legacy("a");
    poll();
    poll();
    EXPECT_FALSE(outcome_.migration.last_used_proved_at);
    table_.at("a").used = now_ + 30s;
    poll();
    const Time proved = now_;
    EXPECT_EQ(outcome_.migration.last_used_proved_at, proved);
    restart();
    poll();
    EXPECT_EQ(outcome_.migration.last_used_proved_at, proved) << "remembered, and the first time";
}

TEST_F(KeyJournalPhases, LastUsesAreProvedByOneAfterTheFirstModernKey) {
    legacy("a");
    modern("m");
    table_.at("m").created = now_ - 2h;
    table_.at("a").used = now_ - 3h;
    poll();
    EXPECT_FALSE(outcome_.migration.last_used_proved_at);
    table_.clear();
    legacy("b");
    modern("m");
    table_.at("m").created = now_ - 2h;
    poll();
    EXPECT_TRUE(outcome_.migration.last_used_proved_at);
}

TEST_F(KeyJournalPhases, WhatALogTellsProvesNoRow) {
    legacy("a");
    poll();
    domain::KeyUses uses;
    uses.add("a", now_ + 30s);
    journal_->record_counted({}, uses);
    poll();
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
    EXPECT_FALSE(outcome_.migration.last_used_proved_at);
}

// ---- what is never forgotten ----

TEST_F(KeyJournalPhases, AUseThatALogTellsOfReachesTheKeyWithoutItsRow) {
    legacy("a", "api");
    modern("m", "api");
    table_.at("a").used = now_ - 8 * kDay;
    table_.at("m").used = now_;
    poll();
    poll();
    ASSERT_EQ(phase("a"), Phase::drained);
    domain::KeyUses uses;
    uses.add("a", now_ + 30s);
    journal_->record_counted({}, uses);
    poll(1min, Scan::pulse);
    EXPECT_EQ(outcome_.migration.tally.live_use.keys, 1U);
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
    EXPECT_EQ(outcome_.migration.evidence.newest_legacy_use, now_ - 30s);
    poll(1min, Scan::pulse);
    EXPECT_EQ(phase("a"), Phase::overlap);
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
}

TEST_F(KeyJournalPhases, ARestoredKeyWithAnOlderUseBeginsCoverageAnew) {
    legacy("a");
    poll();
    table_.at("a").used = now_;
    poll();
    const KeyRow before = table_.at("a");
    for (const bool over : {false, true}) {
        table_.erase("a");
        poll();
        if (over) acknowledge("a");
        poll();
        poll();
        table_["a"] = before;
        table_.at("a").used = now_ - 20 * kDay;
        poll();
        EXPECT_EQ(outcome_.migration.observed_since, now_) << over;
        EXPECT_EQ(phase("a"), Phase::pending) << "in use, as the journal knows";
        EXPECT_EQ(outcome_.inventory.legacy_last_used_at, *before.used);
    }
}

TEST_F(KeyJournalPhases, ARowThatAppearsLaterWasCreatedNoEarlierThanTheCensusBefore) {
    legacy("a");
    poll();
    EXPECT_EQ(outcome_.migration.newest_legacy_created_at, kStart - 100 * kDay);
    const Time census = now_;
    poll(1h, Scan::pulse);
    table_["b"] = {.used = now_ - 30 * kDay};
    table_["c"] = {};
    poll();
    EXPECT_EQ(outcome_.migration.newest_legacy_created_at, census);
    restart();
    poll();
    EXPECT_EQ(outcome_.migration.newest_legacy_created_at, census);
    EXPECT_EQ(phase("c"), Phase::pending) << "created just now, whatever its row says";
    poll(31 * kDay);
    poll();
    EXPECT_EQ(phase("c"), Phase::dormant);
}

TEST_F(KeyJournalPhases, AKeyThatWasThereBeforeIsAsOldAsItSays) {
    legacy("a");
    table_.at("a").used = now_ - 40 * kDay;
    poll();
    const KeyRow a = table_.extract("a").mapped();
    for (int i = 0; i < 3; ++i) poll();
    ASSERT_EQ(phase("a"), Phase::retired);
    table_["a"] = a;
    poll();
    EXPECT_EQ(outcome_.migration.newest_legacy_created_at, kStart - 100 * kDay);
}

// ---- the canary ----

TEST_F(KeyJournalPhases, ACanaryThatOthersUseIsAnError) {
    policy_.canary = "canary";
    restart();
    legacy("canary");
    modern("m");
    domain::CountedFallback counted;
    for (int i = 0; i < 5; ++i) {
        table_.at("canary").used = now_ + 30s;
        counted.canary_accepted_at = now_ + 30s;
        journal_->record_counted(counted);
        poll();
    }
    for (int i = 0; i < 2; ++i) {
        table_.at("canary").used = now_ + 30s;
        poll();
    }
    EXPECT_EQ(outcome_.inventory.legacy_keys, 0U) << "it is in no number";
    table_.at("canary").used = now_ + 30s;
    now_ += 1min;
    show(Scan::census);
    const auto refused = journal_->finish(1min);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("canary"), std::string::npos) << refused.error().text();
    policy_.canary = "another";
    journal_->configure({.policy = policy_});
    poll();
    EXPECT_EQ(outcome_.inventory.legacy_keys, 1U) << "it is a key like any other";
}

TEST_F(KeyJournalPhases, AnAcknowledgementCanBeTakenBack) {
    legacy("a");
    table_.at("a").used = now_ - 40 * kDay;
    acknowledge("a");
    poll();
    EXPECT_EQ(outcome_.migration.tally.dormant_unacknowledged, 0U);
    {
        auto other = store::State::attach(directory_).value();
        auto transaction = other->begin().value();
        transaction.undo_acknowledgement("a");
        EXPECT_TRUE(transaction.commit());
    }
    poll();
    EXPECT_EQ(outcome_.migration.tally.dormant_unacknowledged, 1U);
}

TEST_F(KeyJournalPhases, AKeyThatItsUseUpgradesHasUsedTheFallbackOnce) {
    policy_.promotes_in_place = true;
    restart(FallbackMode::unknown);
    table_["a"] = table_["b"] = {};
    poll();
    EXPECT_EQ(outcome_.migration.detected.mode, FallbackMode::unknown);
    EXPECT_EQ(verdict(), domain::Verdict::unsafe);
    table_.at("a").legacy = false;
    broken_census();
    poll();
    const Time promoted = now_;
    for (int i = 0; i < 3; ++i) poll();
    restart(FallbackMode::unknown);
    poll();
    EXPECT_EQ(outcome_.migration.evidence.newest_upgrade, promoted);
    EXPECT_EQ(outcome_.migration.detected.mode, FallbackMode::present);
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 1U);
    EXPECT_EQ(phase("a"), Phase::upgraded);
    EXPECT_EQ(entered(Phase::upgraded), 1U);
    EXPECT_EQ(phase("b"), Phase::dormant);
    acknowledge("b");
    poll(1h);
    EXPECT_EQ(verdict(), domain::Verdict::not_yet) << "it was needed just now";
    for (int day = 0; day < 10; ++day) poll(kDay);
    EXPECT_EQ(outcome_.migration.detected.mode, FallbackMode::present);
}

TEST_F(KeyJournalPhases, ElsewhereAnUpgradeIsNoUse) {
    restart(FallbackMode::unknown);
    table_["a"] = {};
    poll();
    table_.at("a").legacy = false;
    poll();
    EXPECT_EQ(outcome_.migration.evidence.newest_upgrade, now_);
    EXPECT_EQ(outcome_.migration.detected.mode, FallbackMode::unknown);
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, 0U);
}

}  // namespace
}  // namespace keyshift::journal
