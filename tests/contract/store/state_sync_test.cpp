// SPDX-License-Identifier: Apache-2.0
// When what was committed is on the disk: SQLite's calls are counted.
#include <atomic>
#include <string>

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract/temporary_directory.hpp"
#include "store/state.hpp"

namespace {

std::atomic<int> syncs = 0;

}  // namespace

extern "C" int fdatasync(int descriptor) {
    ++syncs;
    return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace keyshift::store {
namespace {

class StateSyncTest : public ::testing::Test {
 protected:
    int syncs_of(base::Result<Transaction> (State::*begin)()) {
        const int before = syncs;
        auto transaction = (state_.get()->*begin)();
        EXPECT_TRUE(transaction);
        transaction->set_counter("a", "b", ++value_);
        EXPECT_TRUE(transaction->commit());
        return syncs - before;
    }

    const TemporaryDirectory directory_{"state-sync"};
    std::unique_ptr<State> state_ = *State::open(directory_.path() / "state");
    std::uint64_t value_ = 0;
};

TEST_F(StateSyncTest, ADecisionIsOnTheDiskOnceItIsCommitted) {
    EXPECT_GE(syncs_of(&State::begin_decision), 1);
    EXPECT_GE(syncs_of(&State::begin_decision), 1);
}

TEST_F(StateSyncTest, WhatIsFoundAgainIsNotWaitedFor) {
    syncs_of(&State::begin_decision);
    EXPECT_EQ(syncs_of(&State::begin), 0);
}

}  // namespace
}  // namespace keyshift::store
