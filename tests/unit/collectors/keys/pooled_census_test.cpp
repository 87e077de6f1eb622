// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/pooled_census.hpp"

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;

TEST(CensusPace, IsGuessedCarefullyUntilACensusTells) {
    CensusPace pace;
    EXPECT_EQ(pace.expected(0), 0s);
    EXPECT_LE(pace.expected(1'000'000), kLongestHold);
    EXPECT_GT(pace.expected(1'000'001), kLongestHold);
    pace.learn(1'000'000, 1s);
    EXPECT_EQ(pace.expected(5'000'000), 5s);
    pace.learn(100'000, 10s);
    EXPECT_EQ(pace.expected(5'000'000), 500s);
}

TEST(CensusPace, AFewRowsTellNothing) {
    CensusPace pace;
    const base::Duration before = pace.expected(1'000'000);
    pace.learn(9'999, 10s);
    pace.learn(0, 0s);
    EXPECT_EQ(pace.expected(1'000'000), before);
    pace.learn(10'000, 0s);
    EXPECT_LT(pace.expected(1'000'000), before);
}

TEST(CensusPatience, IsTheLongestThatIsPermittedUntilACensusHasSucceeded) {
    CensusPatience patience;
    EXPECT_EQ(patience.of_next(10s, 10min), 10min);
    patience.timed_out(10min);
    EXPECT_EQ(patience.of_next(10s, 10min), 10min);
}

TEST(CensusPatience, IsShortWhereTheLastCensusWas) {
    CensusPatience patience;
    patience.succeeded(20ms);
    EXPECT_EQ(patience.of_next(10s, 10min), 10s)
        << "a server that no longer answers is told as early as by any poll";
    patience.succeeded(30s);
    EXPECT_EQ(patience.of_next(10s, 10min), 5min);
    patience.succeeded(5min);
    EXPECT_EQ(patience.of_next(10s, 10min), 10min);
    EXPECT_EQ(patience.of_next(10s, 1s), 1s) << "what the operator permits holds";
}

TEST(CensusPatience, GrowsSoThatATableThatIsOnlySlowerIsReadInTheEnd) {
    CensusPatience patience;
    patience.succeeded(20ms);
    patience.timed_out(10s);
    EXPECT_EQ(patience.of_next(10s, 10min), 40s);
    patience.timed_out(40s);
    EXPECT_EQ(patience.of_next(10s, 10min), 160s);
    patience.timed_out(160s);
    EXPECT_EQ(patience.of_next(10s, 10min), 10min);
    patience.succeeded(1s);
    EXPECT_EQ(patience.of_next(10s, 10min), 10s);
}

TEST(AboutPooler, AsksForTheDatabaseItselfWhereACensusIsLong) {
    EXPECT_EQ(about_pooler(kLongestHold).kind, Finding::Kind::ok);
    const Finding long_one = about_pooler(kLongestHold + 1us);
    EXPECT_EQ(long_one.kind, Finding::Kind::warning);
    EXPECT_NE(long_one.remedy.find("database server itself"), std::string::npos);
    const base::Error error = too_long_for_a_pooler(12s);
    EXPECT_EQ(error.code, base::Errc::timeout);
    EXPECT_NE(error.what.find("12s"), std::string::npos) << error.what;
    EXPECT_EQ(error.hint, long_one.remedy);
}

}  // namespace
}  // namespace keyshift::collectors
