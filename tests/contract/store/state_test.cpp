// SPDX-License-Identifier: Apache-2.0
// The state file on a real file system, in a directory of its own.
#include "store/state.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"

namespace keyshift::store {
namespace {

using base::Errc;
using base::Time;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

const Time kNow{1'768'003'200s};

/// As version 1 wrote it: the key "back" had gone and came back under another row.
constexpr const char* kVersionOne = R"(
    CREATE TABLE legacy_key (row INTEGER PRIMARY KEY, id TEXT NOT NULL, owner TEXT, name TEXT, prefix TEXT NOT NULL,
      created_at INTEGER NOT NULL, expires_at INTEGER, bcrypt_cost INTEGER, blocked INTEGER NOT NULL,
      over_budget INTEGER NOT NULL, first_seen_at INTEGER NOT NULL, gone_at INTEGER, gone_as TEXT);
    CREATE TABLE legacy_use (row INTEGER PRIMARY KEY, last_used INTEGER NOT NULL);
    CREATE INDEX legacy_key_gone ON legacy_key (id) WHERE gone_at IS NOT NULL;
    CREATE TABLE counter (
      name TEXT NOT NULL, label TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name, label)) WITHOUT ROWID;
    CREATE TABLE source (name TEXT PRIMARY KEY, observation_start INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO legacy_key VALUES
      (1, 'used', 'o', 'n', 'sk-1', 1700000000000000, NULL, 10, 0, 0, 1768000000000000, NULL, NULL),
      (2, 'never', NULL, NULL, 'sk-2', 1700000000000000, NULL, NULL, 0, 0, 1768000000000000, NULL, NULL),
      (3, 'removed', 'o', 'n', 'sk-3', 1700000000000000, NULL, 10, 0, 0, 1768000000000000, 1768000000000001, 'removed'),
      (4, 'upgraded', 'o', 'n', 'sk-4', 1700000000000000, NULL, 10, 0, 0, 1768000000000000, 1768000000000001, 'upgraded'),
      (5, 'back', 'o', 'n', 'sk-5', 1700000000000000, NULL, 10, 0, 0, 1768000000000000, 1768000000000001, 'reappeared'),
      (6, 'back', 'o', 'n', 'sk-5', 1700000000000000, NULL, 10, 0, 0, 1768000000000002, NULL, NULL);
    INSERT INTO legacy_use VALUES (1, 1767000000), (3, 1767000000);
    INSERT INTO counter VALUES ('legacy_keys_baseline', '', 6);
    PRAGMA journal_mode = WAL;
    PRAGMA user_version = 1;)";

class StateTest : public ::testing::Test {
 protected:
    std::unique_ptr<State> open() {
        auto opened = State::open(directory_);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
        notice_ = (*opened)->take_notice();
        return std::move(*opened);
    }
    static domain::Key key(std::string_view id) {
        domain::Key key;
        key.id = id;
        key.legacy = true;
        key.prefix = "sk-AbC123";
        key.created_at = kNow - 1h;
        return key;
    }
    static std::vector<std::string> live(State& state) {
        std::vector<std::string> ids;
        const auto next = state.load_keys([&](const domain::Key& k, const domain::KeyMemory& memory) {
            ids.push_back(std::string(k.id) + "@" + std::to_string(memory.row));
        });
        EXPECT_TRUE(next);
        ids.push_back("next " + std::to_string(*next));
        return ids;
    }

