// SPDX-License-Identifier: Apache-2.0
// layout.hpp: no line is wider than the terminal, and words stay whole.
#include "commands/screen/layout.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::commands {
namespace {

using testing::ElementsAre;

TEST(Layout, WideCharactersTakeTwoColumnsAndColoursNone) {
    EXPECT_EQ(columns("abc"), 3U);
    EXPECT_EQ(columns("鍵鍵"), 4U);
    EXPECT_EQ(columns("e\u0301"), 1U) << "a combining accent";
    EXPECT_EQ(columns("\x1b[31mred\x1b[0m"), 3U);
    EXPECT_EQ(columns("\xff"), 1U) << "a byte that is no text";
    EXPECT_EQ(columns("🔑"), 2U);
}

TEST(Layout, LinesBreakAtWords) {
    EXPECT_THAT(wrapped("the quick brown fox", 10, 2), ElementsAre("the quick", "brown fox"));
    EXPECT_THAT(wrapped("the quick brown fox", 12, 2), ElementsAre("the quick", "  brown fox"));
    EXPECT_THAT(wrapped("label      text that goes on", 20, 11),
                ElementsAre("label      text that", "goes on"))
        << "an indent that leaves too little is none";
    EXPECT_THAT(wrapped("label      text that goes on", 24, 11),
                ElementsAre("label      text that", "           goes on"));
    EXPECT_THAT(wrapped("", 80, 2), ElementsAre(""));
    EXPECT_THAT(wrapped("exactly ten", 11, 0), ElementsAre("exactly ten"));
}

TEST(Layout, AWordThatIsLongerThanALineIsBrokenAnywhere) {
    EXPECT_THAT(wrapped("aaaaaaaaaaaaaaa", 10, 0), ElementsAre("aaaaaaaaaa", "aaaaa"));
    std::string wide;
    for (int i = 0; i < 255; ++i) wide += "鍵";
    for (const std::string& line : wrapped("name " + wide + " end", 60, 4)) EXPECT_LE(columns(line), 60U);
}

TEST(Layout, ColoursDoNotChangeWhereALineBreaks) {
    EXPECT_THAT(wrapped("\x1b[31mthe quick\x1b[0m brown", 10, 0),
                ElementsAre("\x1b[31mthe quick\x1b[0m", "brown"));
}

TEST(Layout, AColourEndsWhereItsTextIsCutOff) {
    const std::string text = "\x1b[31mred words without any end\x1b[0m";
    EXPECT_EQ(shortened(text, 11), "\x1b[31mred words…\x1b[0m");
    auto lines = wrapped(text, 11, 0);
    limit_lines(lines, 1, 11);
    EXPECT_THAT(lines, ElementsAre("\x1b[31mred words…\x1b[0m"));
    EXPECT_EQ(shortened("\x1b[31mred\x1b[0m; words without any end", 12), "\x1b[31mred\x1b[0m; words…")
        << "it has ended";
}

TEST(Layout, WhatIsTooLongEndsWithAClauseOrAnEllipsis) {
    EXPECT_EQ(shortened("short", 10), "short");
    EXPECT_EQ(shortened("three keys are left; and more of that", 30), "three keys are left");
    EXPECT_EQ(shortened("three keys are left (two of them dormant)", 30), "three keys are left");
    EXPECT_EQ(shortened("a; then something that is much longer", 20), "a; then something…")
        << "one word of a line is no statement";
    EXPECT_EQ(shortened("words without any end to them", 14), "words without…");
    EXPECT_EQ(shortened("three keys within the window (7d, or longer, and so on)", 42),
              "three keys within the window")
        << "no clause ends within parentheses";
    for (std::size_t width = 3; width < 40; ++width)
        EXPECT_LE(columns(shortened("鍵鍵鍵 three keys, are left; 鍵鍵鍵鍵鍵鍵", width)), width);
}

}  // namespace
}  // namespace keyshift::commands
