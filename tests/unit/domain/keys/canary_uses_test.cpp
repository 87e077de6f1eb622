// SPDX-License-Identifier: Apache-2.0
#include "domain/keys/canary_uses.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using base::Time;

const Time kNow{1'768'003'200s};

TEST(CanaryUses, AsOftenAsTheProbeAsksAreItsOwn) {
    CanaryUses canary;
    for (int poll = 0; poll < 100; ++poll) {
        canary.asked(kNow + poll * 1min);
        canary.used(kNow + poll * 1min + 100ms);
        EXPECT_FALSE(canary.is_shared()) << poll;
    }
}

TEST(CanaryUses, TheAnswerMayBeKnownAPollLater) {
    CanaryUses canary;
    canary.used(std::nullopt);
    for (int poll = 0; poll < 100; ++poll) {
        canary.used(kNow + poll * 1min);
        canary.asked(kNow + poll * 1min);
        EXPECT_FALSE(canary.is_shared()) << poll;
    }
}

TEST(CanaryUses, AUseThatIsWrittenLateOrNotAtAllIsNobodysElse) {
    CanaryUses canary;
    canary.used(kNow - 1h);
    for (int poll = 0; poll < 100; ++poll) canary.asked(kNow + poll * 1min);
    canary.used(kNow + 99min);
    EXPECT_FALSE(canary.is_shared());
}

TEST(CanaryUses, MoreThanTheProbeAskedAreSomebodyElses) {
    CanaryUses canary;
    canary.asked(kNow);
    canary.used(kNow);
    for (int use = 1; use <= 2; ++use) canary.used(kNow + use * 1s);
    EXPECT_FALSE(canary.is_shared());
    canary.used(kNow + 3s);
    EXPECT_TRUE(canary.is_shared());
}

TEST(CanaryUses, OfABusyKeyOnlySomeAreTheProbes) {
    CanaryUses canary;
    for (int poll = 0; poll < 20; ++poll) {
        canary.asked(kNow + poll / 5 * 1s);
        canary.used(kNow + poll * 200ms);
    }
    EXPECT_TRUE(canary.is_shared());
}

/// Where the gateway writes a last use now and then, many requests explain no more uses than a few do.
TEST(CanaryUses, RequestsOfLongAgoExplainNoUseOfToday) {
    CanaryUses canary;
    canary.used(kNow - 1h);
    for (int poll = 0; poll < 100; ++poll) canary.asked(kNow + poll * 1min);
    for (int use = 1; use <= 5; ++use) canary.used(kNow + 2h + use * 1s);
    EXPECT_TRUE(canary.is_shared());
}

TEST(CanaryUses, WhatIsFoundAtFirstOrAgainIsNoUse) {
    CanaryUses canary;
    for (int poll = 0; poll < 10; ++poll) canary.used(kNow);
    EXPECT_FALSE(canary.is_shared());
    CanaryUses never;
    for (int poll = 0; poll < 10; ++poll) never.used(std::nullopt);
    for (int use = 0; use < 3; ++use) never.used(kNow + use * 1s);
    EXPECT_TRUE(never.is_shared()) << "nobody asked at all";
}

}  // namespace
}  // namespace keyshift::domain