    const TemporaryDirectory own_{"state"};
    const fs::path directory_ = own_.path();
    std::string notice_;
};

TEST_F(StateTest, WhatIsCommittedIsThereAfterwards) {
    {
        auto state = open();
        auto transaction = state->begin();
        ASSERT_TRUE(transaction);
        domain::Key full = key("a");
        full.owner = "o";
        full.name = "n\xE6\xBC\xA2";
        full.expires_at = kNow + 1h;
        full.use_ahead = kNow + 9h + 1us;
        full.bcrypt_cost = 10;
        full.blocked = true;
        transaction->add_key(full, 1, domain::Phase::pending, kNow);
        transaction->add_key(key("b"), 2, domain::Phase::pending, kNow);
        domain::KeyMemory memory{.row = 1, .last_used = 5, .phase = domain::Phase::pending};
        transaction->remember(memory);
        memory.last_used = static_cast<std::uint32_t>(kNow.time_since_epoch() / 1s);
        memory.longest_gap = 77;
        memory.since = 99;
        memory.phase = domain::Phase::overlap;
        memory.candidate = domain::Phase::drained;
        memory.advanced = true;
        transaction->remember(memory);
        transaction->set_pairing(1, "m", domain::PairRule::name, kNow, kNow + 1h);
        transaction->set_fact("f", "v");
        transaction->set_fact("f", "w");
        transaction->set_counter("c", "", 7);
        transaction->set_counter("c", "", 8);
        transaction->set_observation_start("keys", kNow);
        transaction->set_observation_start("keys", kNow + 1h);
        ASSERT_TRUE(transaction->commit());
    }
    auto state = open();
    EXPECT_EQ(live(*state), (std::vector<std::string>{"a@1", "b@2", "next 3"}));
    bool seen = false;
    ASSERT_TRUE(state->load_keys([&](const domain::Key& k, const domain::KeyMemory& memory) {
        if (k.id == "b") {
            EXPECT_EQ(k.last_used_at, std::nullopt);
            EXPECT_EQ(memory.phase, domain::Phase::pending) << "as it was first seen";
            EXPECT_EQ(memory.rule, domain::PairRule::none);
        }
        if (k.id != "a") return;
        seen = true;
        EXPECT_EQ(k.owner, "o");
        EXPECT_EQ(k.name, "n\xE6\xBC\xA2");
        EXPECT_EQ(k.last_used_at, kNow);
        EXPECT_EQ(k.expires_at, kNow + 1h);
        EXPECT_EQ(k.use_ahead, kNow + 9h + 1us);
        EXPECT_EQ(k.bcrypt_cost, 10);
        EXPECT_TRUE(k.blocked && k.legacy && !k.over_budget);
        EXPECT_EQ(memory.longest_gap, 77U);
        EXPECT_EQ(memory.since, 99U);
        EXPECT_EQ(memory.phase, domain::Phase::overlap);
        EXPECT_EQ(memory.candidate, domain::Phase::drained);
        EXPECT_TRUE(memory.advanced && !memory.in_use && !memory.gone && !memory.with_owner);
        EXPECT_EQ(memory.rule, domain::PairRule::name);
        EXPECT_EQ(memory.replacement, domain::hash_id("m"));
        EXPECT_EQ(memory.replacement_used, (kNow + 1h).time_since_epoch() / 1s);
    }));
    EXPECT_TRUE(seen);
    EXPECT_EQ(state->load_counters()->at({"c", ""}), 8U);
    EXPECT_EQ(state->load_observation_starts()->at("keys"), kNow);
    EXPECT_EQ(state->load_facts()->at("f"), "w");
}

TEST_F(StateTest, WhatIsNotCommittedIsNot) {
    auto state = open();
    {
        auto transaction = state->begin();
        transaction->add_key(key("a"), 1, domain::Phase::pending, kNow);
    }
    EXPECT_EQ(live(*state), (std::vector<std::string>{"next 1"}));
}

TEST_F(StateTest, KeysThatAreGoneForGoodAreNotLoadedAndAreRecognisedWhenTheyComeBack) {
    auto state = open();
    {
        auto transaction = state->begin();
        for (const auto& [id, row] :
             {std::pair("a", 1U), std::pair("b", 2U), std::pair("c", 3U), std::pair("d", 4U)})
            transaction->add_key(key(id), row, domain::Phase::pending, kNow);
        transaction->mark_gone(1, GoneAs::upgraded, kNow);
        transaction->remember({.row = 1, .phase = domain::Phase::upgraded});
        transaction->mark_gone(2, GoneAs::removed, kNow);
        transaction->remember({.row = 2, .phase = domain::Phase::retired_in_use, .in_use = true});
        transaction->mark_gone(3, GoneAs::removed, kNow);  // not yet published
        ASSERT_TRUE(transaction->commit());
    }
    EXPECT_EQ(live(*state), (std::vector<std::string>{"b@2", "c@3", "d@4", "next 5"}));
    ASSERT_TRUE(state->load_keys([&](const domain::Key& k, const domain::KeyMemory& memory) {
        EXPECT_EQ(memory.gone, k.id != "d");
        EXPECT_EQ(memory.in_use, k.id == "b");
    }));
    const auto over = state->load_gone("a");
    ASSERT_TRUE(over && *over);
    EXPECT_EQ((*over)->row, 1U);
    EXPECT_EQ((*over)->phase, domain::Phase::upgraded);
    EXPECT_FALSE(*state->load_gone("d"));
    auto transaction = state->begin();
    transaction->update_key(key("a"), 1);
    transaction->remember({.row = 1, .phase = domain::Phase::pending});
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(live(*state), (std::vector<std::string>{"a@1", "b@2", "c@3", "d@4", "next 5"}));
}

TEST_F(StateTest, ModernKeysThatAreSpokenFor) {
    auto state = open();
    auto transaction = state->begin();
    for (const auto& [id, row] : {std::pair("here", 1U), std::pair("gone", 2U), std::pair("upgraded", 3U)})
        transaction->add_key(key(id), row, domain::Phase::pending, kNow);
    transaction->set_pairing(1, "m1", domain::PairRule::name, kNow, {});
    transaction->set_pairing(2, "m2", domain::PairRule::owner, kNow, kNow);
    transaction->mark_gone(2, GoneAs::removed, kNow);
    transaction->mark_gone(3, GoneAs::upgraded, kNow);
    ASSERT_TRUE(transaction->commit());
    std::vector<std::string> taken;
    ASSERT_TRUE(state->load_reserved([&](std::string_view id) { taken.emplace_back(id); }));
    EXPECT_EQ(taken, (std::vector<std::string>{"m2", "upgraded"}));
}

TEST_F(StateTest, TheHistoryOfOneKey) {
    auto state = open();
    auto transaction = state->begin();
    domain::Key full = key("a");
    full.owner = "o";
    transaction->add_key(full, 1, domain::Phase::pending, kNow);
    transaction->set_pairing(1, "m1", domain::PairRule::owner, kNow, {});
    transaction->set_pairing(1, "m1", domain::PairRule::owner, kNow + 1h, kNow + 1h);
    transaction->add_event({.at = kNow + 1h,
                            .kind = event::kPhase,
                            .row = 1,
                            .was = domain::Phase::pending,
                            .phase = domain::Phase::issued});
    transaction->add_event({.at = kNow, .kind = event::kOwnerGone, .keys = 3, .detail = "other"});
    ASSERT_TRUE(transaction->commit());
    const auto history = state->load_key("a");
    ASSERT_TRUE(history && *history);
    EXPECT_EQ((*history)->key.owner, "o");
    EXPECT_EQ((*history)->first_seen_at, kNow);
    ASSERT_TRUE((*history)->pairing);
    EXPECT_EQ((*history)->pairing->at, kNow) << "when it was recognised, not when it was used";
    EXPECT_EQ((*history)->pairing->used_at, kNow + 1h);
    ASSERT_EQ((*history)->events.size(), 1U);
    EXPECT_EQ((*history)->events[0].phase, domain::Phase::issued);
    EXPECT_FALSE(*state->load_key("b"));
    const auto since = state->load_new_events((*history)->events[0].id, 10);
    ASSERT_TRUE(since);
    EXPECT_EQ(since->count, since->first.size());
    EXPECT_EQ(since->first.back().id, since->newest);
    for (std::size_t i = 1; i < since->first.size(); ++i)
        EXPECT_LT(since->first[i - 1].id, since->first[i].id);
    EXPECT_GT(since->first.front().id, (*history)->events[0].id);
    EXPECT_EQ(state->load_new_events(since->newest, 10)->count, 0U);
    EXPECT_EQ(state->load_new_events(since->newest, 10)->newest, since->newest);
    const auto first = state->load_new_events(0, 1);
    EXPECT_EQ(first->first.size(), 1U);
    EXPECT_EQ(first->count, state->load_events(10)->size());
    const auto events = state->load_events(10);
    ASSERT_EQ(events->size(), 2U);
    EXPECT_EQ(events->front().kind, event::kOwnerGone) << "newest first";
    EXPECT_EQ(events->front().keys, 3U);
}

TEST_F(StateTest, ProgressIsKeptByTheMinuteForTwoDaysAndByTheHourAfterwards) {
    auto state = open();
    auto transaction = state->begin();
    for (int minute = 0; minute < 72 * 60; ++minute)
        for (const auto second : {0s, 30s})
            transaction->add_progress(
                {kNow + minute * 1min + second, 5, static_cast<std::uint64_t>(minute), 0});
    ASSERT_TRUE(transaction->commit());
    const auto points = state->load_progress(kNow - 1h);
    ASSERT_EQ(points->size(), 24U + 48 * 60);
    EXPECT_EQ(points->front().at, kNow);
    EXPECT_EQ(points->at(1).at, kNow + 1h);
    EXPECT_EQ(points->back().removed, 72U * 60 - 1);
    EXPECT_EQ(state->load_progress(kNow + 90min, 1)->front().at, kNow + 2h);
}

TEST_F(StateTest, RetentionForgetsWhatIsOverAndNothingElse) {
    auto state = open();
    auto transaction = state->begin();
    for (const auto& [id, row] :
         {std::pair("live", 1U), std::pair("old", 2U), std::pair("in use", 3U), std::pair("new", 4U)})
        transaction->add_key(key(id), row, domain::Phase::pending, kNow - 100h);
    const auto go = [&](std::uint32_t row, domain::Phase phase, Time at) {
        transaction->mark_gone(row, GoneAs::removed, at);
        transaction->remember({.row = row, .phase = phase});
    };
    go(2, domain::Phase::retired, kNow - 1h);
    go(3, domain::Phase::retired_in_use, kNow - 1h);
    go(4, domain::Phase::retired, kNow + 1h);
    transaction->set_pairing(2, "m", domain::PairRule::name, kNow, {});
    transaction->add_event({.at = kNow - 1h, .kind = event::kPhase, .row = 2});
    transaction->add_event({.at = kNow, .kind = event::kPhase, .row = 4});
    transaction->add_progress({kNow - 1h, 1, 1, 1});
    transaction->forget_before(kNow);
    ASSERT_TRUE(transaction->commit());
    EXPECT_TRUE(*state->load_key("live") && *state->load_key("in use") && *state->load_key("new"));
    EXPECT_FALSE(*state->load_key("old"));
    EXPECT_FALSE(*state->load_pairing(2));
    EXPECT_EQ(state->load_events(10)->size(), 1U);
    EXPECT_TRUE(state->load_progress({})->empty());
}

TEST_F(StateTest, OperatorsDecideBesideTheDaemon) {
    auto state = open();
    EXPECT_TRUE(is_state_held(directory_));
    const auto before = *state->data_version();
    {
        auto beside = State::attach(directory_);
        ASSERT_TRUE(beside && *beside) << (beside ? "" : beside.error().text());
        auto transaction = (*beside)->begin();
        ASSERT_TRUE(transaction);
        transaction->decide(OperatorPair{"a", "m", kNow, "operator"});
        transaction->decide(Acknowledgement{"b", kNow, "operator", "asked the owner"});
        ASSERT_TRUE(transaction->commit());
    }
    EXPECT_NE(*state->data_version(), before);
    const auto decisions = state->load_decisions();
    ASSERT_EQ(decisions->pairs.size(), 1U);
    EXPECT_EQ(decisions->pairs[0].replacement, "m");
    ASSERT_EQ(decisions->acknowledgements.size(), 1U);
    EXPECT_EQ(decisions->acknowledgements[0].note, "asked the owner");
    state.reset();
    EXPECT_FALSE(is_state_held(directory_));
}

TEST_F(StateTest, AFirstCensusLeavesNoLargeLogBehindWhoeverWritesNext) {
    constexpr std::uintmax_t kLimit = std::uintmax_t{16} << 20U;
    const fs::path log = directory_ / "keyshift.db-wal";
    auto state = open();
    auto census = state->begin();
    ASSERT_TRUE(census);
    for (int i = 0; i < 24; ++i) census->set_fact(std::to_string(i), std::string(std::size_t{1} << 20U, 'x'));
    ASSERT_TRUE(census->commit());
    ASSERT_GT(fs::file_size(log), kLimit);
    auto beside = State::attach(directory_);
    ASSERT_TRUE(beside && *beside);
    auto next = (*beside)->begin();
    ASSERT_TRUE(next);
    next->decide(Acknowledgement{"b", kNow, "operator", ""});
    ASSERT_TRUE(next->commit());
    EXPECT_LE(fs::file_size(log), kLimit);
}

TEST_F(StateTest, ThereIsNothingToAttachToBeforeTheFirstDaemon) {
    const auto none = State::attach(directory_);
    ASSERT_TRUE(none);
    EXPECT_EQ(*none, nullptr);
    EXPECT_FALSE(is_state_held(directory_));
    EXPECT_FALSE(fs::exists(directory_ / "keyshift.db"));
}

TEST_F(StateTest, AFileOfVersionOneIsBroughtForward) {
    {
        auto database = Sqlite::open(directory_ / "keyshift.db");
        ASSERT_TRUE((*database)->execute(kVersionOne));
    }
    EXPECT_FALSE(State::attach(directory_)) << "that is the daemon's to do";
    auto state = open();
    EXPECT_EQ(notice_, "");
    EXPECT_EQ(live(*state), (std::vector<std::string>{"used@1", "never@2", "back@6", "next 7"}));
    ASSERT_TRUE(state->load_keys([&](const domain::Key& k, const domain::KeyMemory& memory) {
        EXPECT_EQ(memory.phase, std::nullopt);
        EXPECT_EQ(k.last_used_at.has_value(), k.id == "used");
    }));
    const auto counters = state->load_counters();
    EXPECT_EQ(counters->at({"legacy_keys_baseline", ""}), 6U);
    EXPECT_EQ(counters->at({kOver, "retired"}), 1U);
    EXPECT_EQ(counters->at({kOver, "upgraded"}), 1U);
    EXPECT_EQ((*state->load_gone("removed"))->phase, domain::Phase::retired);
}

TEST_F(StateTest, CountersOfOthersAndHoursAreKept) {
    domain::InstanceMemory a{kNow, {{"s", {~std::uint64_t{0}, "A"}}, {"t", {1, ""}}}};
    const domain::InstanceMemory without{kNow + 1us, {}};
    const auto write = [](State& state, const auto& what) {
        auto transaction = state.begin();
        what(*transaction);
        ASSERT_TRUE(transaction->commit());
    };
    write(*open(), [&](Transaction& to) {
        to.set_part("x", "a", &a);
        to.set_part("x", "", &without);
        to.set_part("y", "a", &without);
        to.set_hourly("h", 5, 7);
        to.set_hourly("h", 5, ~std::uint64_t{0});
        to.set_hourly("h", -1, 2);
        to.set_hourly("i", 5, 3);
    });
    auto state = open();
    auto parts = *state->load_parts();
    ASSERT_EQ(parts.size(), 2U);
    ASSERT_EQ(parts["x"].size(), 2U);
    EXPECT_EQ(parts["x"]["a"].series, a.series);
    EXPECT_EQ(parts["x"]["a"].seen_at, kNow);
    EXPECT_TRUE(parts["x"][""].series.empty());
    EXPECT_EQ(parts["x"][""].seen_at, kNow + 1us);
    using Hours = domain::Hourly::Hours;
    const auto hourly = state->load_hourly()->series();
    EXPECT_EQ(hourly.at("h"), (Hours{{-1, 2}, {5, ~std::uint64_t{0}}}));
    EXPECT_EQ(hourly.at("i"), (Hours{{5, 3}}));

    a.series.erase("s");
    write(*state, [&](Transaction& to) {
        to.set_part("x", "a", &a);
        to.set_part("y", "a", nullptr);
    });
    parts = *state->load_parts();
    EXPECT_EQ(parts.size(), 1U) << "forgotten";
    EXPECT_EQ(parts["x"]["a"].series, a.series) << "what has gone from it is not kept";
}

TEST_F(StateTest, RetentionForgetsHoursThatBeganBefore) {
    auto state = open();
    auto transaction = state->begin();
    const auto hour = std::chrono::duration_cast<std::chrono::hours>(kNow.time_since_epoch()).count();
    transaction->set_hourly("h", hour - 1, 1);
    transaction->set_hourly("h", hour, 2);
    transaction->forget_before(kNow);
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(state->load_hourly()->series().at("h"), (domain::Hourly::Hours{{hour, 2}}));
}

/// What each version has added, to make a file of the one before.
constexpr const char* kWithoutVersionSeven =
    "DROP TABLE mark; DROP TABLE mark_source; DROP TABLE mark_client; "
    "DELETE FROM digest WHERE name LIKE 'mark%';";
constexpr const char* kWithoutVersionSix = "DROP TABLE digest;";
constexpr const char* kWithoutVersionFive = "ALTER TABLE legacy_key DROP COLUMN use_ahead;";
constexpr const char* kWithoutVersionFour = "DROP TABLE cursor; DROP TABLE failure; DROP TABLE key_use;";
constexpr const char* kWithoutVersionThree = "DROP TABLE part; DROP TABLE series; DROP TABLE hourly;";

TEST_F(StateTest, FilesOfEarlierVersionsAreBroughtForward) {
    for (const int version : {2, 3, 4, 5, 6}) {
        SCOPED_TRACE(version);
        {
            auto state = open();
            auto transaction = state->begin();
            transaction->add_key(key("a"), 1, domain::Phase::pending, kNow);
            transaction->set_fact("f", "v");
            transaction->set_counter("c", "", 7);
            ASSERT_TRUE(transaction->commit());
        }
        {
            auto database = Sqlite::open(directory_ / "keyshift.db");
            std::string back = kWithoutVersionSeven;
            if (version <= 5) back += kWithoutVersionSix;
            if (version <= 4) back += kWithoutVersionFive;
            if (version <= 3) back += kWithoutVersionFour;
            if (version <= 2) back += kWithoutVersionThree;
            ASSERT_TRUE((*database)->execute(back + "PRAGMA user_version = " + std::to_string(version)));
        }
        EXPECT_FALSE(State::attach(directory_)) << "that is the daemon's to do";
        auto state = open();
        EXPECT_EQ(notice_, "");
        EXPECT_EQ(live(*state), (std::vector<std::string>{"a@1", "next 2"}));
        EXPECT_EQ(state->load_facts()->at("f"), "v");
        EXPECT_EQ(state->load_counters()->at({"c", ""}), 7U);
        EXPECT_TRUE(state->load_parts()->empty());
        EXPECT_TRUE(state->load_hourly()->series().empty());
        auto transaction = state->begin();
        transaction->set_hourly("h", 1, 1);
        EXPECT_TRUE(transaction->commit());
        state.reset();
        fs::remove_all(directory_);
        fs::create_directory(directory_);
    }
}

TEST_F(StateTest, AFailureInsideATransactionFailsTheCommit) {
    auto state = open();
    auto transaction = state->begin();
    transaction->add_key(key("a"), 1, domain::Phase::pending, kNow);
    transaction->add_key(key("b"), 1, domain::Phase::pending, kNow);  // the row is taken
    const auto committed = transaction->commit();
    ASSERT_FALSE(committed);
    EXPECT_NE(committed.error().what.find("keyshift.db"), std::string::npos);
}

TEST_F(StateTest, TwoDaemonsCannotShareADirectory) {
    const auto state = open();
    const auto second = State::open(directory_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::timeout) << "the first one may be about to end";
    EXPECT_NE(second.error().what.find(directory_.string()), std::string::npos);
}

TEST_F(StateTest, ADamagedFileIsMovedAsideAndSaysWhere) {
    std::ofstream(directory_ / "keyshift.db")
        << "this is no database, and long enough to be looked at as one: " << std::string(200, 'x');
    const auto state = open();
    EXPECT_NE(notice_.find("keyshift.db.damaged-"), std::string::npos) << notice_;
    EXPECT_EQ(live(*state), (std::vector<std::string>{"next 1"}));
    bool kept = false;
    for (const auto& entry : fs::directory_iterator(directory_))
        kept |= entry.path().filename().string().find("damaged") != std::string::npos;
    EXPECT_TRUE(kept);
}

TEST_F(StateTest, AFileWithoutOneOfItsTablesIsDamaged) {
    for (const char* const table : {"legacy_key", "legacy_state", "counter", "source", "pairing",
                                    "operator_pair", "acknowledgement", "event", "progress", "fact", "part",
                                    "series", "hourly", "cursor", "failure", "key_use", "digest"}) {
        SCOPED_TRACE(table);
        open().reset();
        {
            auto database = Sqlite::open(directory_ / "keyshift.db");
            ASSERT_TRUE((*database)->execute("DROP TABLE " + std::string(table)));
        }
        auto state = open();
        EXPECT_NE(notice_.find("keyshift.db.damaged-"), std::string::npos) << notice_;
        auto transaction = state->begin();
        ASSERT_TRUE(transaction);
        transaction->add_key(key("a"), 1, domain::Phase::pending, kNow);
        EXPECT_TRUE(transaction->commit());
        state.reset();
        fs::remove_all(directory_);
        fs::create_directory(directory_);
    }
}

TEST_F(StateTest, WhatCouldNotBePreparedFailsEachTimeAndHasNoRows) {
    open().reset();
    auto database = Sqlite::open(directory_ / "keyshift.db");
    Statement statement(**database, "SELECT a FROM nowhere WHERE b = ?1");
    for (int times = 0; times < 2; ++times) {
        const auto row = statement.bind(1, "x").step();
        ASSERT_FALSE(row);
        EXPECT_NE(row.error().what.find("no such table: nowhere"), std::string::npos) << row.error().what;
        EXPECT_EQ(statement.text(0), "");
        statement.reset();
    }
    EXPECT_TRUE((*database)->damage());
}

TEST_F(StateTest, AFileFromANewerVersionIsRefusedAndLeftAlone) {
    open().reset();
    {
        auto database = Sqlite::open(directory_ / "keyshift.db");
        ASSERT_TRUE((*database)->execute("PRAGMA user_version = 99"));
    }
    const auto opened = State::open(directory_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::config);
    EXPECT_NE(opened.error().what.find("99"), std::string::npos);
    auto database = Sqlite::open(directory_ / "keyshift.db");
    EXPECT_EQ(*(*database)->integer("PRAGMA user_version"), 99);
}

TEST_F(StateTest, ADirectoryThatCannotBeMadeSaysSo) {
    std::ofstream(directory_ / "file") << "x";
    const auto opened = State::open(directory_ / "file" / "state");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::permission);
    EXPECT_FALSE(opened.error().hint.empty());
}

TEST_F(StateTest, PlacesInLogsAreKeptByName) {
    auto state = open();
    const std::string text = std::string("a\0b", 3) + "\n\xff";
    {
        auto transaction = state->begin();
        transaction->set_cursor("access_log", "x", text);
        transaction->set_cursor("access_log", "y", "2");
        transaction->set_cursor("gateway_log", "x", "3");
        transaction->set_cursor("gateway_log", "never", std::nullopt);
        ASSERT_TRUE(transaction->commit());
    }
    {
        auto transaction = state->begin();
        transaction->set_cursor("access_log", "y", std::nullopt);
        transaction->set_cursor("gateway_log", "x", "4");
        ASSERT_TRUE(transaction->commit());
    }
    using Cursors = std::map<std::string, std::map<std::string, std::string>>;
    EXPECT_EQ(*state->load_cursors(),
              (Cursors{{"access_log", {{"x", text}}}, {"gateway_log", {{"x", "4"}}}}));
}

TEST_F(StateTest, FailuresOfOneMinuteAddUp) {
    auto state = open();
    for (int i = 0; i < 2; ++i) {
        domain::FailureTally tally;
        tally.add(domain::Event::failure_expired, "c", "a", "p", kNow + i * 1s);
        tally.add(domain::Event::failure_expired, "c", "a", "p", kNow - 1min);
        auto transaction = state->begin();
        transaction->add_failures("access_log", tally);
        transaction->add_failures("gateway_log", tally);
        ASSERT_TRUE(transaction->commit());
    }
    const auto found = state->load_failures(kNow);
    ASSERT_EQ(found->size(), 2U);
    const auto& kinds = found->at("access_log").kinds();
    ASSERT_EQ(kinds.size(), 1U) << "what is older is not asked for";
    EXPECT_EQ(kinds.begin()->first, (domain::FailureKind{kNow.time_since_epoch() / 1min,
                                                         domain::Event::failure_expired, "c", "a", "p"}));
    EXPECT_EQ(kinds.begin()->second.count, 2U);
    EXPECT_EQ(kinds.begin()->second.first, kNow);
    EXPECT_EQ(kinds.begin()->second.last, kNow + 1s);
}

/// Something in each table, and each kind of change.
void fill(State& state) {
    domain::InstanceMemory part{kNow, {{"s", {1, "A"}}, {"t", {1, ""}}}};
    domain::FailureTally failures;
    failures.add(domain::Event::failure_expired, "c", "a", "p", kNow);
    domain::KeyUses uses;
    uses.add("k", kNow);
    for (const int round : {0, 1}) {
        auto to = state.begin();
        ASSERT_TRUE(to);
        for (const std::uint32_t row : {1U, 2U, 3U}) {
            domain::Key key;
            const std::string id = "key " + std::to_string(row);
            key.id = id;
            key.prefix = "sk-";
            if (round == 0) to->add_key(key, row, domain::Phase::pending, kNow);
            if (round == 1 && row == 1) to->update_key(key, row);
            to->remember({.row = row, .last_used = static_cast<std::uint32_t>(7 + round)});
        }
        to->set_pairing(1, "m" + std::to_string(round), domain::PairRule::name, kNow, {});
        to->set_pairing(2, "m", domain::PairRule::name, kNow, {});
        if (round == 1) to->clear_pairing(2);
        if (round == 1) to->mark_gone(3, GoneAs::removed, kNow);
        to->add_event({.at = kNow, .kind = event::kPhase, .row = 2, .detail = "d"});
        to->set_counter("c", "l", static_cast<std::uint64_t>(round));
        to->set_fact("f", std::to_string(round));
        to->set_observation_start("s", kNow);
        to->add_progress({kNow - std::chrono::hours{100} + round * 1min, 1, 2, 3});
        to->set_part("x", "a", &part);
        part.series.erase("t");
        to->set_hourly("h", 5, static_cast<std::uint64_t>(round));
        to->set_cursor("log", "x", std::to_string(round));
        to->add_failures("log", failures);
        to->add_key_uses(uses);
        to->decide(OperatorPair{"a", "m", kNow, "operator"});
        to->decide(Acknowledgement{"b", kNow, "operator", std::string("a\0b", 3)});
        ASSERT_TRUE(to->commit());
        // What is not committed is not in the digest either.
        auto given_up = state.begin();
        given_up->set_fact("f", "given up");
    }
}

std::string damaged(const fs::path& directory) {
    auto database = Sqlite::open(directory / "keyshift.db");
    EXPECT_TRUE(Digest::define(**database));
    return *damaged_tables(**database, DigestOf::all_else) + *damaged_tables(**database, DigestOf::journal);
}

TEST_F(StateTest, EveryChangeIsInTheDigestWhoeverMakesIt) {
    auto state = open();
    fill(*state);
    EXPECT_EQ(damaged(directory_), "");
    {
        auto beside = *State::attach(directory_);
        auto transaction = beside->begin();
        transaction->decide(OperatorPair{"c", "m", kNow, "operator"});
        transaction->undo_pair("a");
        ASSERT_TRUE(transaction->commit());
    }
    auto other = state->beside();
    auto transaction = other->begin();
    transaction->forget_keys();
    transaction->forget_before(kNow + 1h);
    transaction->forget_failures(kNow + 1h, 10);
    transaction->forget_key_use("k");
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(damaged(directory_), "");
    EXPECT_EQ(state->load_facts()->at("f"), "1");
}

TEST_F(StateTest, AValueThatHasChangedByItselfIsDamageInEachTable) {
    const std::vector<std::pair<std::string, std::string>> changes{{"legacy_key", "prefix = 'sk_'"},
                                                                   {"legacy_state", "last_used = 9"},
                                                                   {"counter", "value = 3"},
                                                                   {"source", "observation_start = 1"},
                                                                   {"pairing", "rule = 0"},
                                                                   {"operator_pair", "by = 'operatos'"},
                                                                   {"acknowledgement", "note = 'a'"},
                                                                   {"event", "detail = NULL"},
                                                                   {"progress", "live = 9"},
                                                                   {"fact", "value = '0'"},
                                                                   {"part", "seen_at = 0"},
                                                                   {"series", "value = 0"},
                                                                   {"hourly", "value = 0"},
                                                                   {"cursor", "value = '0'"},
                                                                   {"failure", "count = 1"},
                                                                   {"key_use", "at = 0"},
                                                                   {"digest", "value = 5"}};
    for (const auto& [table, change] : changes) {
        SCOPED_TRACE(table);
        fill(*open());
        {
            auto database = Sqlite::open(directory_ / "keyshift.db");
            ASSERT_TRUE((*database)->execute("UPDATE " + table + " SET " + change));
        }
        auto state = open();
        const bool of_the_journal = table == "legacy_key" || table == "legacy_state" || table == "pairing";
        if (of_the_journal) {
            EXPECT_EQ(notice_, "");
            const auto loaded = state->load_keys([](const domain::Key&, const domain::KeyMemory&) {});
            ASSERT_FALSE(loaded);
            EXPECT_NE(loaded.error().what.find(table), std::string::npos) << loaded.error().what;
            EXPECT_TRUE(*state->replace_if_damaged());
            notice_ = state->take_notice();
        }
        EXPECT_NE(notice_.find("keyshift.db.damaged-"), std::string::npos) << notice_;
        EXPECT_EQ(state->beginning().because, notice_);
        EXPECT_EQ(state->load_facts()->count("f"), 0U);
        state.reset();
        fs::remove_all(directory_);
        fs::create_directory(directory_);
    }
}

TEST_F(StateTest, ADefinitionThatHasChangedByItselfIsDamage) {
    fill(*open());
    {
        auto database = Sqlite::open(directory_ / "keyshift.db");
        ASSERT_TRUE(
            (*database)->execute("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
                                 "replace(sql, 'minute INTEGER', 'minute IpTEGER')"));
    }
    const auto state = open();
    EXPECT_NE(notice_.find("keyshift.db.damaged-"), std::string::npos) << notice_;
    EXPECT_EQ(state->load_facts()->count("f"), 0U);
}

TEST_F(StateTest, AFileThatIsRemovedWhileItIsOpenIsWrittenAgain) {
    auto state = open();
    auto other = state->beside();
    ASSERT_TRUE(other->begin());
    fill(*state);
    const auto began = state->beginning();
    ASSERT_TRUE(began.at);
    for (const bool whole : {false, true}) {
        fs::remove_all(whole ? directory_ : directory_ / "keyshift.db");
        ASSERT_EQ(*state->refresh(), State::Contents::as_read);
        EXPECT_NE(state->take_notice().find("nothing was lost"), std::string::npos);
        EXPECT_EQ(state->take_notice(), "");
        EXPECT_EQ(state->beginning(), began);
        EXPECT_EQ(state->load_facts()->at("f"), "1");
        EXPECT_TRUE(is_state_held(directory_)) << "the lock of a removed directory protects nothing";
        EXPECT_EQ(damaged(directory_), "");
        EXPECT_EQ(*other->refresh(), State::Contents::others);
        EXPECT_EQ(other->load_facts()->at("f"), "1");
        EXPECT_TRUE(other->begin());
    }
}

TEST_F(StateTest, AFileThatCannotBeOpenedIsNotTakenForADamagedOne) {
    auto state = open();
    fill(*state);
    const fs::path file = directory_ / "keyshift.db";
    {
        // In its place, a file of a version to come.
        auto other = Sqlite::open(directory_ / "other");
        ASSERT_TRUE((*other)->execute("CREATE TABLE t (a); PRAGMA user_version = 99"));
    }
    for (const char* const suffix : {"-wal", "-shm"}) fs::remove(file.string() + suffix);
    fs::rename(directory_ / "other", file);
    auto beside = state->beside();
    for (State* const one : {state.get(), beside.get()}) {
        EXPECT_FALSE(one->refresh());
        EXPECT_FALSE(one->is_open());
        EXPECT_FALSE(one->begin());
        EXPECT_FALSE(*one->replace_if_damaged()) << "nothing says that it is damaged";
        EXPECT_EQ(one->take_notice(), "");
    }
    fs::remove(file);
    fs::create_directory(file);
    EXPECT_FALSE(beside->refresh());
    EXPECT_FALSE(*beside->replace_if_damaged());
    EXPECT_TRUE(fs::is_directory(file)) << "it stands where it stood";
}

TEST_F(StateTest, AnotherFileInItsPlaceIsReadAndNotWrittenOver) {
    auto state = open();
    fill(*state);
    fs::rename(directory_ / "keyshift.db", directory_ / "old");
    auto beside = state->beside();
    ASSERT_EQ(*beside->refresh(), State::Contents::others) << "it had nothing open, so it made a new one";
    const auto begun = state->begin();
    ASSERT_FALSE(begun);
    EXPECT_NE(begun.error().what.find("another state file"), std::string::npos);
    EXPECT_EQ(state->load_facts()->count("f"), 0U);
    EXPECT_TRUE(state->begin()) << "what is there has been read now";
}

TEST_F(StateTest, AFileThatIsGoneOrEmptyWhereOneWasIsSaid) {
    open();
    EXPECT_EQ(notice_, "") << "the first of all";
    for (const bool empty : {false, true}) {
        fill(*open());
        EXPECT_EQ(notice_, empty ? "" : notice_);
        fs::remove(directory_ / "keyshift.db");
        if (empty) std::ofstream(directory_ / "keyshift.db").close();
        auto state = open();
        EXPECT_NE(notice_.find("is gone, or empty; the history starts anew"), std::string::npos) << notice_;
        EXPECT_EQ(state->beginning().because, notice_);
        EXPECT_EQ(state->load_facts()->count("f"), 0U);
    }
    open();
    EXPECT_EQ(notice_, "") << "said once";
}

TEST_F(StateTest, AnEarlierVersionsHistoryBeganWithItsObservation) {
    {
        auto state = open();
        auto transaction = state->begin();
        transaction->set_observation_start("s", kNow - 100h);
        transaction->set_observation_start("t", kNow);
        ASSERT_TRUE(transaction->commit());
    }
    {
        auto database = Sqlite::open(directory_ / "keyshift.db");
        ASSERT_TRUE((*database)->execute(std::string(kWithoutVersionSeven) +
                                         "DELETE FROM fact; DROP TABLE digest; PRAGMA user_version = 5"));
    }
    auto state = open();
    EXPECT_EQ(state->beginning(), (State::Beginning{kNow - 100h, ""}));
}

}  // namespace
}  // namespace keyshift::store
