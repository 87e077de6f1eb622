// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/verdict_queue.hpp"

#include <gtest/gtest.h>

namespace keyshift::daemon {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};

VerdictChange seen(const char* verdict) {
    VerdictChange out;
    out.to = verdict;
    return out;
}

TEST(VerdictQueue, TheFirstVerdictIsNoChange) {
    VerdictQueue queue;
    EXPECT_EQ(queue.observe(seen("NOT_YET"), kNow), nullptr);
    EXPECT_EQ(queue.last(), "NOT_YET");
    EXPECT_EQ(queue.front(), nullptr);
}

TEST(VerdictQueue, WhatWasToldBeforeARestartIsNotToldAgain) {
    VerdictQueue queue;
    queue.restore("NOT_YET");
    EXPECT_EQ(queue.observe(seen("NOT_YET"), kNow), nullptr);
    EXPECT_EQ(queue.front(), nullptr);
    ASSERT_NE(queue.observe(seen("SAFE"), kNow), nullptr);
    EXPECT_EQ(queue.front()->from, "NOT_YET");
    EXPECT_EQ(queue.front()->to, "SAFE");
    EXPECT_EQ(queue.observe(seen("SAFE"), kNow), nullptr);
    queue.pop();
    EXPECT_EQ(queue.front(), nullptr);
}

TEST(VerdictQueue, UnknownIsToldWhenItLasts) {
    VerdictQueue queue;
    queue.restore("SAFE");
    EXPECT_EQ(queue.observe(seen("UNKNOWN"), kNow), nullptr);
    EXPECT_EQ(queue.observe(seen("UNKNOWN"), kNow + 29s), nullptr);
    EXPECT_EQ(queue.last(), "SAFE");
    // It went by: nothing was to be told.
    EXPECT_EQ(queue.observe(seen("SAFE"), kNow + 29s), nullptr);
    EXPECT_EQ(queue.observe(seen("UNKNOWN"), kNow + 31s), nullptr);
    ASSERT_NE(queue.observe(seen("UNKNOWN"), kNow + 61s), nullptr);
    EXPECT_EQ(queue.front()->from, "SAFE");
    // What comes of it is told at once.
    EXPECT_NE(queue.observe(seen("UNSAFE"), kNow + 62s), nullptr);
}

TEST(VerdictQueue, AClockThatIsSetBackTellsNothingEarlyOrNever) {
    VerdictQueue queue;
    queue.restore("SAFE");
    EXPECT_EQ(queue.observe(seen("UNKNOWN"), kNow), nullptr);
    EXPECT_EQ(queue.observe(seen("UNKNOWN"), kNow - 1h), nullptr);
    EXPECT_NE(queue.observe(seen("UNKNOWN"), kNow - 1h + 30s), nullptr);
}

TEST(VerdictQueue, OfTooManyTheFirstAndTheLastStayAndTheRestIsCounted) {
    VerdictQueue queue;
    queue.restore("NOT_YET");
    const auto observe = [&](std::size_t i) {
        return queue.observe(seen(i % 2 == 0 ? "SAFE" : "UNSAFE"), kNow);
    };
    for (std::size_t i = 0; i < VerdictQueue::kMost + 3; ++i) ASSERT_NE(observe(i), nullptr);
    EXPECT_EQ(queue.take_dropped(), 3U);
    EXPECT_EQ(queue.take_dropped(), 0U);
    // The first one may be under way.
    EXPECT_EQ(queue.front()->from, "NOT_YET");
    std::size_t waiting = 0;
    std::string last;
    for (; queue.front() != nullptr; queue.pop(), ++waiting) last = queue.front()->to;
    EXPECT_EQ(waiting, VerdictQueue::kMost);
    EXPECT_EQ(last, queue.last());
}

}  // namespace
}  // namespace keyshift::daemon
