// SPDX-License-Identifier: Apache-2.0
// Ledger, journal and state together: random histories with failing scans, failing disks and restarts give
// the same totals as an undisturbed run, and agree with a plain model of the table.
#include "journal/key_journal.hpp"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "contract/journal/full_disk.hpp"
#include "contract/temporary_directory.hpp"

namespace keyshift::journal {
namespace {

using base::Time;
using collectors::Scan;
using domain::Key;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Row {
    bool legacy = true;
    std::optional<Time> used = {};
    bool blocked = false;
};
using Table = std::map<std::string, Row>;

Key as_key(const std::string& id, const Row& row) {
    Key key;
    key.id = id;
    key.owner = "o";
    key.prefix = "sk-";
    key.legacy = row.legacy;
    key.last_used_at = row.used;
    key.blocked = row.blocked;
    return key;
}

class KeyJournalTest : public ::testing::Test {
 protected:
    KeyJournalTest() { restart(); }

    void restart() {
        journal_.reset();
        state_.reset();
        state_ = *store::State::open(directory_);
        journal_ = std::make_unique<KeyJournal>(*state_);
    }

    domain::KeyPoll census(const Table& table) {
        EXPECT_TRUE(journal_->prepare());
        EXPECT_TRUE(journal_->begin({.scan = Scan::census, .moment = now_, .data_at = now_, .table = {}}));
        for (const auto& [id, row] : table) EXPECT_TRUE(journal_->key(as_key(id, row)));
        return journal_->finish(30s).value();
    }

    /// Breaks off after `keys` keys.
    void broken_census(const Table& table, std::size_t keys) {
        EXPECT_TRUE(journal_->prepare());
        EXPECT_TRUE(journal_->begin({.scan = Scan::census, .moment = now_, .data_at = now_, .table = {}}));
        for (auto row = table.begin(); row != table.end() && keys > 0; ++row, --keys)
            EXPECT_TRUE(journal_->key(as_key(row->first, row->second)));
        journal_->forget_scan();
    }

