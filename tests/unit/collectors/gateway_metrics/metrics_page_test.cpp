// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/metrics_page.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using base::Errc;
using domain::Event;

constexpr const char* kText = "text/plain; version=0.0.4";

CounterRules rules() {
    return {{.event = Event::fallback, .metric = "auth_total", .labels = {{"by", {"fallback"}}}},
            {.event = Event::auth_cache_hit, .metric = "auth_total", .labels = {{"by", {"cache", "memory"}}}},
            {.event = Event::failure_other, .metric = "failed_total", .reason_label = "reason"},
            {.event = Event::auth_attempt, .metric = "auth_total"}};
}

MetricsPage page(const std::string& text, const CounterRules& by = rules()) {
    auto read = read_metrics_page(kText, text, by);
    if (!read) ADD_FAILURE() << read.error().text();
    return read ? *read : MetricsPage{};
}

std::string error(const std::string& text, const CounterRules& by = rules()) {
    const auto read = read_metrics_page(kText, text, by);
    if (read) return "none";
    EXPECT_EQ(read.error().code, Errc::parse);
    return read.error().what;
}

std::string described(const MetricsPage& page) {
    std::string out;
    for (const domain::Reading& reading : page.readings) {
        out += reading.series + " " + std::to_string(reading.value) + ":";
        for (const domain::Contribution& to : reading.counts)
            out += " " + std::to_string(to.weight) + "*" + std::string(domain::event_name(to.event));
        out += "\n";
    }
    return out;
}

std::string offered(const MetricsPage& page) {
    if (page.countable == domain::failures()) return "all failures";
    std::string out;
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        if (page.countable.test(i)) out += std::string(domain::event_name(domain::event_at(i))) + " ";
    return out;
}

TEST(MetricsPage, SeriesCountByNameAndLabels) {
    EXPECT_EQ(described(page("auth_total{by=\"fallback\",zone=\"b\"} 3\n"
                             "auth_total{zone=\"a\",by=\"fallback\"} 4.9\n"
                             "auth_total{by=\"memory\"} 5\n"
                             "auth_total{by=\"other\"} 6\n"
                             "auth_totals{by=\"fallback\"} 7\n")),
              "auth_total{by=\"fallback\",zone=\"a\"} 4: 1*fallback 1*auth_attempt\n"
              "auth_total{by=\"fallback\",zone=\"b\"} 3: 1*fallback 1*auth_attempt\n"
              "auth_total{by=\"memory\"} 5: 1*auth_cache_hit 1*auth_attempt\n"
              "auth_total{by=\"other\"} 6: 1*auth_attempt\n");
}

TEST(MetricsPage, FailuresAreNamedByTheirLabel) {
    const MetricsPage read = page(
        "failed_total{reason=\"unknown_key\"} 1\nfailed_total{reason=\"hit\"} 2\nfailed_total 3\n"
        "failed_total{reason=\"other\"} 4\n");
    EXPECT_EQ(described(read),
              "failed_total 3: 1*failure_other\n"
              "failed_total{reason=\"hit\"} 2: 1*failure_other\n"
              "failed_total{reason=\"other\"} 4: 1*failure_other\n"
              "failed_total{reason=\"unknown_key\"} 1: 1*failure_unknown_key\n");
    EXPECT_EQ(offered(read), "all failures");
}

TEST(MetricsPage, OneEventIsCountedOnceWhateverRulesMatch) {
    const CounterRules twice{{.event = Event::fallback, .metric = "a_total"},
                             {.event = Event::fallback, .metric = "a_total", .labels = {{"x", {"y"}}}}};
    EXPECT_EQ(described(page("a_total{x=\"y\"} 2\n", twice)), "a_total{x=\"y\"} 2: 1*fallback\n");
}

TEST(MetricsPage, WhatIsAbsentIsNotZero) {
    EXPECT_EQ(offered(page("")), "");
    EXPECT_EQ(offered(page("# TYPE auth_total counter\n# HELP failed_total Failures.\n")), "");
    EXPECT_EQ(offered(page("auth_total{by=\"cache\"} 0\n")), "auth_cache_hit auth_attempt ")
        << "a fallback is offered by its own series only";
    EXPECT_EQ(offered(page("auth_total{by=\"fallback\"} 0\n")), "fallback auth_cache_hit auth_attempt ");
    EXPECT_EQ(page("auth_total{by=\"cache\"} 0\n").matched, (std::vector<bool>{false, true, false, true}));
}

TEST(MetricsPage, SeriesNamesAreUnambiguous) {
    const CounterRules all{{.event = Event::fallback, .metric = "a_total"}};
    EXPECT_EQ(described(page(
                  "a_total{x=\"1\\\",y=\\\"2\"} 1\na_total{x=\"1\",y=\"2\"} 2\na_total{x=\"\\n\\\\\"} 3\n"
                  "a_total{x=\"\"} 4\n",
                  all)),
              "a_total 4: 1*fallback\n"
              "a_total{x=\"1\",y=\"2\"} 2: 1*fallback\n"
              "a_total{x=\"1\\\",y=\\\"2\"} 1: 1*fallback\n"
              "a_total{x=\"\\n\\\\\"} 3: 1*fallback\n");
}

TEST(MetricsPage, TheStartOfTheProcessIsTheEpoch) {
    const MetricsPage started = page("process_start_time_seconds 1.7000000001e+09\nauth_total 1\n");
    EXPECT_EQ(started.started_at, 1700000000.1);
    EXPECT_EQ(started.readings.at(0).epoch, "1700000000.100");
    for (const char* const none : {"", "process_start_time_seconds NaN\n", "process_start_time_seconds 0\n",
                                   "process_start_time_seconds{worker=\"1\"} 5\n"}) {
        const MetricsPage unknown = page(std::string(none) + "auth_total 1\n");
        EXPECT_FALSE(unknown.started_at) << none;
        EXPECT_EQ(unknown.readings.at(0).epoch, "") << none;
    }
}

