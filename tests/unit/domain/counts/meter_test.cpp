// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/meter.hpp"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // a full hour

Reading hits(std::uint64_t value, std::string epoch = {}, std::string series = "s") {
    return {std::move(series), value, std::move(epoch), {{Event::fallback, 1}}};
}

Readings one(std::vector<Reading> readings, std::string scope = "x") {
    return {std::move(scope), {{"a", false, std::move(readings)}}};
}

struct Step {
    Readings readings;
    std::int64_t grown;
    std::uint64_t resets = 0;
    bool unwatched = false;
};

void expect_steps(const std::vector<Step>& steps) {
    Meter meter;
    std::size_t number = 0;
    for (const Step& step : steps) {
        SCOPED_TRACE(number++);
        const auto growth = meter.advance(step.readings, kNow);
        EXPECT_EQ(growth.events.at(index_of(Event::fallback)), step.grown);
        EXPECT_EQ(growth.resets, step.resets);
        EXPECT_EQ(growth.unwatched, step.unwatched);
        EXPECT_EQ(meter.scope(), step.readings.scope);
    }
}

TEST(Meter, WhatWasCountedBeforeTheFirstPollIsNobodys) {
    expect_steps({{one({hits(7)}), 0, 0, true}, {one({hits(9)}), 2}, {one({hits(9)}), 0}});
    expect_steps({{one({hits(0)}), 0}, {one({hits(9)}), 9}});
    expect_steps({{one({{"s", 7, "", {}}}), 0}});
    expect_steps({{one({hits(7), hits(0, "", "t")}), 0, 0, true}});
}

TEST(Meter, APartThatBeganLatelyCountsFromZeroOnce) {
    const auto lately = [](std::uint64_t value) { return Readings{"x", {{"a", true, {hits(value)}}}}; };
    expect_steps({{lately(7), 7}, {lately(9), 2}});
}

TEST(Meter, ASeriesThatComesWithinAKnownPartCountsFromZero) {
    expect_steps({{one({}), 0}, {one({hits(5)}), 5}});
    expect_steps({{one({hits(0), hits(0, "", "t")}), 0}, {one({hits(1), hits(2, "", "t")}), 3}});
}

TEST(Meter, InAnotherScopeNewSeriesAreTakenAsTheyStandAndOldOnesGoOn) {
    expect_steps({{one({hits(0)}), 0},
                  {one({hits(2), hits(50, "", "t")}, "y"), 2, 0, true},
                  {one({hits(2), hits(51, "", "t")}, "y"), 1}});
    expect_steps({{one({hits(0), hits(0, "", "t")}), 0}, {one({hits(1)}, "y"), 1}});
}

TEST(Meter, ACounterSetBackHasCountedFromZero) {
    expect_steps({{one({hits(0)}), 0}, {one({hits(7)}), 7}, {one({hits(3)}), 3, 1}, {one({hits(4)}), 1}});
}

TEST(Meter, AnotherEpochIsAnotherCounterWhateverItsValue) {
    expect_steps({{one({hits(0, "A")}), 0},
                  {one({hits(7, "A")}), 7},
                  {one({hits(9, "B")}), 9, 1},
                  {one({hits(9, "C")}), 9, 1},
                  {one({hits(2, "C")}), 2, 1}});
}

TEST(Meter, WhereOnlyOneOfTwoPollsHasAnEpochNothingCountsTwice) {
    expect_steps({{one({hits(0)}), 0},
                  {one({hits(7)}), 7},
                  {one({hits(9, "A")}), 2, 1},
                  {one({hits(10)}), 1, 1},
                  {one({hits(4, "B")}), 4, 1}});
}

TEST(Meter, APartOfAnEpochThatOnlyOnePollHasTellsNothing) {
    expect_steps({{one({hits(0, "/")}), 0},
                  {one({hits(7, "/")}), 7},
                  {one({hits(9, "A/")}), 2, 1},
                  {one({hits(10, "A/X")}), 1, 1},
                  {one({hits(12, "A/Y")}), 12, 1},
                  {one({hits(13, "/Y")}), 1, 1},
                  {one({hits(14, "B/Y")}), 1, 1},
                  {one({hits(15, "A/Y")}), 15, 1},
                  {one({hits(16, "A")}), 1, 1}});
}

TEST(Meter, ASeriesThatHasGoneIsAResetAndBeginsAtZero) {
    expect_steps({{one({hits(0)}), 0}, {one({hits(7)}), 7}, {one({}), 0, 1}, {one({hits(7)}), 7}});
}

TEST(Meter, ResetsAreCountedByPart) {
    Meter meter;
    const auto poll = [](std::uint64_t a, std::uint64_t b) {
        return Readings{"x", {{"a", false, {hits(a), hits(a, "", "t")}}, {"b", false, {hits(b)}}}};
    };
    meter.advance(poll(9, 9), kNow);
    EXPECT_EQ(meter.advance(poll(1, 1), kNow).resets, 2U);
    EXPECT_EQ(meter.advance(poll(0, 2), kNow).resets, 1U);
}

