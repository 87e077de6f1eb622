// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/pattern_scan.hpp"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/lines/expressions.hpp"

namespace keyshift::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::size_t> found(PatternScan& scan, std::string_view text) {
    std::vector<std::size_t> out;
    scan.find(text, out);
    return out;
}

TEST(PatternScan, TellsWhichMayMatch) {
    PatternScan scan({"refused [0-9.]+", "key=(?P<key_id>\\S+)$", "(?i)TRIED", "^a"});
    EXPECT_THAT(scan.left_out(), IsEmpty()) << "the library is there, and takes them";
    EXPECT_THAT(found(scan, "b refused 192.0.2.1 key=x"), UnorderedElementsAre(0, 1));
    EXPECT_THAT(found(scan, "a tried"), UnorderedElementsAre(2, 3));
    EXPECT_THAT(found(scan, "refused refused key"), IsEmpty());
    EXPECT_THAT(found(scan, ""), IsEmpty());
    EXPECT_THAT(found(scan, "refused 1 refused 2"), ElementsAre(0)) << "once";
    EXPECT_THAT(found(scan, "key=\v"), ElementsAre(1)) << "to RE2 a vertical tab is no white space";
}

TEST(PatternScan, LeavesOutWhatItCannotTell) {
    PatternScan scan({"a", "\xc3\xbc", "b", "[[:alpha:]]", "(a|b){100}"});
    EXPECT_THAT(scan.left_out(), UnorderedElementsAre(1, 3, 4));
    EXPECT_THAT(found(scan, "ab"), UnorderedElementsAre(0, 2));
    PatternScan none({});
    EXPECT_THAT(found(none, "ab"), IsEmpty());
}

TEST(PatternScan, TakesOnlyWhatBothUnderstandAlike) {
    for (const char* const good :
         {"", "a.*b", "[a-f0-9-]{36}", "[^\"]+", "\\d\\.\\S", "(?P<a>x)|(?:y)", "\\(\\[", "a\\b"})
        EXPECT_TRUE(can_be_scanned(good)) << good;
    for (const char* const other : {"\\x41", "\\pL", "\\Qa\\E", "[\\S]", "[^\\s]", "(?U)a+", "a{65}",
                                    "a{1,100}", "\\v", "[]a]", "\\07", "a\tb", "\xff"})
        EXPECT_FALSE(can_be_scanned(other)) << other;
}

/// Whatever RE2 finds is among what the scan says.
TEST(PatternScan, MissesNoMatch) {
    std::mt19937 random(3);
    const std::vector<std::string> parts{"a",     "b",     ".",  "\\S", "\\s",       "\\w",   "\\b",
                                         "^",     "$",     "a*", "b+?", "a{2}",      "[ab ]", "[^a]",
                                         "(a|b)", "(?i)B", "x?", "\\.", "(b ){1,3}", "|"};
    const std::string bytes = "aab bB. x\v\t\xff";
    std::size_t matches = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<std::string> expressions;
        for (int i = 0; i < 4; ++i) {
            std::string one;
            for (auto size = 1 + random() % 5; size > 0; --size) one += parts[random() % parts.size()];
            if (check_expression(one)) expressions.push_back(one);
        }
        PatternScan scan(expressions);
        const LineExpressions exact(expressions, {});
        for (int i = 0; i < 30; ++i) {
            std::string text;
            for (auto size = random() % 12; size > 0; --size) text += bytes[random() % bytes.size()];
            auto candidates = found(scan, text);
            candidates.insert(candidates.end(), scan.left_out().begin(), scan.left_out().end());
            for (std::size_t at = 0; at < expressions.size(); ++at) {
                NamedGroups groups;
                if (!exact.match(at, text, groups)) continue;
                ++matches;
                ASSERT_EQ(std::count(candidates.begin(), candidates.end(), at), 1)
                    << expressions[at] << " in " << text;
            }
        }
    }
    EXPECT_GT(matches, 5'000U);
}

}  // namespace
}  // namespace keyshift::formats
