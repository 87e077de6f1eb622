// SPDX-License-Identifier: Apache-2.0
// render.hpp: the exact text of every type in both dialects.
#include "exposition/render.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

std::string page(const MetricFamily& family, Dialect dialect) {
    std::string out = Renderer(dialect).Serialize({family});
    render_end(dialect, out);
    return out;
}

std::string number(double value) {
    std::string out;
    append_number(out, value);
    return out;
}

TEST(Render, Gauge) {
    const MetricFamily keys = family(MetricType::Gauge, "keyshift_keys", "Keys.",
                                     {{{{"state", "legacy"}}, 12}, {{{"state", "modern"}}, 0.5}});
    const std::string text =
        "# HELP keyshift_keys Keys.\n"
        "# TYPE keyshift_keys gauge\n"
        "keyshift_keys{state=\"legacy\"} 12\n"
        "keyshift_keys{state=\"modern\"} 0.5\n";
    EXPECT_EQ(page(keys, Dialect::text), text);
    EXPECT_EQ(page(keys, Dialect::open_metrics), text + "# EOF\n");
}

TEST(Render, CounterKeepsItsSuffixInTextAndLendsItToTheSamplesInOpenMetrics) {
    const MetricFamily cpu = family(MetricType::Counter, "process_cpu_seconds_total", "CPU.", {{{}, 1.25}});
    EXPECT_EQ(page(cpu, Dialect::text),
              "# HELP process_cpu_seconds_total CPU.\n"
              "# TYPE process_cpu_seconds_total counter\n"
              "process_cpu_seconds_total 1.25\n");
    EXPECT_EQ(page(cpu, Dialect::open_metrics),
              "# HELP process_cpu_seconds CPU.\n"
              "# TYPE process_cpu_seconds counter\n"
              "process_cpu_seconds_total 1.25\n"
              "# EOF\n");
}

TEST(Render, InfoIsAGaugeInBothDialects) {
    const MetricFamily build =
        family(MetricType::Gauge, "keyshift_build_info", "Build.", {{{{"version", "0.1.0"}}, 1}});
    EXPECT_EQ(page(build, Dialect::text),
              "# HELP keyshift_build_info Build.\n"
              "# TYPE keyshift_build_info gauge\n"
              "keyshift_build_info{version=\"0.1.0\"} 1\n");
    EXPECT_EQ(page(build, Dialect::open_metrics),
              "# HELP keyshift_build_info Build.\n"
              "# TYPE keyshift_build_info gauge\n"
              "keyshift_build_info{version=\"0.1.0\"} 1\n"
              "# EOF\n");
}

TEST(Render, HistogramHasItsLastBucketAndTheSameBoundsInBothDialects) {
    MetricFamily polls = family(MetricType::Histogram, "poll_seconds", "Polls.", {});
    polls.metric.push_back(histogram({{"source", "pg"}}, {{2, 0.1}, {3, 1}, {4, 1e6}}, 4.5, 5));
    polls.metric.push_back(histogram({}, {}, 0, 0));
    const std::string text =
        "# HELP poll_seconds Polls.\n"
        "# TYPE poll_seconds histogram\n"
        "poll_seconds_bucket{source=\"pg\",le=\"0.1\"} 2\n"
        "poll_seconds_bucket{source=\"pg\",le=\"1.0\"} 3\n"
        "poll_seconds_bucket{source=\"pg\",le=\"1000000.0\"} 4\n"
        "poll_seconds_bucket{source=\"pg\",le=\"+Inf\"} 5\n"
        "poll_seconds_sum{source=\"pg\"} 4.5\n"
        "poll_seconds_count{source=\"pg\"} 5\n"
        "poll_seconds_bucket{le=\"+Inf\"} 0\n"
        "poll_seconds_sum 0\n"
        "poll_seconds_count 0\n";
    EXPECT_EQ(page(polls, Dialect::text), text);
    EXPECT_EQ(page(polls, Dialect::open_metrics), text + "# EOF\n");
}

TEST(Render, EscapesLabelValuesAndHelpByEachFormatsRules) {
    const MetricFamily odd =
        family(MetricType::Gauge, "a", "say \"hi\"\\\nbye", {{{{"l", "\"x\"\\\ny\t"}}, 1}});
    EXPECT_EQ(page(odd, Dialect::text),
              "# HELP a say \"hi\"\\\\\\nbye\n"
              "# TYPE a gauge\n"
              "a{l=\"\\\"x\\\"\\\\\\ny\t\"} 1\n");
    EXPECT_EQ(page(odd, Dialect::open_metrics),
              "# HELP a say \\\"hi\\\"\\\\\\nbye\n"
              "# TYPE a gauge\n"
              "a{l=\"\\\"x\\\"\\\\\\ny\t\"} 1\n"
              "# EOF\n");
}

TEST(Render, AFamilyWithoutSamplesLeavesNoTrace) {
    const MetricFamily none = family(MetricType::Gauge, "a", "b", {});
    EXPECT_EQ(page(none, Dialect::text), "");
    EXPECT_EQ(page(none, Dialect::open_metrics), "# EOF\n");
}

TEST(Render, IntoAStreamToo) {
    std::ostringstream out;
    Renderer(Dialect::text).Serialize(out, {family(MetricType::Gauge, "a", "b", {{{}, 1}})});
    EXPECT_EQ(out.str(), "# HELP a b\n# TYPE a gauge\na 1\n");
}

TEST(Render, ABucketForEverythingIsWrittenOnce) {
    MetricFamily polls = family(MetricType::Histogram, "h", "Polls.", {});
    polls.metric.push_back(histogram({}, {{2, 0.1}, {3, HUGE_VAL}}, 4.5, 3));
    EXPECT_EQ(page(polls, Dialect::text),
              "# HELP h Polls.\n"
              "# TYPE h histogram\n"
              "h_bucket{le=\"0.1\"} 2\n"
              "h_bucket{le=\"+Inf\"} 3\n"
              "h_sum 4.5\n"
              "h_count 3\n");
}

TEST(Render, NumbersReadBackAsTheyWere) {
    const std::array<std::pair<double, const char*>, 14> cases{{
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-17, "-17"},
        {1795360215.39, "1795360215.39"},
        {1e6, "1000000"},
        {9007199254740991, "9007199254740991"},
        {1e300, "1e+300"},
        {0.1, "0.1"},
        {1e-9, "1e-09"},
        {5e-324, "5e-324"},
        {std::numeric_limits<double>::quiet_NaN(), "NaN"},
        {HUGE_VAL, "+Inf"},
        {-HUGE_VAL, "-Inf"},
    }};
    for (const auto& [value, text] : cases) EXPECT_EQ(number(value), text);
    for (const double value : {1.0 / 3, 2.5e-7, 123456789.123456789, 1.8446744073709552e19})
        EXPECT_EQ(std::stod(number(value)), value);
}

}  // namespace
}  // namespace keyshift::exposition