TEST(Meter, WeightsAreApplied) {
    Meter meter;
    const auto poll = [](std::uint64_t calls, std::uint64_t rows) {
        return one({{"calls", calls, "", {{Event::lookup_not_found, 1}, {Event::auth_attempt, 1}}},
                    {"rows", rows, "", {{Event::lookup_not_found, -1}, {Event::lookup_found, 1}}}});
    };
    meter.advance(poll(0, 0), kNow);
    const auto growth = meter.advance(poll(10, 4), kNow).events;
    EXPECT_EQ(growth.at(index_of(Event::lookup_not_found)), 6);
    EXPECT_EQ(growth.at(index_of(Event::lookup_found)), 4);
    EXPECT_EQ(growth.at(index_of(Event::auth_attempt)), 10);
}

TEST(Meter, ANumberThatNothingCanReachStaysPositive) {
    constexpr auto kAll = std::numeric_limits<std::uint64_t>::max();
    Meter meter;
    std::vector<Reading> none;
    std::vector<Reading> many;
    for (int i = 0; i < 300; ++i) {
        none.push_back(hits(0, "", std::to_string(i)));
        many.push_back(hits(kAll, "", std::to_string(i)));
    }
    meter.advance(one(none), kNow);
    EXPECT_EQ(meter.advance(one(many), kNow).events.at(index_of(Event::fallback)),
              std::numeric_limits<std::int64_t>::max());
    for (Reading& reading : many) reading.counts = {{Event::fallback, -1}};
    Meter down;
    down.advance(one(none), kNow);
    EXPECT_EQ(down.advance(one(many), kNow).events.at(index_of(Event::fallback)),
              std::numeric_limits<std::int64_t>::min());
}

TEST(Meter, APartThatDoesNotAnswerIsMissingAndGoesOnWhenItIsBack) {
    Meter meter;
    const Instance a{"a", false, {hits(1)}};
    const Instance b{"b", false, {hits(5)}};
    meter.advance({"x", {a, b}}, kNow);
    EXPECT_TRUE(meter.missing().empty());
    EXPECT_EQ(meter.advance({"x", {a}}, kNow).resets, 0U);
    EXPECT_EQ(meter.missing(), std::vector<std::string>{"b"});
    const auto back = meter.advance({"x", {a, {"b", false, {hits(8)}}}}, kNow);
    EXPECT_EQ(back.events.at(0), 3);
    EXPECT_FALSE(back.unwatched);
    EXPECT_TRUE(meter.missing().empty());
}

TEST(Meter, PartsNotSeenForLongAreForgottenAndAreNewAfterwards) {
    Meter meter;
    meter.advance({"x", {{"a", false, {hits(1)}}, {"b", false, {hits(5)}}}}, kNow);
    meter.advance(one({hits(1)}), kNow + 2h);
    meter.take_changed();
    EXPECT_EQ(meter.forget_before(kNow), 0U);
    EXPECT_EQ(meter.forget_before(kNow + 1s), 1U);
    EXPECT_EQ(meter.take_changed(), std::set<std::string>{"b"});
    EXPECT_TRUE(meter.missing().empty());
    const auto back = meter.advance({"x", {{"b", false, {hits(8)}}}}, kNow + 2h);
    EXPECT_EQ(back.events.at(0), 0);
    EXPECT_TRUE(back.unwatched);
}

TEST(Meter, OnlyWhatHasChangedMustBeSaved) {
    const std::set<std::string> a{"a"};
    Meter meter;
    meter.advance(one({hits(1, "A")}), kNow);
    EXPECT_EQ(meter.take_changed(), a);
    EXPECT_TRUE(meter.take_changed().empty());
    meter.advance(one({hits(1, "A")}), kNow + 59min);
    EXPECT_TRUE(meter.take_changed().empty());
    EXPECT_EQ(meter.instances().at("a").seen_at, kNow + 59min);
    meter.advance(one({hits(1, "A")}), kNow + 60min);
    EXPECT_EQ(meter.take_changed(), a) << "once an hour, so that it is not forgotten";
    meter.advance(one({hits(2, "A")}), kNow + 60min);
    EXPECT_EQ(meter.take_changed(), a);
    meter.advance(one({hits(2, "B")}), kNow + 60min);
    EXPECT_EQ(meter.take_changed(), a);
    meter.advance({"x", {}}, kNow + 60min);
    EXPECT_TRUE(meter.take_changed().empty());
}

TEST(Meter, GoesOnFromWhatWasSaved) {
    Meter before;
    before.advance(one({hits(7, "A")}), kNow);
    Meter after(before.scope(), before.instances());
    EXPECT_EQ(after.missing(), std::vector<std::string>{"a"}) << "until it is read";
    EXPECT_EQ(after.advance(one({hits(9, "A"), hits(3, "A", "t")}), kNow).events.at(0), 5);
}

}  // namespace
}  // namespace keyshift::domain
