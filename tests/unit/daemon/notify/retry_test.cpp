// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/retry.hpp"

#include <gtest/gtest.h>

namespace keyshift::daemon {
namespace {

using namespace std::chrono_literals;

TEST(FateOf, OnlyWhatMayWorkLaterIsTriedAgain) {
    for (const int status : {200, 202, 204, 299}) EXPECT_EQ(fate_of(status), Fate::delivered) << status;
    for (const int status : {408, 429, 500, 502, 503, 504, 599})
        EXPECT_EQ(fate_of(status), Fate::again) << status;
    for (const int status : {100, 300, 301, 302, 307, 308, 400, 401, 403, 404, 410, 413, 422})
        EXPECT_EQ(fate_of(status), Fate::refused) << status;
}

TEST(PauseAfter, DoublesUpToFiveMinutes) {
    EXPECT_EQ(pause_after(1), 1s);
    EXPECT_EQ(pause_after(2), 2s);
    EXPECT_EQ(pause_after(5), 16s);
    EXPECT_EQ(pause_after(9), 256s);
    EXPECT_EQ(pause_after(10), 5min);
    EXPECT_EQ(pause_after(4'000'000'000U), 5min);
    EXPECT_EQ(pause_after(0), 1s);
}

}  // namespace
}  // namespace keyshift::daemon
