// SPDX-License-Identifier: Apache-2.0
// What a collector of logs saves of its counter, and hands back.
#include "collectors/logs/collector.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;
using Cursor = std::map<std::string, std::string>;

/// Hands over one block at a time; fails while there is none.
class OneBlock final : public drivers::LogInput {
 public:
    explicit OneBlock(std::optional<std::string>& block) : block_(block) {}

    void resume(const drivers::LogCursor& cursor) override { resumed_at_ = cursor; }
    base::Result<drivers::LogRead> read(drivers::LogSink& sink, base::Deadline /*deadline*/) override {
        if (!block_) return base::Error{base::Errc::other, "there is no file", ""};
        sink.lines(*block_);
        return drivers::LogRead{.cursor = {{"file", resumed_at_["file"] + "+"}}};
    }
    base::Duration max_poll_interval() const override { return 1s; }
    std::vector<drivers::LogPlace> places() override { return {}; }

 private:
    std::optional<std::string>& block_;
    drivers::LogCursor resumed_at_;
};

/// Remembers the last block that was not empty.
class LastBlock final : public LineCounter {
 public:
    explicit LastBlock(std::string& told) : told_(told) {}

    void count(std::string_view block, LogTally& /*tally*/) override {
        if (!block.empty()) last_ = block == "forget" ? "" : block;
    }
    domain::Events countable(base::Time /*now*/) const override { return {}; }
    std::vector<Finding> findings() const override { return {}; }
    std::string memory() const override { return last_; }
    void resume(std::string_view memory) override { told_ = last_ = memory; }

 private:
    std::string& told_;
    std::string last_;
};

class CountersMemory : public testing::Test {
 protected:
    CountersMemory() { start(); }

    /// As after a kill: what the last polls said to save is there.
    void start() {
        told_ = "nothing";
        collector_ = make_log_collector("access_log", std::make_unique<OneBlock>(block_),
                                        std::make_unique<LastBlock>(told_));
        collector_->resume(saved_);
    }
    /// What the poll wants saved of the counter.
    std::string poll(std::optional<std::string> block) {
        block_ = std::move(block);
        const auto seen = collector_->collect({.deadline = base::Deadline::in(1s)});
        if (!seen) return "failed";
        for (const auto& [name, text] : seen->log->cursor) {
            saved_.erase(name);
            if (text) saved_[name] = *text;
        }
        const auto found = seen->log->cursor.find("counter");
        if (found == seen->log->cursor.end()) return "no change";
        return found->second.value_or("nothing any more");
    }

    std::optional<std::string> block_;
    std::string told_;
    Cursor saved_;
    std::unique_ptr<Collector> collector_;
};

TEST_F(CountersMemory, IsSavedWhenItHasChanged) {
    EXPECT_EQ(told_, "");
    EXPECT_EQ(poll(""), "no change");
    EXPECT_EQ(poll("a"), "a");
    EXPECT_EQ(poll("a"), "no change");
    EXPECT_EQ(poll("b"), "b");
}

TEST_F(CountersMemory, IsHandedBackAndNotSavedAgain) {
    poll("a");
    start();
    EXPECT_EQ(told_, "a");
    EXPECT_EQ(saved_, (Cursor{{"counter", "a"}, {"input:file", "+"}}));
    EXPECT_EQ(poll(""), "no change");
    EXPECT_EQ(poll("b"), "b");
}

TEST_F(CountersMemory, IsForgottenWhenItIsEmpty) {
    poll("a");
    EXPECT_EQ(poll("forget"), "nothing any more");
    EXPECT_EQ(saved_, (Cursor{{"input:file", "+"}}));
    start();
    EXPECT_EQ(told_, "");
}

TEST_F(CountersMemory, WaitsForAPollThatSucceeds) {
    poll("a");
    EXPECT_EQ(poll(std::nullopt), "failed");
    EXPECT_EQ(poll("b"), "b");
}

}  // namespace
}  // namespace keyshift::collectors