    const TemporaryDirectory own_{"journal"};
    const fs::path directory_ = own_.path();
    std::unique_ptr<store::State> state_;
    std::unique_ptr<KeyJournal> journal_;
    Time now_{1'768'003'200s};
};

TEST_F(KeyJournalTest, TheFirstCensusIsTheBaselineAndCreatesNothing) {
    const auto outcome = census({{"a", {}}, {"b", {}}, {"m", {.legacy = false}}});
    EXPECT_EQ(outcome.inventory.baseline, 2U);
    EXPECT_EQ(outcome.inventory.modern_keys, 1U);
    EXPECT_EQ(outcome.totals.legacy_keys_created, 0U);
    EXPECT_FALSE(outcome.state_error);
}

TEST_F(KeyJournalTest, WhatHappenedWhileAwayIsFound) {
    census({{"a", {}}, {"b", {}}, {"c", {}}});
    restart();
    const auto outcome = census({{"b", {.used = now_}}, {"c", {.legacy = false}}, {"d", {}}});
    EXPECT_EQ(outcome.inventory.legacy_keys, 2U);
    EXPECT_EQ(outcome.inventory.baseline, 4U);
    EXPECT_EQ(outcome.totals.legacy_keys_created, 1U);
    EXPECT_EQ(outcome.totals.legacy_uses_observed, 1U);
}

TEST_F(KeyJournalTest, AKeyThatComesBackIsNotANewOne) {
    census({{"a", {}}, {"b", {}}});
    census({{"b", {}}});
    restart();
    const auto outcome = census({{"a", {}}, {"b", {}}});
    EXPECT_EQ(outcome.inventory.baseline, 2U);
    EXPECT_EQ(outcome.totals.legacy_keys_created, 0U);
}

TEST_F(KeyJournalTest, APollTellsOnceWhichPhasesHaveChanged) {
    EXPECT_EQ(census({{"a", {.used = now_}}, {"b", {}}}).phase_changes.count, 0U);
    EXPECT_EQ(census({{"a", {.used = now_}}, {"b", {}}}).phase_changes.count, 0U);
    domain::PhaseChanges changes;
    for (int i = 0; i < 4; ++i) changes.add(census({{"b", {}}}).phase_changes);
    EXPECT_EQ(changes.count, 1U);
    ASSERT_EQ(changes.named.size(), 1U);
    EXPECT_EQ(changes.named.front().key, "a");
    EXPECT_EQ(changes.named.front().phase, domain::Phase::retired_in_use);
    EXPECT_EQ(census({{"b", {}}}).phase_changes.count, 0U);
}

TEST_F(KeyJournalTest, TheForecastIsAlwaysOfTheKeysThatAreLeft) {
    Table table;
    for (int i = 10; i < 50; ++i) table["k" + std::to_string(i)] = {};
    domain::KeyPoll poll = census(table);
    for (int day = 0; day < 10; ++day) {
        now_ += 24h;
        table.erase(table.begin());
        poll = census(table);
    }
    ASSERT_TRUE(poll.migration.forecast.point);
    const Time before = *poll.migration.forecast.point;
    now_ += 30s;
    for (int i = 0; i < 20; ++i) table.erase(table.begin());
    census(table);
    poll = census(table);  // two equal polls
    ASSERT_TRUE(poll.migration.forecast.point);
    EXPECT_LT(*poll.migration.forecast.point, before - 5 * 24h) << "20 of 30 are gone since 30 s";
    now_ += 30s;
    table.clear();
    census(table);
    EXPECT_FALSE(census(table).migration.forecast.point) << "nothing is left";
}

TEST_F(KeyJournalTest, OnlyTheFirstScanAfterAStartMustBeACensus) {
    EXPECT_EQ(*journal_->prepare(), Scan::census);
    census({{"a", {}}});
    EXPECT_EQ(*journal_->prepare(), Scan::pulse);
    broken_census({{"a", {}}, {"b", {}}}, 2);
    EXPECT_EQ(*journal_->prepare(), Scan::pulse) << "a broken census changed nothing";
    restart();
    EXPECT_EQ(*journal_->prepare(), Scan::census);
}

TEST_F(KeyJournalTest, AScanThatIsRepeatedCountsOnce) {
    census({{"a", {}}});
    EXPECT_TRUE(journal_->prepare());
    EXPECT_TRUE(journal_->begin({.scan = Scan::census, .moment = now_, .data_at = now_, .table = {}}));
    EXPECT_TRUE(journal_->key(as_key("b", {.used = now_})));
    EXPECT_TRUE(journal_->begin(
        {.scan = Scan::census, .moment = now_, .data_at = now_, .table = {}}));  // the collector reconnected
    for (const char* id : {"a", "b"}) EXPECT_TRUE(journal_->key(as_key(id, {.used = now_})));
    const auto outcome = journal_->finish(30s).value();
    EXPECT_EQ(outcome.totals.legacy_keys_created, 1U);
    EXPECT_EQ(outcome.totals.legacy_uses_observed, 1U);
}

TEST_F(KeyJournalTest, APulseAddsWithoutRemoving) {
    census({{"a", {}}, {"b", {}}});
    EXPECT_TRUE(journal_->prepare());
    EXPECT_TRUE(journal_->begin({.scan = Scan::pulse, .moment = now_, .data_at = now_, .table = {}}));
    EXPECT_TRUE(journal_->key(as_key("c", {.used = now_})));
    const auto outcome = journal_->finish(30s).value();
    EXPECT_EQ(outcome.inventory.legacy_keys, 3U);
    EXPECT_EQ(outcome.totals.legacy_keys_created, 1U);
    EXPECT_EQ(outcome.inventory.used.front(), 1U);
}

/// More are missing than can be looked up: a backup was restored, or very many were deleted at once.
TEST_F(KeyJournalTest, WhatWasNotLookedUpIsNotTakenForGone) {
    census({{"a", {.used = now_}}, {"b", {.used = now_}}, {"c", {.used = now_}}});
    const auto lost = [&](std::size_t limit) {
        EXPECT_TRUE(journal_->prepare());
        EXPECT_TRUE(journal_->begin({.scan = Scan::active, .moment = now_, .data_at = now_, .table = {}}));
        const auto ids = journal_->missing(limit);
        EXPECT_TRUE(ids);
        return ids->size();
    };
    EXPECT_EQ(lost(2), 0U);
    EXPECT_EQ(journal_->finish(30s).value().inventory.legacy_keys, 3U);
    EXPECT_EQ(lost(3), 3U);
    EXPECT_EQ(journal_->finish(30s).value().inventory.legacy_keys, 0U);
}

/// The numbers are right, and what was not saved is found again.
TEST_F(KeyJournalTest, AStateThatCannotBeWrittenLosesNothing) {
    census({{"a", {}}});
    auto full = std::make_unique<FullDisk>();
    auto outcome = census({{"a", {.used = now_}}, {"b", {}}});
    EXPECT_TRUE(outcome.state_error);
    EXPECT_EQ(outcome.inventory.legacy_keys, 2U);
    EXPECT_EQ(outcome.totals.legacy_keys_created, 1U);
    EXPECT_EQ(*journal_->prepare(), Scan::census) << "only a census finds what was lost";
    full.reset();
    outcome = census({{"a", {.used = now_}}, {"b", {}}});
    EXPECT_FALSE(outcome.state_error);
    EXPECT_EQ(outcome.totals.legacy_keys_created, 1U);
    EXPECT_EQ(outcome.totals.legacy_uses_observed, 1U);
    restart();
    outcome = census({{"a", {.used = now_}}, {"b", {}}});
    EXPECT_EQ(outcome.totals.legacy_keys_created, 1U);
    EXPECT_EQ(outcome.inventory.baseline, 2U);
}

TEST_F(KeyJournalTest, RandomHistoriesWithRestartsAgreeWithAPlainModel) {
    std::mt19937 random(7);
    const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
    Table table;
    std::set<std::string> ever;
    std::uint64_t created = 0;
    std::uint64_t uses = 0;
    int next = 0;
    for (int i = 0; i < 30; ++i) ever.insert(table.emplace("k" + std::to_string(next++), Row{}).first->first);
    std::uint64_t baseline = census(table).inventory.baseline;
    for (int round = 0; round < 150; ++round) {
        now_ += 10s;
        std::uint64_t new_uses = 0;
        for (auto row = table.begin(); row != table.end();) {
            if (chance(3)) {
                row = table.erase(row);
                continue;
            }
            if (row->second.legacy && chance(10)) {
                row->second.used = now_;
                ++new_uses;
            }
            if (chance(2)) row->second.legacy = false;
            if (chance(2)) row->second.blocked = !row->second.blocked;
            ++row;
        }
        for (int i = chance(50) ? 1 : 0; i > 0; --i) {
            const std::string id = "k" + std::to_string(next++);
            table.emplace(id, Row{});
            ever.insert(id);
            ++created;
        }
        if (chance(20)) broken_census(table, random() % (table.size() + 1));
        if (chance(20)) restart();
        uses += new_uses;
        const auto outcome = census(table);
        std::uint64_t legacy = 0;
        for (const auto& row : table) legacy += row.second.legacy ? 1U : 0U;
        ASSERT_EQ(outcome.inventory.legacy_keys, legacy) << round;
        ASSERT_EQ(outcome.inventory.modern_keys, table.size() - legacy) << round;
        ASSERT_EQ(outcome.totals.legacy_keys_created, created) << round;
        ASSERT_EQ(outcome.totals.legacy_uses_observed, uses) << round;
        ASSERT_EQ(outcome.inventory.baseline, baseline + created) << round;
    }
    EXPECT_GT(uses, 100U);
    EXPECT_GT(created, 50U);
}

}  // namespace
}  // namespace keyshift::journal
