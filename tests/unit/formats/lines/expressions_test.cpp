// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/expressions.hpp"

#include <algorithm>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::vector<std::size_t> matching(LineExpressions& expressions, std::string_view text) {
    std::vector<std::size_t> out;
    NamedGroups groups;
    for (const std::size_t index : expressions.candidates(text))
        if (expressions.match(index, text, groups)) out.push_back(index);
    return out;
}

TEST(LineExpressions, AreCheckedAndTellTheirGroups) {
    EXPECT_THAT(*check_expression("(?P<key_id>[0-9]+) (x) (?P<client>y)"),
                UnorderedElementsAre("key_id", "client"));
    for (const char* const wrong : {"(", "[", "a{2000}", "\\1", "(?=a)", "*"})
        EXPECT_THAT(check_expression(wrong).error().what, HasSubstr("is no regular expression: ")) << wrong;
}

TEST(LineExpressions, FindWhatAnyOfThemFinds) {
    LineExpressions some({"key [0-9]+", "^Cached", "(?i)CACHED", "token$", "\xc3\xbc"}, {});
    EXPECT_THAT(matching(some, "Cached token"), UnorderedElementsAre(1, 2, 3));
    EXPECT_THAT(matching(some, "key 7 is not Cached"), UnorderedElementsAre(0, 2));
    EXPECT_THAT(matching(some, "token f\xc3\xbcr"), ElementsAre(4));
    EXPECT_THAT(matching(some, ""), ElementsAre());
}

TEST(LineExpressions, GiveTheNamedGroups) {
    LineExpressions some({"^for (?P<b>x+)(?P<a>y)?", "z"}, {"a", "b"});
    NamedGroups groups;
    ASSERT_TRUE(some.match(0, "for xxy", groups));
    EXPECT_EQ(groups[0], "y");
    EXPECT_EQ(groups[1], "xx");
    ASSERT_TRUE(some.match(0, "for x", groups));
    EXPECT_EQ(groups[0], "");
    ASSERT_TRUE(some.match(1, "z", groups));
    EXPECT_EQ(groups[1], "");
    EXPECT_FALSE(some.match(0, "a for x", groups));
}

TEST(LineExpressions, BeginningsHoldForEveryMatch) {
    EXPECT_EQ(beginning_of_matches("^Rate limit exceeded for key (?P<key_id>[0-9a-f-]{36})"),
              "Rate limit exceeded for key ");
    EXPECT_EQ(beginning_of_matches("^Cache \\(hit\\)x*"), "Cache (hit)");
    EXPECT_EQ(beginning_of_matches("^ab{0}c"), "a");
    EXPECT_EQ(beginning_of_matches("^ab?c"), "a");
    for (const char* const none : {"", "a", "^", "^a|b", "^(a|b)", "(?i)^ab", "^.a", "^\\d", "^\\Qa", "^a*"})
        EXPECT_EQ(beginning_of_matches(none), "") << none;
}

TEST(LineExpressions, NoneExplodes) {
    const std::string text(200'000, 'a');
    LineExpressions some({"(a+)+$", "(a|aa)+b", "(a*)*c", "^(([a-z])+.)+[A-Z]([a-z])+$"}, {});
    EXPECT_THAT(matching(some, text), ElementsAre(0));
}

}  // namespace
}  // namespace keyshift::formats
