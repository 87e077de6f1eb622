// SPDX-License-Identifier: Apache-2.0
// unfit.hpp: what would break a page is dropped and counted.
#include "exposition/drop_invalid.hpp"

#include <gtest/gtest.h>

#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

MetricFamily gauge(std::string name, const std::vector<Series>& series) {
    return family(MetricType::Gauge, std::move(name), "Help.", series);
}

MetricFamily counter(std::string name) {
    return family(MetricType::Counter, std::move(name), "Help.", {{{}, 1}});
}

MetricFamily histograms(const std::vector<ClientMetric>& metrics) {
    MetricFamily out = family(MetricType::Histogram, "h", "Help.", {});
    out.metric = metrics;
    return out;
}

TEST(DropUnfit, KeepsTheFirstOfSamplesWithTheSameLabelsInAnyOrder) {
    std::vector<MetricFamily> families{gauge("a", {{{{"x", "1"}, {"y", "2"}}, 1},
                                                   {{{"y", "2"}, {"x", "1"}}, 2},
                                                   {{{"x", "1"}}, 3},
                                                   {{{"x", "1"}, {"y", "2"}}, 4},
                                                   {{}, 5},
                                                   {{}, 6}})};
    EXPECT_EQ(drop_invalid(families), 3U);
    ASSERT_EQ(families[0].metric.size(), 3U);
    EXPECT_EQ(families[0].metric[0].gauge.value, 1);
    EXPECT_EQ(families[0].metric[0].label[0].name, "x") << "the order given stays";
    EXPECT_EQ(families[0].metric[1].gauge.value, 3);
    EXPECT_EQ(families[0].metric[2].gauge.value, 5);
}

TEST(DropUnfit, LeavesAFitPageAlone) {
    std::vector<MetricFamily> families{gauge("a", {{{{"x", "1"}}, 1}, {{{"x", "2"}}, 1}}),
                                       gauge("b", {{{{"x", "1"}}, 1}})};
    families.push_back(histograms({histogram({{"x", "1"}}, {}, 0, 0), histogram({}, {}, 0, 0)}));
    families.push_back(counter("c_total"));
    families.push_back(gauge("keyshift_build_info", {{{}, 1}}));
    EXPECT_EQ(drop_invalid(families), 0U);
    EXPECT_EQ(families.size(), 5U);
}

TEST(DropUnfit, HistogramsToo) {
    std::vector<MetricFamily> families{
        histograms({histogram({}, {}, 1, 1), histogram({}, {}, 2, 2), histogram({{"le", "1"}}, {}, 3, 3)})};
    EXPECT_EQ(drop_invalid(families), 2U);
    ASSERT_EQ(families[0].metric.size(), 1U);
    EXPECT_EQ(families[0].metric[0].histogram.sample_sum, 1);
}

TEST(DropUnfit, AFamilyNamedTwiceCountsAllItsSamples) {
    std::vector<MetricFamily> families{gauge("a", {{{}, 1}}),
                                       gauge("a", {{{{"x", "1"}}, 2}, {{{"x", "2"}}, 3}})};
    EXPECT_EQ(drop_invalid(families), 2U);
    EXPECT_EQ(families.size(), 1U);
}

TEST(DropUnfit, NamesThatNoParserTakes) {
    for (const char* name : {"", "1a", "a-b", "a b", "a:b", "\xC3\xA4"}) {
        std::vector<MetricFamily> families{gauge(name, {{{}, 1}})};
        EXPECT_EQ(drop_invalid(families), 1U) << name;
        std::vector<MetricFamily> labelled{gauge("a", {{{{name, "v"}}, 1}})};
        EXPECT_EQ(drop_invalid(labelled), 1U) << name;
    }
    std::vector<MetricFamily> twice{gauge("a", {{{{"x", "1"}, {"x", "2"}}, 1}})};
    EXPECT_EQ(drop_invalid(twice), 1U);
}

TEST(DropUnfit, ACounterWithoutTotalCannotBeWrittenInOpenMetrics) {
    std::vector<MetricFamily> families{counter("a"), counter("_total")};
    EXPECT_EQ(drop_invalid(families), 2U);
    EXPECT_TRUE(families.empty());
}

TEST(DropUnfit, WhatNoRendererCanWrite) {
    std::vector<MetricFamily> families{
        family(MetricType::Summary, "s", "Help.", {{{}, 1}}),
        family(MetricType::Untyped, "u", "Help.", {{{}, 1}, {{{"x", "1"}}, 1}})};
    EXPECT_EQ(drop_invalid(families), 3U);
    EXPECT_TRUE(families.empty());
}

TEST(DropUnfit, InvalidBytesBecomeReplacementCharacters) {
    std::vector<MetricFamily> families{gauge("a", {{{{"x",
                                                      "\xFF"
                                                      "z\xC3\xA4"}},
                                                    1},
                                                   {{{"x",
                                                      "\xFE"
                                                      "z\xC3\xA4"}},
                                                    2}})};
    families[0].help = "caf\xE9";
    EXPECT_EQ(drop_invalid(families), 1U) << "they look the same now";
    EXPECT_EQ(families[0].metric[0].label[0].value, "\xEF\xBF\xBDz\xC3\xA4");
    EXPECT_EQ(families[0].help, "caf\xEF\xBF\xBD");
}

}  // namespace
}  // namespace keyshift::exposition
