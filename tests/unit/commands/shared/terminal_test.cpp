// SPDX-License-Identifier: Apache-2.0
// terminal.hpp: one form of times on all screens, and nothing from outside that moves the cursor.
#include "commands/shared/terminal.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace keyshift::commands {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z

TEST(Terminal, ATimeHasItsYearWhereThatIsAnother) {
    EXPECT_EQ(show_time(kNow + 14h + 32min + 59s, kNow), "10 Jan 14:32 UTC");
    EXPECT_EQ(show_time(kNow - 24h * 5, kNow), "5 Jan 00:00 UTC");
    EXPECT_EQ(show_time(kNow - 24h * 35, kNow), "6 Dec 2025 00:00 UTC");
    EXPECT_EQ(show_time(kNow + 24h * 365, kNow), "10 Jan 2027 00:00 UTC");
    EXPECT_EQ(show_time(base::kInfiniteFuture, kNow), "31 Dec 9999 23:59 UTC");
    EXPECT_EQ(show_when(kNow - 2min, kNow), "9 Jan 23:58 UTC (2 min ago)");
    EXPECT_EQ(show_when(std::nullopt, kNow), "never");
}

TEST(Terminal, DistancesHaveOneUnit) {
    EXPECT_EQ(show_distance(kNow - 119s, kNow), "119 s ago");
    EXPECT_EQ(show_distance(kNow - 2min, kNow), "2 min ago");
    EXPECT_EQ(show_distance(kNow + 47h, kNow), "in 47 h");
    EXPECT_EQ(show_distance(kNow - 48h, kNow), "2 d ago");
}

TEST(Terminal, TimesOfDataBecomeTimesOfScreens) {
    EXPECT_EQ(show_text("used 2026-01-09T10:14:03Z, and 2025-12-06T14:32:00.123456Z", kNow),
              "used 9 Jan 10:14 UTC, and 6 Dec 2025 14:32 UTC");
    EXPECT_EQ(show_text("2026-01-09T10:14:03+01:00", kNow), "9 Jan 09:14 UTC");
    for (const char* const other : {"2026-01-09", "2026-01-09T10:14:03", "12026-01-09T10:14:03Z",
                                    "2026-13-09T10:14:03Z", "2026-01-09T10:14:03.", "2026-01-09T10:14"})
        EXPECT_EQ(show_text(other, kNow), other);
}

TEST(Terminal, WhatCouldMoveTheCursorIsEscaped) {
    EXPECT_EQ(show_text("a\x1b[2J\u202e\n", kNow), "a\\x1b[2J\\u{202e}\\n");
    EXPECT_EQ(show_text(show_text("\t\xff", kNow), kNow), "\\t\\xff") << "once is as good as twice";
}

TEST(Terminal, PaddingCountsColumns) {
    EXPECT_EQ(pad("鍵", 4), "鍵  ");
    EXPECT_EQ(pad("\x1b[31mx\x1b[0m", 3), "\x1b[31mx\x1b[0m  ");
    EXPECT_EQ(pad("longer", 3), "longer");
}

}  // namespace
}  // namespace keyshift::commands
