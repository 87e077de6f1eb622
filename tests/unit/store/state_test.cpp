// SPDX-License-Identifier: Apache-2.0
// The state file on a real file system, in a directory of its own.
#include "store/state.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace keyshift::store {
namespace {

using base::Errc;
using base::Time;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

const Time kNow{1'768'003'200s};

class StateTest : public ::testing::Test {
 protected:
    StateTest() {
        std::string name = (fs::temp_directory_path() / "keyshift-state-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
    }
    ~StateTest() override { fs::remove_all(directory_); }

    std::unique_ptr<State> open() {
        auto opened = State::open(directory_);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
        notice_ = opened->notice;
        return std::move(opened->state);
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
        const auto next = state.load_keys([&](const domain::Key& k, std::uint32_t row) {
            ids.push_back(std::string(k.id) + "@" + std::to_string(row));
        });
        EXPECT_TRUE(next);
        ids.push_back("next " + std::to_string(*next));
        return ids;
    }

    fs::path directory_;
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
        full.bcrypt_cost = 10;
        full.blocked = true;
        EXPECT_FALSE(transaction->add_key(full, 1, kNow));
        EXPECT_FALSE(transaction->add_key(key("b"), 2, kNow));
        transaction->set_last_use(1, 5);
        transaction->set_last_use(1, static_cast<std::uint32_t>(kNow.time_since_epoch() / 1s));
        transaction->set_last_use(2, 7);
        transaction->set_last_use(2, 0);
        transaction->set_counter("c", "", 7);
        transaction->set_counter("c", "", 8);
        transaction->set_observation_start("keys", kNow);
        transaction->set_observation_start("keys", kNow + 1h);
        ASSERT_TRUE(transaction->commit());
    }
    auto state = open();
    EXPECT_EQ(live(*state), (std::vector<std::string>{"a@1", "b@2", "next 3"}));
    bool seen = false;
    ASSERT_TRUE(state->load_keys([&](const domain::Key& k, std::uint32_t) {
        if (k.id == "b") {
            EXPECT_EQ(k.last_used_at, std::nullopt);
        }
        if (k.id != "a") return;
        seen = true;
        EXPECT_EQ(k.owner, "o");
        EXPECT_EQ(k.name, "n\xE6\xBC\xA2");
        EXPECT_EQ(k.last_used_at, kNow);
        EXPECT_EQ(k.expires_at, kNow + 1h);
        EXPECT_EQ(k.bcrypt_cost, 10);
        EXPECT_TRUE(k.blocked && k.legacy && !k.over_budget);
    }));
    EXPECT_TRUE(seen);
    EXPECT_EQ(state->load_counters()->at({"c", ""}), 8U);
    EXPECT_EQ(state->load_observation_starts()->at("keys"), kNow);
}

TEST_F(StateTest, WhatIsNotCommittedIsNot) {
    auto state = open();
    {
        auto transaction = state->begin();
        transaction->add_key(key("a"), 1, kNow);
    }
    EXPECT_EQ(live(*state), (std::vector<std::string>{"next 1"}));
}

TEST_F(StateTest, GoneKeysAreNotLiveAndAreRecognisedWhenTheyComeBack) {
    auto state = open();
    {
        auto transaction = state->begin();
        transaction->add_key(key("a"), 1, kNow);
        transaction->add_key(key("b"), 2, kNow);
        transaction->mark_gone(1, Gone::upgraded, kNow);
        transaction->mark_gone(1, Gone::removed, kNow + 1h);  // no effect: it has gone already
        ASSERT_TRUE(transaction->commit());
    }
    EXPECT_EQ(live(*state), (std::vector<std::string>{"b@2", "next 3"}));
    auto transaction = state->begin();
    EXPECT_TRUE(transaction->add_key(key("a"), 3, kNow));
    EXPECT_FALSE(transaction->add_key(key("c"), 4, kNow));
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(live(*state), (std::vector<std::string>{"b@2", "a@3", "c@4", "next 5"}));
}

TEST_F(StateTest, AFailureInsideATransactionFailsTheCommit) {
    auto state = open();
    auto transaction = state->begin();
    transaction->add_key(key("a"), 1, kNow);
    transaction->add_key(key("b"), 1, kNow);  // the row is taken
    const auto committed = transaction->commit();
    ASSERT_FALSE(committed);
    EXPECT_NE(committed.error().what.find("keyshift.db"), std::string::npos);
}

TEST_F(StateTest, TwoDaemonsCannotShareADirectory) {
    const auto state = open();
    const auto second = State::open(directory_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::config);
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

}  // namespace
}  // namespace keyshift::store
