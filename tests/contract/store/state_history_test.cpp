// SPDX-License-Identifier: Apache-2.0
// state.hpp: all of the history, row by row, as of one moment.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"
#include "store/state.hpp"

namespace keyshift::store {
namespace {

using base::Time;
using testing::ElementsAre;
using namespace std::chrono_literals;

const Time kThen{1'768'003'200s};

class StateHistory : public testing::Test {
 protected:
    void SetUp() override {
        auto transaction = daemon_->begin();
        for (std::uint32_t row = 1; row <= 3; ++row) add(*transaction, row);
        transaction->mark_gone(2, GoneAs::upgraded, kThen + 1h);
        transaction->set_pairing(3, "m", domain::PairRule::name, kThen, kThen + 1h);
        transaction->add_event(
            {.at = kThen, .kind = event::kPhase, .row = 3, .phase = domain::Phase::overlap});
        transaction->add_event({.at = kThen + 1h, .kind = event::kOwnerGone, .keys = 3});
        transaction->decide(OperatorPair{"k3", "m", kThen, "root"});
        transaction->decide(Acknowledgement{"k1", kThen, "root", "asked"});
        ASSERT_TRUE(transaction->commit());
    }
    static void add(Transaction& to, std::uint32_t row) {
        const std::string id = "k" + std::to_string(row);
        domain::Key key;
        key.id = id;
        key.legacy = true;
        key.prefix = "sk-AbC123";
        key.owner = row == 1 ? std::nullopt : std::optional<std::string_view>("o");
        key.created_at = kThen - 1h;
        to.add_key(key, row, domain::Phase::pending, kThen);
    }
    static std::vector<std::string> keys(State& state) {
        std::vector<std::string> out;
        const auto done = state.each_key([&](const KeyHistory& key) -> base::Result<void> {
            out.push_back(std::string(key.key.id) +
                          (key.key.owner ? " of " + std::string(*key.key.owner) : "") +
                          (key.gone_at ? key.memory.upgraded ? " upgraded" : " removed" : "") +
                          (key.pairing ? " by " + key.pairing->replacement : ""));
            return {};
        });
        EXPECT_TRUE(done);
        return out;
    }

    const TemporaryDirectory own_{"history"};
    std::unique_ptr<State> daemon_ = *State::open(own_.path());
    std::unique_ptr<State> state_;
};

TEST_F(StateHistory, KeysThatHaveGoneAreAmongThem) {
    EXPECT_THAT(keys(*daemon_), ElementsAre("k1", "k2 of o upgraded", "k3 of o by m"));
}

TEST_F(StateHistory, EventsNameTheirKey) {
    std::vector<std::string> events;
    const auto done = daemon_->each_event(
        [&](const Event& event, std::optional<std::string_view> key) -> base::Result<void> {
            events.push_back(event.kind + " " + std::string(key.value_or("-")));
            return {};
        });
    ASSERT_TRUE(done);
    EXPECT_THAT(events, ElementsAre("phase k3", "owner_gone -"));
}

TEST_F(StateHistory, DecisionsAreThereOneByOne) {
    std::vector<std::string> decided;
    ASSERT_TRUE(daemon_->each_pair([&](const OperatorPair& pair) -> base::Result<void> {
        decided.push_back(pair.legacy + ">" + pair.replacement + " " + pair.by);
        return {};
    }));
    ASSERT_TRUE(daemon_->each_acknowledgement([&](const Acknowledgement& one) -> base::Result<void> {
        decided.push_back(one.id + " " + one.note);
        return {};
    }));
    EXPECT_THAT(decided, ElementsAre("k3>m root", "k1 asked"));
}

TEST_F(StateHistory, TheFirstErrorEndsIt) {
    int seen = 0;
    const auto done = daemon_->each_key([&](const KeyHistory&) -> base::Result<void> {
        ++seen;
        return base::Error{base::Errc::output, "full", {}};
    });
    EXPECT_EQ(done.error().what, "full");
    EXPECT_EQ(seen, 1);
}

TEST_F(StateHistory, WhatIsWrittenMeanwhileIsNotSeen) {
    state_ = *State::attach(own_.path());
    const auto done = state_->at_one_moment([&]() -> base::Result<void> {
        EXPECT_EQ(keys(*state_).size(), 3U);
        auto transaction = daemon_->begin();
        EXPECT_TRUE(transaction) << "and the daemon may write";
        add(*transaction, 4);
        EXPECT_TRUE(transaction->commit());
        EXPECT_EQ(keys(*state_).size(), 3U);
        return {};
    });
    ASSERT_TRUE(done);
    EXPECT_EQ(keys(*state_).size(), 4U);
    const auto failed = state_->at_one_moment(
        []() -> base::Result<void> { return base::Error{base::Errc::output, "full", {}}; });
    EXPECT_EQ(failed.error().what, "full");
    EXPECT_TRUE(state_->begin()) << "it is over all the same";
}

}  // namespace
}  // namespace keyshift::store
