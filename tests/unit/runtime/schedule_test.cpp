// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedule.hpp"

#include <gtest/gtest.h>

namespace keyshift::runtime {
namespace {

using namespace std::chrono_literals;

void expect_about(base::Duration value, base::Duration wanted) {
    EXPECT_GE(value, wanted * 95 / 100);
    EXPECT_LE(value, wanted * 105 / 100);
}

TEST(Schedule, BacksOffWhileFailingAndRecoversAtOnce) {
    Schedule schedule(30s, 1);
    expect_about(schedule.after_success(), 30s);
    expect_about(schedule.after_failure(), 30s);
    for (int i = 0; i < 100; ++i) expect_about(schedule.after_failure(), 60s);
    expect_about(schedule.after_success(), 30s);
    expect_about(schedule.after_failure(), 30s);
}

TEST(Schedule, IsNeverAwayForMoreThanFiveMinutes) {
    Schedule schedule(4min, 1);
    expect_about(schedule.after_failure(), 4min);
    expect_about(schedule.after_failure(), 5min);
}

TEST(Schedule, NeverComesSoonerThanAnIntervalLongerThanTheBackOff) {
    Schedule schedule(1h, 1);
    expect_about(schedule.after_failure(), 1h);
    expect_about(schedule.after_failure(), 1h);
}

TEST(Schedule, JitterSpreads) {
    Schedule schedule(30s, 7);
    const auto first = schedule.after_success();
    bool differs = false;
    for (int i = 0; i < 10; ++i) differs |= schedule.after_success() != first;
    EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace keyshift::runtime
