// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/refused_keys.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using base::Duration;
using base::Time;

constexpr Duration kDay = 24h;
constexpr Duration kWeek = 7 * kDay;
const Time kGone = Time{} + 490'000h;
const Time kNow = kGone + 20 * kDay;

std::int64_t hour_of(Time at) {
    return std::chrono::floor<std::chrono::hours>(at).time_since_epoch().count();
}

/// `before` and `after` an hour.
RefusedKeys refused(std::uint64_t before, std::uint64_t after) {
    RefusedKeys out;
    out.counted_since = kGone - 30 * kDay;
    for (Time at = *out.counted_since; at < kNow; at += 1h)
        out.by_hour[hour_of(at)] = at < kGone ? before : after;
    return out;
}

TEST(IsQuiet, WhileNoMoreThanTwiceAsManyAreRefusedAsBefore) {
    EXPECT_TRUE(is_quiet(refused(0, 0), kGone, kWeek, kNow));
    EXPECT_TRUE(is_quiet(refused(10, 10), kGone, kWeek, kNow)) << "garbage keys of the internet";
    EXPECT_TRUE(is_quiet(refused(10, 20), kGone, kWeek, kNow));
    EXPECT_FALSE(is_quiet(refused(10, 21), kGone, kWeek, kNow)) << "and one who is locked out";
    EXPECT_FALSE(is_quiet(refused(0, 1), kGone, kWeek, kNow)) << "where there are none otherwise";
}

TEST(IsQuiet, OneRefusalWithinTheWindowIsOneTooManyWhereNoneIsNormal) {
    RefusedKeys once = refused(0, 0);
    once.by_hour[hour_of(kNow - kWeek + 1h)] = 1;
    EXPECT_FALSE(is_quiet(once, kGone, kWeek, kNow));
    EXPECT_TRUE(is_quiet(once, kGone, kWeek, kNow + 2h));
}

TEST(IsQuiet, NotBeforeTheWindowHasPassedSinceTheKeyWent) {
    EXPECT_FALSE(is_quiet(refused(0, 0), kNow - kWeek + 1us, kWeek, kNow));
    EXPECT_TRUE(is_quiet(refused(0, 0), kNow - kWeek, kWeek, kNow));
}

TEST(IsQuiet, NotWhereNobodyCountsOrHasCountedThroughout) {
    RefusedKeys uncounted = refused(0, 0);
    uncounted.counted_since.reset();
    EXPECT_FALSE(is_quiet(uncounted, kGone, kWeek, kNow));
    uncounted.counted_since = kNow - kWeek + 1us;
    EXPECT_FALSE(is_quiet(uncounted, kGone, kWeek, kNow));
    uncounted.counted_since = kNow - kWeek;
    EXPECT_TRUE(is_quiet(uncounted, kGone, kWeek, kNow));
}

TEST(IsQuiet, NothingIsNormalOfWhatWasNotCountedBefore) {
    RefusedKeys late = refused(10, 10);
    late.counted_since = kGone + 1h;
    EXPECT_FALSE(is_quiet(late, kGone, kWeek, kNow));
    late.counted_since = kGone - 90min;
    EXPECT_TRUE(is_quiet(late, kGone, kWeek, kNow)) << "one whole hour was";
    late.counted_since = kGone - 59min;
    EXPECT_FALSE(is_quiet(late, kGone, kWeek, kNow));
}

TEST(IsQuiet, TheHourInWhichTheKeyWentIsNotNormal) {
    RefusedKeys burst = refused(0, 0);
    burst.by_hour[hour_of(kGone)] = 1'000'000;
    burst.by_hour[hour_of(kNow)] = 1;
    EXPECT_FALSE(is_quiet(burst, kGone + 30min, kWeek, kNow));
}

TEST(IsQuiet, NormalIsThatOfTheWeekBefore) {
    RefusedKeys long_ago = refused(0, 0);
    long_ago.by_hour[hour_of(kGone - kWeek - 1h)] = 1'000'000;
    long_ago.by_hour[hour_of(kNow)] = 1;
    EXPECT_FALSE(is_quiet(long_ago, kGone, kWeek, kNow));
    long_ago.by_hour[hour_of(kGone - kWeek)] = 1'000'000;
    EXPECT_TRUE(is_quiet(long_ago, kGone, kWeek, kNow));
}

}  // namespace
}  // namespace keyshift::domain
