// SPDX-License-Identifier: Apache-2.0
#include "domain/marks/mark.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{1'768'003'200s};

std::vector<Mark> marks(std::vector<MarkKind> kinds) {
    std::vector<Mark> out;
    for (const MarkKind kind : kinds) {
        const auto number = static_cast<std::int64_t>(out.size());
        out.push_back({number + 1, kind, kNow - 1h + number * 1min, {}, {}, {}});
    }
    return out;
}

TEST(Mark, HasANameThatCanBeReadBack) {
    for (const MarkKind kind : kMarkKinds) EXPECT_EQ(mark_named(mark_name(kind)), kind);
    EXPECT_FALSE(mark_named("brownout"));
}

TEST(Mark, BrownoutsFollowEachOtherAndThenTheCutover) {
    using enum MarkKind;
    EXPECT_FALSE(refuse_mark({}, brownout_begin, kNow));
    EXPECT_FALSE(refuse_mark({}, cutover, kNow));
    EXPECT_FALSE(refuse_mark(marks({brownout_begin}), brownout_end, kNow));
    EXPECT_FALSE(refuse_mark(marks({brownout_begin, brownout_end}), brownout_begin, kNow));
    EXPECT_FALSE(refuse_mark(marks({brownout_begin, brownout_end}), cutover, kNow));
}

TEST(Mark, WhatMakesNoSenseIsRefusedWithARemedy) {
    using enum MarkKind;
    const auto refused = [](const std::vector<Mark>& before, MarkKind kind) {
        const auto refusal = refuse_mark(before, kind, kNow);
        return refusal ? refusal->what + "; " + refusal->remedy : std::string();
    };
    EXPECT_EQ(refused({}, brownout_end),
              "no brownout is open; say first when one begins: keyshift mark brownout-begin");
    EXPECT_EQ(refused(marks({brownout_begin, brownout_end}), brownout_end),
              "no brownout is open; say first when one begins: keyshift mark brownout-begin");
    for (const MarkKind kind : {brownout_begin, cutover})
        EXPECT_EQ(refused(marks({brownout_begin}), kind),
                  "a brownout is open since 2026-01-09T23:00:00Z; say first that it has ended: keyshift mark "
                  "brownout-end");
    for (const MarkKind kind : kMarkKinds)
        EXPECT_EQ(
            refused(marks({cutover}), kind),
            "the fallback was switched off for good at 2026-01-09T23:00:00Z; if it is on again, take that "
            "back first: keyshift mark cutover --remove");
}

TEST(Mark, NoneComesBeforeTheOneBefore) {
    const auto before = marks({MarkKind::brownout_begin});
    EXPECT_FALSE(refuse_mark(before, MarkKind::brownout_end, before.back().at));
    const auto refusal = refuse_mark(before, MarkKind::brownout_end, before.back().at - 1us);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->what,
              "the last mark, brownout-begin, is of 2026-01-09T23:00:00Z, which is in the "
              "future: the clock was set back");
    EXPECT_EQ(refusal->remedy,
              "set the clock right, or take that mark back: keyshift mark brownout-begin "
              "--remove");
}

TEST(Mark, OnlyTheLastOneIsTakenBack) {
    using enum MarkKind;
    EXPECT_FALSE(refuse_removal(marks({brownout_begin}), brownout_begin));
    EXPECT_FALSE(refuse_removal(marks({brownout_begin, brownout_end}), brownout_end));
    const auto none = refuse_removal(marks({brownout_begin}), cutover);
    ASSERT_TRUE(none);
    EXPECT_EQ(none->what, "there is no mark cutover");
    const auto not_last = refuse_removal(marks({brownout_begin, brownout_end}), brownout_begin);
    ASSERT_TRUE(not_last);
    EXPECT_EQ(not_last->what, "after the last brownout-begin came brownout-end at 2026-01-09T23:01:00Z");
    EXPECT_EQ(not_last->remedy, "take that back first: keyshift mark brownout-end --remove");
}

}  // namespace
}  // namespace keyshift::domain
