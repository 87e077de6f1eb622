// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "page/charts/burn_down.hpp"
#include "page/charts/plot.hpp"
#include "page/charts/rates.hpp"
#include "unit/page/page_fixture.hpp"

namespace keyshift::page {
namespace {

using namespace std::chrono_literals;

TEST(Plot, NumbersGoUpAndTimeGoesRight) {
    const Plot plot(Width::wide, {kNow, kNow + 24h, 37});
    EXPECT_EQ(plot.x(kNow), plot.left());
    EXPECT_EQ(plot.x(kNow + 24h), plot.right());
    EXPECT_EQ(plot.y(0), plot.bottom());
    EXPECT_LT(plot.y(37), plot.y(36));
    EXPECT_GE(plot.y(37), plot.top());
}

TEST(Plot, StepsAreOneTwoFive) {
    EXPECT_EQ(number_step(3, 4), 1);
    EXPECT_EQ(number_step(8, 4), 2);
    EXPECT_EQ(number_step(20, 4), 5);
    EXPECT_EQ(number_step(37, 4), 10);
    EXPECT_EQ(number_step(1'000'000, 4), 500'000);
}

std::vector<api::HistoryPoint> points(std::size_t count) {
    std::vector<api::HistoryPoint> out;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back({kNow - std::chrono::minutes{count - i}, count - i, i, 0});
    return out;
}

TEST(BurnDown, IsThinnedAndItsLastPointStays) {
    const auto all = points(10'000);
    const auto few = thinned(all, 100);
    EXPECT_LE(few.size(), 101U);
    EXPECT_GE(few.size(), 90U);
    EXPECT_EQ(few.back().live, all.back().live);
    EXPECT_EQ(thinned(points(3), 100).size(), 3U);
    EXPECT_TRUE(thinned({}, 100).empty());
}

std::string drawn(const api::Status& status, const Past& past) {
    return burn_down(status, past).take();
}

TEST(BurnDown, ShowsWhatIsKnownOfTheFuture) {
    api::Status status = good_status();
    const Past past{points(30)};
    std::string html = drawn(status, past);
    EXPECT_TRUE(holds(html, "class=\"line\""));
    EXPECT_TRUE(holds(html, "No forecast yet"));
    EXPECT_FALSE(holds(html, "class=\"band\""));
    EXPECT_FALSE(holds(html, "class=\"deadline\""));
    status.migration->eta_point = kNow + 10min;
    status.migration->eta_p50 = kNow + 12min;
    status.migration->eta_p85 = kNow + 20min;
    status.migration->deadline = kNow + 15min;
    html = drawn(status, past);
    for (const char* const part :
         {"class=\"band\"", "class=\"forecast\"", "class=\"pace\"", "class=\"deadline\"", "class=\"now\""})
        EXPECT_TRUE(holds(html, part)) << part;
    status.migration->deadline = kNow - 5min;
    EXPECT_TRUE(holds(drawn(status, past), "The deadline was missed"));
}

TEST(BurnDown, OneReadingAndNumbersOfZeroAreDrawnToo) {
    api::Status status = good_status();
    status.migration->legacy_keys = 0;
    const std::string html = drawn(status, {{{kNow, 0, 0, 0}}});
    EXPECT_TRUE(holds(html, "None is left."));
    EXPECT_FALSE(holds(html, "nan"));
    EXPECT_FALSE(holds(html, "inf\""));
}

TEST(BurnDown, MarksAndEventsThatBendTheLine) {
    api::Mark brownout;
    brownout.kind = "brownout_begin";
    brownout.at = kNow - 20min;
    brownout.ended_at = kNow - 10min;
    api::Event fallback;
    fallback.kind = "fallback_mode";
    fallback.at = kNow - 5min;
    fallback.detail = "<absent>";
    const std::string html = drawn(good_status(), {points(30), {brownout}, {fallback}});
    EXPECT_TRUE(holds(html, "class=\"brownout\""));
    EXPECT_TRUE(holds(html, "fallback_mode: &lt;absent&gt;"));
}

TEST(Rates, WhatIsNotMeasuredIsNotZero) {
    const std::string html = rates(good_status(), {}).take();
    EXPECT_TRUE(holds(html, "Not counted here yet"));
    EXPECT_TRUE(holds(html, "no source tells of failures"));
    EXPECT_FALSE(holds(html, "<svg"));
}

TEST(Rates, BarsByReasonAndARatio) {
    api::Status status = good_status();
    status.fallback.evidence = status.auth_failures.evidence = status.auth_cache.evidence = "gateway_metrics";
    status.auth_cache.hit_ratio = 0.75;
    const std::vector<api::Hour> hours{{kNow - 3h, 5, 3, 1, {{"blocked", 2}, {"unknown_key", 7}}}};
    const std::string html = rates(status, hours).take();
    EXPECT_TRUE(holds(html, "class=\"series2\""));
    EXPECT_TRUE(holds(html, "class=\"key-series1\">the gateway does not know the key"))
        << "the most frequent first";
    EXPECT_TRUE(holds(html, "75 % of all requests"));
    EXPECT_TRUE(holds(html, "blocked 2, unknown_key 7"));
}

TEST(Rates, NothingButTheLastWeek) {
    api::Status status = good_status();
    status.fallback.evidence = "log";
    const std::vector<api::Hour> hours{{kNow - 24h * 9, 5, 0, 0, {}}};
    EXPECT_FALSE(holds(rates(status, hours).take(), "class=\"series1\""));
}

}  // namespace
}  // namespace keyshift::page
