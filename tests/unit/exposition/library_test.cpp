// SPDX-License-Identifier: Apache-2.0
// prometheus-cpp's own text writer as an oracle: it and ours say the same of every family that has nothing in
// which they are known to differ. Those differences are here too: when one goes, so may our own way.
#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "exposition/render.hpp"
#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

using testing::HasSubstr;

std::string ours(const std::vector<MetricFamily>& families) {
    return Renderer(Dialect::text).Serialize(families);
}

std::string theirs(const std::vector<MetricFamily>& families) {
    return prometheus::TextSerializer().Serialize(families);
}

std::vector<std::string> sorted_lines(const std::string& page) {
    std::istringstream in(page);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::sort(lines.begin(), lines.end());
    return lines;
}

TEST(Library, SaysTheSameOfGaugesAndCounters) {
    std::vector<MetricFamily> families;
    for (const MetricType type : {MetricType::Gauge, MetricType::Counter}) {
        const std::string suffix = type == MetricType::Counter ? "_total" : "";
        families.push_back(family(type, "plain" + suffix, "Without labels.", {{{}, 12}}));
        families.push_back(family(
            type, "labelled" + suffix, "With \"quotes\" and caf\xC3\xA9.",
            {{{{"state", "legacy"}, {"code", "200"}}, 0}, {{{"state", "a \"b\"\\\n\tc"}, {"code", ""}}, 1}}));
    }
    EXPECT_EQ(ours(families), theirs(families));
}

TEST(Library, SaysTheSameOfNumbers) {
    std::vector<Series> series;
    for (const double value : {0.0, 1.0, -17.0, 0.5, 0.1, 1.0 / 3, 1795360215.39, 1768003200.25, 1e6, 1e15,
                               1e300, 2.5e-7, HUGE_VAL, -HUGE_VAL})
        series.push_back({{{"n", std::to_string(series.size())}}, value});
    const std::vector<MetricFamily> families{family(MetricType::Gauge, "numbers", "Help.", series)};
    EXPECT_EQ(ours(families), theirs(families));
}

TEST(Library, SaysTheSameOfItsOwnMetricsButForTheOrderOfAHistogramsLines) {
    prometheus::Registry registry;
    prometheus::BuildCounter()
        .Name("asked_total")
        .Help("Asked.")
        .Register(registry)
        .Add({{"a", "1"}})
        .Increment(7);
    prometheus::BuildGauge().Name("level").Help("Level.").Register(registry).Add({}).Set(-2.5);
    auto& polls = prometheus::BuildHistogram()
                      .Name("took_seconds")
                      .Help("Took.")
                      .Register(registry)
                      .Add({{"source", "keys"}}, prometheus::Histogram::BucketBoundaries{0.005, 0.25, 2.5});
    for (const double seconds : {0.001, 0.25, 0.26, 100.0}) polls.Observe(seconds);
    const auto families = registry.Collect();
    ASSERT_EQ(families.size(), 3U);
    EXPECT_EQ(sorted_lines(ours(families)), sorted_lines(theirs(families)));
    EXPECT_THAT(ours(families), HasSubstr("took_seconds_bucket{source=\"keys\",le=\"0.25\"} 2\n"));
}

TEST(Library, DiffersWhereItIsKnownTo) {
    const std::vector<MetricFamily> help{family(MetricType::Gauge, "a", "two\nlines", {{{}, 1}})};
    EXPECT_THAT(theirs(help), HasSubstr("# HELP a two\nlines\n")) << "which no parser takes";
    EXPECT_THAT(ours(help), HasSubstr("# HELP a two\\nlines\n"));

    MetricFamily histograms = family(MetricType::Histogram, "h", "Help.", {});
    histograms.metric.push_back(histogram({}, {{1, 5}}, 5, 1));
    EXPECT_THAT(theirs({histograms}), HasSubstr("le=\"5\"")) << "not what OpenMetrics calls this bound";
    EXPECT_THAT(ours({histograms}), HasSubstr("le=\"5.0\""));

    const std::vector<MetricFamily> digits{
        family(MetricType::Gauge, "a", "Help.", {{{}, 123456789.12345679}})};
    EXPECT_THAT(theirs(digits), HasSubstr("a 123456789.1234568\n")) << "which is another number";
    EXPECT_THAT(ours(digits), HasSubstr("a 123456789.12345679\n"));

    const std::vector<MetricFamily> number{
        family(MetricType::Gauge, "a", "Help.", {{{}, std::numeric_limits<double>::quiet_NaN()}})};
    EXPECT_THAT(theirs(number), HasSubstr("a Nan\n"));
    EXPECT_THAT(ours(number), HasSubstr("a NaN\n"));
}

}  // namespace
}  // namespace keyshift::exposition
