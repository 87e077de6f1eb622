// SPDX-License-Identifier: Apache-2.0
// own_metrics.hpp: what was counted is shown, in the order in which it was first named.
#include "exposition/families/own_metrics.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

using namespace std::chrono_literals;

std::string requests(const OwnMetrics& own) {
    std::vector<MetricFamily> families;
    own.append_requests(families);
    return series(std::move(families));
}

std::string polls(OwnMetrics& own, const std::vector<std::string>& sources) {
    std::vector<MetricFamily> families;
    own.append_polls(sources, families);
    return series(std::move(families));
}

TEST(OwnMetrics, RequestsInTheOrderInWhichTheyWereFirstCounted) {
    OwnMetrics own;
    EXPECT_EQ(requests(own), "");
    for (const char* handler : {"metrics", "healthy", "a", "b", "c", "d", "e"})
        own.count_requests(handler, 200, 0);
    own.count_requests("other", 404, 0);
    own.count_requests("metrics", 405, 1);
    own.count_requests("healthy", 200, 1);
    own.count_requests("metrics", 405, 1);
    EXPECT_EQ(requests(own),
              "keyshift_http_server_requests_total{handler=\"metrics\",code=\"200\"} 0\n"
              "keyshift_http_server_requests_total{handler=\"healthy\",code=\"200\"} 1\n"
              "keyshift_http_server_requests_total{handler=\"a\",code=\"200\"} 0\n"
              "keyshift_http_server_requests_total{handler=\"b\",code=\"200\"} 0\n"
              "keyshift_http_server_requests_total{handler=\"c\",code=\"200\"} 0\n"
              "keyshift_http_server_requests_total{handler=\"d\",code=\"200\"} 0\n"
              "keyshift_http_server_requests_total{handler=\"e\",code=\"200\"} 0\n"
              "keyshift_http_server_requests_total{handler=\"other\",code=\"404\"} 0\n"
              "keyshift_http_server_requests_total{handler=\"metrics\",code=\"405\"} 2\n");
}

TEST(OwnMetrics, PollsOfASourceInBucketsWithTheirUpperBound) {
    OwnMetrics own;
    for (const auto took : {5000us, 5001us, 120'000'000us, 120'000'001us}) own.count_poll("keys", took);
    const std::string text = polls(own, {"keys"});
    for (const char* line : {"{source=\"keys\",le=\"0.005\"} 1\n", "{source=\"keys\",le=\"0.01\"} 2\n",
                             "{source=\"keys\",le=\"120.0\"} 3\n", "{source=\"keys\",le=\"+Inf\"} 4\n",
                             "_sum{source=\"keys\"} 240.010002\n", "_count{source=\"keys\"} 4\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST(OwnMetrics, PollsOfTheNamedSourcesOnlyAndNothingIsForgotten) {
    OwnMetrics own;
    own.count_poll("gone", 1s);
    const std::string both = polls(own, {"z", "a"});
    EXPECT_EQ(both.find("gone"), std::string::npos) << both;
    EXPECT_NE(both.find("_count{source=\"z\"} 0\n"), std::string::npos) << "from 0 on";
    EXPECT_LT(both.find("source=\"z\""), both.find("source=\"a\""));
    EXPECT_NE(polls(own, {"gone"}).find("_count{source=\"gone\"} 1\n"), std::string::npos);
    EXPECT_EQ(polls(own, {}), "");
}

TEST(OwnMetrics, StateWriteErrorsFromZeroOn) {
    OwnMetrics own;
    const auto shown = [&own] {
        std::vector<MetricFamily> families;
        own.append_state_write_errors(families);
        return series(std::move(families));
    };
    EXPECT_EQ(shown(), "keyshift_state_write_errors_total 0\n");
    own.count_state_write_error();
    EXPECT_EQ(shown(), "keyshift_state_write_errors_total 1\n");
}

TEST(OwnMetrics, TheWebConfigurationWhereThereIsOne) {
    OwnMetrics own;
    const auto shown = [&own] {
        std::vector<MetricFamily> families;
        own.append_web_config(families);
        return series(std::move(families));
    };
    EXPECT_EQ(shown(), "");
    own.note_web_config(true);
    EXPECT_EQ(shown(),
              "keyshift_web_config_last_reload_successful 1\nkeyshift_web_config_reload_failures_total 0\n");
    own.note_web_config(false);
    own.note_web_config(false);
    EXPECT_EQ(shown(),
              "keyshift_web_config_last_reload_successful 0\nkeyshift_web_config_reload_failures_total 2\n");
    own.note_web_config(true);
    EXPECT_EQ(shown(),
              "keyshift_web_config_last_reload_successful 1\nkeyshift_web_config_reload_failures_total 2\n");
}

}  // namespace
}  // namespace keyshift::exposition
