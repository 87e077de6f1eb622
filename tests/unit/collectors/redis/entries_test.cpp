// SPDX-License-Identifier: Apache-2.0
// The pass over the keyspace, on nodes that are lists of pages.
#include "collectors/redis/entries.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using Counts = RedisEntries::Counts;
using Node = RedisEntries::Node;
using Page = RedisEntries::Page;
using namespace std::chrono_literals;

const RedisEntries::Prefixes kPrefixes{{"auth_key", "auth:key:"}, {"auth_verified", "auth:verified:"}};

Deadline later() {
    return Deadline::in(1h);
}

/// Cursors are "0", "1", "2" ...: the number of the page that comes next.
struct FakeNode {
    std::string id;
    std::vector<std::vector<std::string>> pages;
    std::vector<std::string> asked = {};
    bool fails = false;

    Node node() {
        return {id, [this](const std::string& cursor) -> Result<Page> {
                    asked.push_back(cursor);
                    if (fails) return Error{Errc::timeout, "the test says so", {}};
                    const std::size_t at = std::stoul(cursor);
                    return Page{at + 1 == pages.size() ? "0" : std::to_string(at + 1), pages.at(at)};
                }};
    }
};

TEST(RedisEntries, CountsWhatHasAPrefixOnAllNodes) {
    RedisEntries entries(kPrefixes, 1'000'000);
    FakeNode a{"a", {{"auth:key:1", "auth:keys", "auth:verified:1"}, {}, {"auth:key:2", "xauth:key:3"}}};
    FakeNode b{"b", {{"auth:key:", "llm:cache:auth:key:1"}}};
    EXPECT_EQ(entries.counts(), Counts());
    ASSERT_TRUE(entries.advance({a.node(), b.node()}, later()));
    EXPECT_EQ(entries.counts(), (Counts{{"auth_key", 3}, {"auth_verified", 1}}));
    EXPECT_EQ(a.asked, (std::vector<std::string>{"0", "1", "2"}));
}

TEST(RedisEntries, NoEntryIsZeroOnceAllHasBeenSeen) {
    RedisEntries entries(kPrefixes, 1000);
    FakeNode a{"a", {{}}};
    ASSERT_TRUE(entries.advance({a.node()}, later()));
    EXPECT_EQ(entries.counts(), (Counts{{"auth_key", 0}, {"auth_verified", 0}}));
}

TEST(RedisEntries, ManyPollsMakeOnePass) {
    RedisEntries entries(kPrefixes, 2 * kKeysAtOnce);
    FakeNode a{"a", {{"auth:key:1"}, {"auth:key:2"}, {"auth:key:3"}}};
    FakeNode b{"b", {{"auth:key:4"}, {"auth:key:5"}}};
    const std::vector<Node> nodes{a.node(), b.node()};
    ASSERT_TRUE(entries.advance(nodes, later()));
    EXPECT_EQ(a.asked.size(), 2U);
    ASSERT_TRUE(entries.advance(nodes, later()));
    EXPECT_EQ(entries.counts(), Counts()) << "not complete yet";
    ASSERT_TRUE(entries.advance(nodes, later()));
    EXPECT_EQ(entries.counts().at("auth_key"), 5U);
    a.pages = {{"auth:key:1"}, {}, {}};
    ASSERT_TRUE(entries.advance(nodes, later()));
    EXPECT_EQ(entries.counts().at("auth_key"), 5U) << "the last complete pass stands";
    ASSERT_TRUE(entries.advance(nodes, later()));
    ASSERT_TRUE(entries.advance(nodes, later()));
    EXPECT_EQ(entries.counts().at("auth_key"), 3U);
}

TEST(RedisEntries, GoesOnByAPageWhenTimeIsUp) {
    RedisEntries entries(kPrefixes, 1'000'000);
    FakeNode a{"a", {{"auth:key:1"}, {"auth:key:2"}}};
    ASSERT_TRUE(entries.advance({a.node()}, Deadline::in(0s)));
    EXPECT_EQ(a.asked.size(), 1U);
    ASSERT_TRUE(entries.advance({a.node()}, Deadline::in(0s)));
    EXPECT_EQ(entries.counts().at("auth_key"), 2U);
}

TEST(RedisEntries, ANodeThatFailsIsBegunAgainAndTheOthersAreNot) {
    RedisEntries entries(kPrefixes, 1'000'000);
    FakeNode a{"a", {{"auth:key:1"}, {"auth:key:2"}}};
    FakeNode b{"b", {{"auth:key:3"}}};
    b.fails = true;
    const auto failed = entries.advance({a.node(), b.node()}, later());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::timeout);
    EXPECT_EQ(entries.counts(), Counts());
    b.fails = false;
    ASSERT_TRUE(entries.advance({a.node(), b.node()}, later()));
    EXPECT_EQ(a.asked.size(), 2U);
    EXPECT_EQ(entries.counts().at("auth_key"), 3U);
}

TEST(RedisEntries, NodesComeAndGoDuringAPass) {
    RedisEntries entries(kPrefixes, kKeysAtOnce);
    FakeNode a{"a", {{"auth:key:1"}}};
    FakeNode b{"b", {{"auth:key:2"}, {"auth:key:3"}}};
    FakeNode c{"c", {{"auth:key:4"}}};
    ASSERT_TRUE(entries.advance({a.node(), b.node()}, later()));
    ASSERT_TRUE(entries.advance({a.node(), b.node()}, later()));
    // b was restarted, which makes it another one; c is new and in front.
    FakeNode restarted{"b2", {{}}};
    ASSERT_TRUE(entries.advance({c.node(), restarted.node(), a.node()}, later()));
    ASSERT_TRUE(entries.advance({c.node(), restarted.node(), a.node()}, later()));
    EXPECT_EQ(entries.counts().at("auth_key"), 2U) << "of a and c";
    EXPECT_EQ(a.asked.size(), 1U);
}

TEST(RedisEntries, ForgetsWhenAsked) {
    RedisEntries entries(kPrefixes, kKeysAtOnce);
    FakeNode a{"a", {{"auth:key:1"}, {"auth:key:2"}}};
    for (int poll = 0; poll < 3; ++poll) ASSERT_TRUE(entries.advance({a.node()}, later()));
    entries.forget();
    EXPECT_EQ(entries.counts(), Counts());
    for (int poll = 0; poll < 2; ++poll) ASSERT_TRUE(entries.advance({a.node()}, later()));
    EXPECT_EQ(entries.counts().at("auth_key"), 2U);
}

TEST(RedisEntries, AsksForWhatThePrefixesHaveInCommon) {
    const auto common = [](RedisEntries::Prefixes prefixes) {
        return RedisEntries(std::move(prefixes), 1000).common_prefix();
    };
    EXPECT_EQ(common(kPrefixes), "auth:");
    EXPECT_EQ(common({{"auth_key", "k:"}}), "k:");
    EXPECT_EQ(common({{"auth_key", "a:"}, {"auth_verified", "b:"}}), "");
    EXPECT_EQ(common({{"auth_key", "a:b:"}, {"auth_verified", "a:"}}), "a:");
    EXPECT_EQ(common({}), "");
}

}  // namespace
}  // namespace keyshift::collectors
