// SPDX-License-Identifier: Apache-2.0
// log_limit.hpp: a message that comes all the time is said now and then, and none is lost without a word.
#include "base/log/limit.hpp"

#include <gtest/gtest.h>

namespace keyshift::base::log {
namespace {

using namespace std::chrono_literals;

const Limit::Moment kNow{100h};

TEST(LogLimit, ABurstIsSaidAndThenOneNowAndThenWithTheNumberOfThoseHeldBack) {
    Limit limit;
    for (int i = 0; i < Limit::kBurst; ++i) EXPECT_EQ(limit.admit("source down", kNow), 0U) << i;
    for (int i = 0; i < 7; ++i) EXPECT_EQ(limit.admit("source down", kNow + 2999ms), std::nullopt) << i;
    EXPECT_EQ(limit.admit("source down", kNow + 3s), 7U);
    EXPECT_EQ(limit.admit("source down", kNow + 3s), std::nullopt);
    EXPECT_EQ(limit.admit("source down", kNow + 6s), 1U);
    EXPECT_EQ(limit.admit("source down", kNow + 9s), 0U);
}

TEST(LogLimit, OneMessageDoesNotSilenceAnother) {
    Limit limit;
    for (int i = 0; i < 2 * Limit::kBurst; ++i) limit.admit("source down", kNow);
    EXPECT_EQ(limit.admit("source up", kNow), 0U);
}

TEST(LogLimit, AfterAQuietMinuteTheWholeBurstMayBeSaidAgain) {
    Limit limit;
    for (int i = 0; i < Limit::kBurst; ++i) limit.admit("source down", kNow);
    for (int i = 0; i < Limit::kBurst; ++i) EXPECT_EQ(limit.admit("source down", kNow + 60s), 0U) << i;
    EXPECT_EQ(limit.admit("source down", kNow + 60s), std::nullopt);
}

}  // namespace
}  // namespace keyshift::base::log
