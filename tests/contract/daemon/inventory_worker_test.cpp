// SPDX-License-Identifier: Apache-2.0
// Questions about keys while their index is being read, and after.
#include "daemon/api/inventory_worker.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {
namespace {

using base::Result;
using base::Time;
using http::Response;
using inventory::JudgedBy;
using inventory::KeyIndex;
using store::State;
using testing::HasSubstr;
using namespace std::chrono_literals;

const Time kThen{1'768'003'200s};

Response said(std::string text) {
    Response response;
    response.body = std::move(text);
    return response;
}

/// How many keys there are.
Result<Response> count(State& /*state*/, const KeyIndex& index, const JudgedBy& /*by*/) {
    return said(std::to_string(index.records().size()));
}

Result<Response> not_yet(State& /*state*/, const JudgedBy& /*by*/) {
    return said("not yet");
}

class InventoryWorkerTest : public testing::Test {
 protected:
    InventoryWorkerTest() { add_key("k1"); }
    ~InventoryWorkerTest() override {
        if (held_) let_read();
        worker_.stop();
    }

    void add_key(const std::string& id) {
        auto transaction = state_->begin();
        domain::Key key;
        key.id = id;
        key.legacy = true;
        key.created_at = kThen;
        transaction->add_key(key, next_row_++, domain::Phase::pending, kThen);
        ASSERT_TRUE(transaction->commit());
    }

    /// The key table has been read.
    void poll(Time at) { model_.sources["keys"].last_success_at = at; }

    /// The index is not read before let_read().
    void hold_reading() {
        may_read_ = std::promise<void>();
        held_ = true;
    }
    void let_read() {
        held_ = false;
        may_read_.set_value();
    }

    std::unique_ptr<State> open() {
        // The first one is the worker's.
        if (opened_++ > 0 && held_) may_read_.get_future().wait();
        return state_->beside();
    }

    /// Begins; the answer comes by and by.
    std::shared_ptr<std::optional<Response>> begin(Response asked) {
        auto answer = std::make_shared<std::optional<Response>>();
        if (!asked.later) {
            *answer = std::move(asked);
            return answer;
        }
        asked.later([answer](Response done) { *answer = std::move(done); });
        return answer;
    }
    std::string wait_for(const std::shared_ptr<std::optional<Response>>& answer) {
        loop_.restart();
        while (!*answer) loop_.run_one();
        return (*answer)->body;
    }
    std::string ask(Response asked) { return wait_for(begin(std::move(asked))); }

    const TemporaryDirectory directory_{"inventory-worker"};
    std::unique_ptr<State> state_ = *State::open(directory_.path());
    std::uint32_t next_row_ = 1;
    std::promise<void> may_read_;
    std::atomic<bool> held_ = false;
    std::atomic<int> opened_ = 0;
    domain::Model model_;
    boost::asio::io_context loop_{1};
    InventoryWorker worker_{loop_, model_, [this] { return open(); }};
};

TEST_F(InventoryWorkerTest, WhoHasNothingElseToShowWaitsForTheIndex) {
    EXPECT_EQ(ask(worker_.ask_keys(count)), "1");
}

TEST_F(InventoryWorkerTest, AnIndexThatIsThereIsNotWaitedFor) {
    EXPECT_EQ(ask(worker_.ask_keys(count)), "1");
    hold_reading();
    EXPECT_EQ(ask(worker_.ask_keys(count, not_yet)), "1");
}

TEST_F(InventoryWorkerTest, WhileKeysAreReadAPageSaysSoAndQuestionsOfTheStateAreAnswered) {
    hold_reading();
    const auto patient = begin(worker_.ask_keys(count));
    EXPECT_EQ(ask(worker_.ask_keys(count, not_yet)), "not yet");
    EXPECT_EQ(ask(worker_.ask(not_yet)), "not yet");
    EXPECT_FALSE(*patient);
    let_read();
    EXPECT_EQ(wait_for(patient), "1");
    EXPECT_EQ(ask(worker_.ask_keys(count, not_yet)), "1");
}

TEST_F(InventoryWorkerTest, EachIsAnsweredOnce) {
    hold_reading();
    int answers = 0;
    Response asked = worker_.ask_keys(count, not_yet);
    asked.later([&](const Response&) { ++answers; });
    while (answers == 0) loop_.run_one();
    let_read();
    EXPECT_EQ(ask(worker_.ask_keys(count)), "1");
    loop_.poll();
    EXPECT_EQ(answers, 1);
}

TEST_F(InventoryWorkerTest, ANewPollIsReadAnew) {
    poll(kThen);
    EXPECT_EQ(ask(worker_.ask_keys(count)), "1");
    add_key("k2");
    EXPECT_EQ(ask(worker_.ask_keys(count)), "1") << "of the same poll";
    poll(kThen + 1s);
    EXPECT_EQ(ask(worker_.ask_keys(count)), "2");
}

TEST_F(InventoryWorkerTest, WhoAsksForANewerPollThanIsBeingReadGetsThatOne) {
    poll(kThen);
    hold_reading();
    const auto first = begin(worker_.ask_keys(count));
    poll(kThen + 1s);
    std::optional<Time> of;
    const auto second =
        begin(worker_.ask_keys([&](State&, const KeyIndex&, const JudgedBy& by) -> Result<Response> {
            of = by.read_at;
            return said("done");
        }));
    let_read();
    EXPECT_EQ(wait_for(first), "1");
    EXPECT_EQ(wait_for(second), "done");
    EXPECT_EQ(of, kThen + 1s);
}

TEST_F(InventoryWorkerTest, TooManyAreToldSoAtOnce) {
    hold_reading();
    std::vector<std::shared_ptr<std::optional<Response>>> waiting;
    for (int i = 0; i < 100; ++i) waiting.push_back(begin(worker_.ask_keys(count)));
    const auto refused = begin(worker_.ask_keys(count));
    ASSERT_TRUE(*refused);
    EXPECT_EQ((*refused)->status, 503);
    EXPECT_THAT((*refused)->body, HasSubstr("Too many"));
    let_read();
    for (const auto& each : waiting) EXPECT_EQ(wait_for(each), "1");
    EXPECT_EQ(ask(worker_.ask_keys(count)), "1");
}

TEST_F(InventoryWorkerTest, OfAnotherStateInItsPlaceNothingIsAnsweredFromTheOldIndex) {
    EXPECT_EQ(ask(worker_.ask_keys(count)), "1");
    {
        const TemporaryDirectory other("inventory-worker-other");
        auto another = *State::open(other.path());
        auto transaction = another->begin();
        for (std::uint32_t row = 1; row <= 3; ++row) {
            const std::string id = "other" + std::to_string(row);
            domain::Key key;
            key.id = id;
            key.legacy = true;
            key.created_at = kThen;
            transaction->add_key(key, row, domain::Phase::pending, kThen);
        }
        ASSERT_TRUE(transaction->commit());
        another.reset();
        for (const char* const of : {"keyshift.db-wal", "keyshift.db-shm"})
            std::filesystem::remove(directory_.path() / of);
        std::filesystem::rename(other.path() / "keyshift.db", directory_.path() / "keyshift.db");
    }
    // The question that finds it may be refused; none is answered by a mixture.
    std::string answer = ask(worker_.ask_keys(count));
    EXPECT_TRUE(answer == "3" || answer.find("cannot be read now") != std::string::npos) << answer;
    EXPECT_EQ(ask(worker_.ask_keys(count)), "3");
}

TEST_F(InventoryWorkerTest, ReadingEndsWhenTheDaemonDoes) {
    hold_reading();
    const auto answer = begin(worker_.ask_keys(count));
    worker_.stop();
    let_read();
    EXPECT_THAT(wait_for(answer), HasSubstr("503"));
}

}  // namespace
}  // namespace keyshift::daemon