TEST(MetricsPage, LargeNumbers) {
    EXPECT_EQ(page("auth_total 9007199254740993\n").readings.at(0).value, 9007199254740992U);
    EXPECT_EQ(page("auth_total 1.8e19\n").readings.at(0).value, 18000000000000000000U);
    EXPECT_EQ(error("auth_total 1.9e19\n"), "auth_total has a value that no counter can have");
}

TEST(MetricsPage, OfSeveralTimesTheNewestCounts) {
    EXPECT_EQ(page("auth_total 5 1000\nauth_total 7 2000\n").readings.at(0).value, 7U);
    EXPECT_EQ(page("auth_total 7 2000\nauth_total 5 1000\n").readings.at(0).value, 7U)
        << "whatever the order";
    EXPECT_EQ(page("auth_total 9\nauth_total 7 2000\n").readings.at(0).value, 9U) << "no time is now";
    EXPECT_EQ(page("auth_total 7 2000\nauth_total 9\n").readings.size(), 1U);
}

TEST(MetricsPage, WhatIsNoCounterIsAnError) {
    for (const char* const value : {"NaN", "+Inf", "-Inf", "-1", "-0.5"}) {
        EXPECT_EQ(error("auth_total{by=\"x\"} " + std::string(value) + "\n"),
                  "auth_total has a value that no counter can have")
            << "the label's value may be a secret";
    }
    EXPECT_EQ(error("# TYPE auth_total gauge\nauth_total 1\n"), "auth_total is a gauge, not a counter");
    EXPECT_EQ(error("unmapped NaN\n# TYPE other gauge\nother -1\n"), "none")
        << "what is not mapped is nobody's";
    const CounterRules count{{.event = Event::auth_attempt, .metric = "h_count"}};
    const CounterRules sum{{.event = Event::auth_attempt, .metric = "h_sum"}};
    const std::string histogram = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 5\nh_count 3\n";
    EXPECT_EQ(described(page(histogram, count)), "h_count 3: 1*auth_attempt\n");
    EXPECT_EQ(error(histogram, sum), "h_sum is a histogram, not a counter");
}

TEST(MetricsPage, WhatCannotBeReadIsAnError) {
    EXPECT_NE(error("auth_total 1\nauth_total 1\n"), "none");
    EXPECT_NE(error("auth_total{by=\"" + std::string(5000, 'x') + "\"} 1\n"), "none");
    EXPECT_NE(error("<html>\n"), "none");
    const auto html = read_metrics_page("text/html; charset=utf-8", "auth_total 1\n", rules());
    ASSERT_FALSE(html);
    EXPECT_EQ(html.error().what, "answered text/html; charset=utf-8, not a page of metrics");
    std::string many;
    for (std::size_t i = 0; i < kMostSeries; ++i) many += "auth_total{key=\"" + std::to_string(i) + "\"} 1\n";
    EXPECT_EQ(page(many).readings.size(), kMostSeries);
    EXPECT_EQ(error(many + "auth_total 1\n"), "more than 10000 series match `counters`");
}

TEST(MetricsPage, OpenMetrics) {
    const auto read =
        read_metrics_page("application/openmetrics-text; version=1.0.0",
                          "# TYPE auth counter\nauth_total{by=\"fallback\"} 7\n# EOF\n", rules());
    ASSERT_TRUE(read);
    EXPECT_EQ(described(*read), "auth_total{by=\"fallback\"} 7: 1*fallback 1*auth_attempt\n");
}

TEST(CounterRules, ThePresetKnowsTheCacheOfAnswersOnly) {
    const CounterRules preset = config::facts_of(config::Preset::inferxgate).counters;
    EXPECT_EQ(text_of(preset.at(0)), "llm_gateway_cache_total{status=\"hit\"}");
    const MetricsPage read =
        page("# TYPE llm_gateway_cache_total counter\nllm_gateway_cache_total{status=\"hit\"} 4\n", preset);
    EXPECT_EQ(offered(read), "response_cache_hit response_cache_miss ");
    EXPECT_TRUE(config::facts_of(config::Preset::custom).counters.empty());
    domain::Events cache;
    cache.set(index_of(Event::response_cache_hit)).set(index_of(Event::response_cache_miss));
    EXPECT_EQ(events_of(preset), cache);
}

TEST(CounterRules, ScopeDiffersWhenAnythingDiffers) {
    CounterRules changed = rules();
    changed[0].labels[0].texts[0] = "x";
    EXPECT_NE(scope_of(changed), scope_of(rules()));
    changed = rules();
    changed[2].reason_label = "x";
    EXPECT_NE(scope_of(changed), scope_of(rules()));
    changed = rules();
    changed[3].event = Event::request_success;
    EXPECT_NE(scope_of(changed), scope_of(rules()));
    EXPECT_EQ(scope_of(rules()), scope_of(rules()));
}

TEST(MetricsPage, TheReleaseIsThatOfTheGatewaysBuild) {
    EXPECT_EQ(page("gateway_build_info{version=\"1.2.3\"} 1\n").release, "1.2.3");
    EXPECT_EQ(page("x_build_info{revision=\"abc\"} 1\n").release, "abc");
    EXPECT_EQ(page("go_build_info{version=\"(devel)\"} 1\nauth_total 1\n").release, "");
    EXPECT_EQ(page("process_start_time_seconds 12.5\n").epoch, "12.500");
}

}  // namespace
}  // namespace keyshift::collectors
