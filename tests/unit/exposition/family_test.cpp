// SPDX-License-Identifier: Apache-2.0
// family.hpp: what would break a page is dropped and counted.
#include "exposition/family.hpp"

#include <gtest/gtest.h>

namespace keyshift::exposition {
namespace {

Family gauge(std::string name, std::vector<Sample> samples) {
    return {std::move(name), "Help.", Type::gauge, std::move(samples), {}};
}

TEST(DropUnfit, KeepsTheFirstOfSamplesWithTheSameLabelsInAnyOrder) {
    std::vector<Family> families{gauge("a", {{{{"x", "1"}, {"y", "2"}}, 1},
                                             {{{"y", "2"}, {"x", "1"}}, 2},
                                             {{{"x", "1"}}, 3},
                                             {{{"x", "1"}, {"y", "2"}}, 4},
                                             {{}, 5},
                                             {{}, 6}})};
    EXPECT_EQ(drop_unfit(families), 3U);
    ASSERT_EQ(families[0].samples.size(), 3U);
    EXPECT_EQ(families[0].samples[0].value, 1);
    EXPECT_EQ(families[0].samples[0].labels[0].name, "x") << "the order given stays";
    EXPECT_EQ(families[0].samples[1].value, 3);
    EXPECT_EQ(families[0].samples[2].value, 5);
}

TEST(DropUnfit, LeavesAFitPageAlone) {
    std::vector<Family> families{gauge("a", {{{{"x", "1"}}, 1}, {{{"x", "2"}}, 1}}),
                                 gauge("b", {{{{"x", "1"}}, 1}})};
    families.push_back({"h", "Help.", Type::histogram, {}, {{{{"x", "1"}}, {}, 0, 0}, {{}, {}, 0, 0}}});
    families.push_back({"c_total", "Help.", Type::counter, {{{}, 1}}, {}});
    families.push_back({"build_info", "Help.", Type::info, {{{}, 1}}, {}});
    EXPECT_EQ(drop_unfit(families), 0U);
    EXPECT_EQ(families.size(), 5U);
}

TEST(DropUnfit, HistogramsToo) {
    std::vector<Family> families{
        {"h", "Help.", Type::histogram, {}, {{{}, {}, 1, 1}, {{}, {}, 2, 2}, {{{"le", "1"}}, {}, 3, 3}}}};
    EXPECT_EQ(drop_unfit(families), 2U);
    ASSERT_EQ(families[0].histograms.size(), 1U);
    EXPECT_EQ(families[0].histograms[0].sum, 1);
}

TEST(DropUnfit, AFamilyNamedTwiceCountsAllItsSamples) {
    std::vector<Family> families{gauge("a", {{{}, 1}}), gauge("a", {{{{"x", "1"}}, 2}, {{{"x", "2"}}, 3}})};
    EXPECT_EQ(drop_unfit(families), 2U);
    EXPECT_EQ(families.size(), 1U);
}

TEST(DropUnfit, NamesThatNoParserTakes) {
    for (const char* name : {"", "1a", "a-b", "a b", "a:b", "\xC3\xA4"}) {
        std::vector<Family> families{gauge(name, {{{}, 1}})};
        EXPECT_EQ(drop_unfit(families), 1U) << name;
        std::vector<Family> labelled{gauge("a", {{{{name, "v"}}, 1}})};
        EXPECT_EQ(drop_unfit(labelled), 1U) << name;
    }
    std::vector<Family> twice{gauge("a", {{{{"x", "1"}, {"x", "2"}}, 1}})};
    EXPECT_EQ(drop_unfit(twice), 1U);
}

TEST(DropUnfit, ACounterWithoutTotalCannotBeWrittenInOpenMetrics) {
    std::vector<Family> families{{"a", "Help.", Type::counter, {{{}, 1}}, {}},
                                 {"_total", "Help.", Type::counter, {{{}, 1}}, {}},
                                 {"b", "Help.", Type::info, {{{}, 1}}, {}}};
    EXPECT_EQ(drop_unfit(families), 3U);
    EXPECT_TRUE(families.empty());
}

TEST(DropUnfit, InvalidBytesBecomeReplacementCharacters) {
    std::vector<Family> families{gauge("a", {{{{"x",
                                                "\xFF"
                                                "z\xC3\xA4"}},
                                              1},
                                             {{{"x",
                                                "\xFE"
                                                "z\xC3\xA4"}},
                                              2}})};
    families[0].help = "caf\xE9";
    EXPECT_EQ(drop_unfit(families), 1U) << "they look the same now";
    EXPECT_EQ(families[0].samples[0].labels[0].value, "\xEF\xBF\xBDz\xC3\xA4");
    EXPECT_EQ(families[0].help, "caf\xEF\xBF\xBD");
}

}  // namespace
}  // namespace keyshift::exposition
