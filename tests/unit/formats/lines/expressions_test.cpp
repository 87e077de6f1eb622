// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/expressions.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/lines/literal_search.hpp"
#include "formats/lines/literals.hpp"

namespace keyshift::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::vector<std::size_t> matching(LineExpressions& expressions, std::string_view text) {
    std::vector<std::size_t> out;
    for (const LineExpressions::Match& match : expressions.matches(text)) out.push_back(match.index);
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
    LineExpressions some({"(a+)+$", "(a|aa)+b", "(a*)*c", "^(([a-z])+.)+[A-Z]([a-z])+$", "aaaa[b]"}, {});
    EXPECT_THAT(matching(some, text), ElementsAre(0));
}

TEST(LineExpressions, WithoutALiteralAreFoundTogether) {
    LineExpressions some({"[0-9]+ms", "key=(?P<key_id>\\S+)$", "(?i)TRIED", "^a"}, {"key_id"});
    EXPECT_THAT(matching(some, "b 7ms key=x"), UnorderedElementsAre(0, 1));
    EXPECT_EQ(std::ranges::find(some.matches("b 7ms key=x"), 1U, &LineExpressions::Match::index)->groups[0],
              "x");
    EXPECT_THAT(matching(some, "a tried"), UnorderedElementsAre(2, 3));
    EXPECT_THAT(matching(some, "b 7ms 8ms"), ElementsAre(0)) << "once";
    EXPECT_THAT(matching(some, "key=\v"), ElementsAre(1)) << "a vertical tab is no white space";
}

/// What every match holds, each in brackets; "!" before them: nothing else is needed.
std::string required(std::string_view expression) {
    const RequiredLiterals literals = required_literals(expression);
    std::string out = literals.exact ? "!" : "";
    for (const std::string& literal : literals.any_of) out += "[" + literal + "]";
    return out;
}

TEST(LineExpressions, HoldLiterals) {
    EXPECT_EQ(required("Cache hit for key: llm:cache:"), "![Cache hit for key: llm:cache:]");
    EXPECT_EQ(required("Cache \\(hit\\)"), "![Cache (hit)]");
    EXPECT_EQ(required("passed for key [0-9a-f-]{36}: left="), "[passed for key ]");
    EXPECT_EQ(required("key (?P<key_id>[^ )]+) passed the limit"), "[ passed the limit]");
    EXPECT_EQ(required("^ab+cde?f.*$"), "[ab]");
    EXPECT_EQ(required("abc{0,1}de{2}"), "[ab]");
    EXPECT_EQ(required("a(b|c(d)[)])?efg"), "[efg]");
    EXPECT_EQ(required("abc|de[f]|\\bg+?hi\\."), "[abc][de][hi.]");
    for (const char* const none : {"", "|", "a|", "a|[b]", "(?i)abc", "(?i:x)abc", "\\Qa.b\\E", "\\x41bc",
                                   "(abc)", ".*", "[[:alpha:]]abc", "a{b", "(\\Q(\\E)abc", "\\pLabc", "a?"})
        EXPECT_EQ(required(none), "") << none;
}

/// Of parts that most expressions of rules are made of, and some that few are.
class Expressions {
 public:
    std::string expression() {
        std::string out;
        for (auto parts = 1 + random_() % 5; parts > 0; --parts)
            out += pick({"fall",
                         "back",
                         "key",
                         " ",
                         "ab",
                         "fallback",
                         "key ab",
                         "[ab]",
                         "[^k]",
                         ".",
                         "\\.",
                         "(ab|key)",
                         "(?P<client>[a-z]+)",
                         "(?:b)",
                         "|",
                         "\\b",
                         "^",
                         "$",
                         "\\d",
                         "\\w",
                         "x",
                         "(?i)",
                         "\xc3\xbc"}) +
                   pick({"", "", "", "", "?", "*", "+", "{2}", "{0,3}", "+?"});
        return out;
    }
    std::string text() {
        std::string out;
        for (auto parts = random_() % 12; parts > 0; --parts)
            out += pick({"fall", "back", "key", " ", "ab", "fallback", "b", "k", "x", ".", "7", "FALL",
                         "\xc3\xbc", "\n", std::string(1, '\0')});
        return out;
    }

 private:
    std::string pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
    std::mt19937 random_{7};
};

TEST(LineExpressions, FindInOnePassWhatEachFindsAlone) {
    Expressions random;
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> expressions;
        while (expressions.size() < 6)
            if (std::string one = random.expression(); check_expression(one))
                expressions.push_back(std::move(one));
        LineExpressions some(expressions, {"client"});
        for (int line = 0; line < 60; ++line) {
            const std::string text = random.text();
            std::vector<std::pair<std::size_t, std::string>> expected;
            NamedGroups groups;
            for (std::size_t i = 0; i < expressions.size(); ++i)
                if (some.match(i, text, groups)) expected.emplace_back(i, groups[0]);
            std::vector<std::pair<std::size_t, std::string>> found;
            for (const auto& match : some.matches(text)) found.emplace_back(match.index, match.groups[0]);
            std::ranges::sort(found);
            ASSERT_EQ(found, expected) << text << "\n" << testing::PrintToString(expressions);
        }
    }
}

TEST(LiteralSearch, FindsEachAsOftenAsItStandsThere) {
    std::mt19937 random(3);
    const auto letters = [&](std::size_t size) {
        std::string out;
        while (out.size() < size) out += static_cast<char>('a' + random() % 2);
        return out;
    };
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::string> literals;
        for (auto count = random() % 6; count > 0; --count)
            literals.push_back(letters(LiteralSearch::kLeast + random() % 14));
        const LiteralSearch search(literals);
        const std::string text = letters(random() % 300);
        std::vector<std::size_t> found(literals.size());
        search.find(text, [&](std::size_t literal) { ++found[literal]; });
        for (std::size_t i = 0; i < literals.size(); ++i) {
            std::size_t times = 0;
            for (std::size_t at = text.find(literals[i]); at != std::string::npos;
                 at = text.find(literals[i], at + 1))
                ++times;
            ASSERT_EQ(found[i], times) << text << "\n" << literals[i];
        }
    }
}

}  // namespace
}  // namespace keyshift::formats
