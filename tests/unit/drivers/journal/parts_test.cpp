// SPDX-License-Identifier: Apache-2.0
// journal_parts.hpp, and journal_matches.hpp.
#include "drivers/journal/parts.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/files/input.hpp"
#include "drivers/journal/matches.hpp"

namespace keyshift::drivers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class JournalPartsTest : public testing::Test {
 protected:
    void add(const std::string& stream, const std::string& text) {
        parts_.add(stream, text, "at " + text);
        parts_.entry_read(take_);
    }
    void finish(const std::string& stream, const std::string& text) {
        parts_.finish(stream, text, take_);
        parts_.entry_read(take_);
    }

    std::vector<std::string> got_;
    int too_long_ = 0;
    JournalParts::Handle take_ = [this](std::string_view message, JournalParts::Kept kept) {
        if (kept == JournalParts::Kept::whole)
            got_.emplace_back(message);
        else
            ++too_long_;
    };
    JournalParts parts_;
};

TEST_F(JournalPartsTest, KnowsWhereTheOldestUnfinishedMessageBegins) {
    EXPECT_EQ(parts_.begin(), "");
    add("a", "a1");
    add("b", "b1");
    add("a", "a2");
    EXPECT_EQ(parts_.begin(), "at a1");
    finish("a", "a3");
    EXPECT_EQ(parts_.begin(), "at b1");
    add("a", "a4");
    EXPECT_EQ(parts_.begin(), "at b1");
    finish("b", "b2");
    EXPECT_EQ(parts_.begin(), "at a4");
    parts_.clear();
    EXPECT_TRUE(parts_.empty());
    finish("a", "a5");
    EXPECT_THAT(got_, ElementsAre("a1a2a3", "b1b2", "a5"));
}

TEST_F(JournalPartsTest, WaitsSoLongAndNotLonger) {
    add("dead", "half");
    add("alive", "1");
    for (std::uint64_t i = 0; i + 3 < JournalParts::kWait; ++i) add("alive", "");
    EXPECT_EQ(parts_.begin(), "at half");
    add("alive", "");
    EXPECT_THAT(got_, IsEmpty());
    add("alive", "2");
    EXPECT_THAT(got_, ElementsAre("half"));
    EXPECT_EQ(parts_.begin(), "at 1");
    finish("alive", "3");
    EXPECT_THAT(got_, ElementsAre("half", "123"));
}

TEST_F(JournalPartsTest, MemoryIsBounded) {
    const std::string half(kLogBlock / 2, 'x');
    add("a", half);
    add("a", half.substr(1));
    finish("a", "");
    EXPECT_EQ(got_.size(), 1U);
    add("a", half);
    add("a", half);
    add("a", half);
    finish("a", "end");
    EXPECT_EQ(too_long_, 1);
    // Many at a time: what has no room any more is too long, the rest is whole.
    const std::size_t fit = JournalParts::kMostBytes / half.size();
    for (std::size_t i = 0; i < fit + 3; ++i) add(std::to_string(i), half);
    got_.clear();
    for (std::size_t i = 0; i < fit + 3; ++i) finish(std::to_string(i), "");
    EXPECT_EQ(got_.size(), fit);
    EXPECT_EQ(too_long_, 4);
    // And the room is free again.
    for (std::size_t i = 0; i < fit; ++i) add(std::to_string(i), half);
    for (std::size_t i = 0; i < fit; ++i) finish(std::to_string(i), "");
    EXPECT_EQ(got_.size(), 2 * fit);
}

TEST(JournalMatches, UnitsAreAlternativesAndMatchesAreNot) {
    const auto all = journal_matches({"gateway", "a.b", "gateway@1", "x.socket"}, {"A=1", "A=2"});
    ASSERT_TRUE(all);
    EXPECT_THAT(*all, ElementsAre(ElementsAre("_SYSTEMD_UNIT=gateway.service", "_SYSTEMD_UNIT=a.b.service",
                                              "_SYSTEMD_UNIT=gateway@1.service", "_SYSTEMD_UNIT=x.socket"),
                                  ElementsAre("A=1"), ElementsAre("A=2")));
    EXPECT_THAT(*journal_matches({}, {}), IsEmpty());
    EXPECT_FALSE(journal_matches({"gateway@*"}, {}));
}

TEST(JournalMatches, OneEntryFollowsAnother) {
    EXPECT_TRUE(follows("s=a;i=f;b=c;m=1;t=2;x=3", "s=a;i=10;b=d;m=9;t=9;x=9"));
    EXPECT_FALSE(follows("s=a;i=f;b=c", "s=a;i=11;b=c"));
    EXPECT_FALSE(follows("s=a;i=f;b=c", "s=a;i=f;b=c"));
    EXPECT_FALSE(follows("s=a;i=f;b=c", "s=b;i=10;b=c"));
    for (const char* none : {"", "s=a", "i=10", "s=a;i=", "s=a;i=xyz", "s=;i=10", ";;", "s=a;i=10g"})
        EXPECT_FALSE(follows("s=a;i=f", none)) << none;
    EXPECT_FALSE(follows("s=;i=f", "s=;i=10"));
}

}  // namespace
}  // namespace keyshift::drivers
