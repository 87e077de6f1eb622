// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/log_facts.hpp"

#include <map>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using base::Time;
using namespace std::chrono_literals;

const Time kNow{std::chrono::seconds{1'768'003'200}};

std::uint64_t sum(const FailureTally& tally) {
    std::uint64_t count = 0;
    for (const auto& [kind, times] : tally.kinds()) count += times.count;
    return count;
}

TEST(LogLines, AddUp) {
    LogLines lines{1, 2, 3, 4, 5};
    lines.add({10, 20, 30, 40, 50});
    EXPECT_EQ(lines, (LogLines{11, 22, 33, 44, 55}));
}

TEST(FailureTally, EqualFailuresOfAMinuteAreOne) {
    FailureTally tally;
    tally.add(Event::failure_blocked, "10.0.0.1", "curl", "/v1/x", kNow + 5s);
    tally.add(Event::failure_blocked, "10.0.0.1", "curl", "/v1/x", kNow + 2s);
    tally.add(Event::failure_blocked, "10.0.0.1", "curl", "/v1/x", kNow + 60s);
    ASSERT_EQ(tally.kinds().size(), 2U);
    const auto& [kind, times] = *tally.kinds().begin();
    EXPECT_EQ(kind.minute, kNow.time_since_epoch() / 1min);
    EXPECT_EQ(times.count, 2U);
    EXPECT_EQ(times.first, kNow + 2s);
    EXPECT_EQ(times.last, kNow + 5s);
}

TEST(FailureTally, EveryPartTellsFailuresApart) {
    FailureTally tally;
    tally.add(Event::failure_blocked, "a", "b", "c", kNow);
    tally.add(Event::failure_expired, "a", "b", "c", kNow);
    tally.add(Event::failure_blocked, "x", "b", "c", kNow);
    tally.add(Event::failure_blocked, "a", "x", "c", kNow);
    tally.add(Event::failure_blocked, "a", "b", "x", kNow);
    EXPECT_EQ(tally.kinds().size(), 5U);
}

TEST(FailureTally, BeyondItsLimitOnlyReasonAndMinuteAreKept) {
    FailureTally tally(2);
    for (int i = 0; i < 10; ++i)
        tally.add(Event::failure_unknown_key, "client " + std::to_string(i), "agent", "/", kNow);
    EXPECT_EQ(tally.kinds().size(), 3U);
    EXPECT_EQ(sum(tally), 10U);
    EXPECT_EQ(tally.kinds().begin()->first.client, "");
    EXPECT_EQ(tally.kinds().begin()->second.count, 8U);
    tally.add(Event::failure_unknown_key, "client 1", "agent", "/", kNow);
    EXPECT_EQ(tally.kinds().begin()->second.count, 8U) << "known clients stay known";
}

TEST(FailureTally, CountsAsAPlainMapDoesWhateverComesInWhichOrder) {
    FailureTally tally;
    std::map<FailureKind, std::uint64_t> plain;
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same every time
    const auto pick = [&random](unsigned n) { return static_cast<int>(random() % n); };
    for (int i = 0; i < 50'000; ++i) {
        const FailureKind kind{kNow.time_since_epoch() / 1min + pick(3),
                               after(kFirstFailure, static_cast<std::size_t>(pick(2))),
                               std::to_string(pick(20)), std::to_string(pick(3)), std::to_string(pick(5))};
        ++plain[kind];
        tally.add(kind.reason, kind.client, kind.user_agent, kind.path, Time(kind.minute * 1min));
    }
    ASSERT_EQ(tally.kinds().size(), plain.size());
    for (const auto& [kind, times] : tally.kinds()) EXPECT_EQ(times.count, plain.at(kind));
}

TEST(FailureTally, TextsThatRunTogetherAreNotOne) {
    FailureTally tally;
    for (int i = 0; i < 3; ++i) {
        tally.add(Event::failure_blocked, "ab", "c", "", kNow);
        tally.add(Event::failure_blocked, "a", "bc", "", kNow);
        tally.add(Event::failure_blocked, "", "c", "ab", kNow);
    }
    EXPECT_EQ(tally.kinds().size(), 3U);
}

TEST(FailureTally, OneThatWasTakenOrCopiedOrClearedCountsAnew) {
    const auto fail = [](FailureTally& tally) {
        tally.add(Event::failure_blocked, "a", "b", "c", kNow);
        return sum(tally);
    };
    FailureTally tally;
    fail(tally);
    FailureTally copy = tally;
    EXPECT_EQ(fail(copy), 2U);
    EXPECT_EQ(sum(tally), 1U);
    FailureTally taken = std::move(tally);
    tally.clear();
    EXPECT_EQ(fail(tally), 1U);
    EXPECT_EQ(fail(taken), 2U);
    tally = std::move(taken);
    taken.clear();
    EXPECT_EQ(fail(taken), 1U);
    EXPECT_EQ(fail(tally), 3U);
    taken = tally;
    EXPECT_EQ(fail(taken), 4U);
    EXPECT_EQ(sum(tally), 3U);
    tally.clear();
    EXPECT_EQ(fail(tally), 1U);
}

TEST(FailureTally, LongTextsAreCutAtACharacter) {
    const std::string text = std::string(FailureTally::kTextBytes - 1, 'a') + "\xc3\xa9" + "b";
    FailureTally tally;
    tally.add(Event::failure_other, text, text, text, kNow);
    const FailureKind& kind = tally.kinds().begin()->first;
    const std::string cut(FailureTally::kTextBytes - 1, 'a');
    EXPECT_EQ(kind.client, cut);
    EXPECT_EQ(kind.user_agent, cut);
    EXPECT_EQ(kind.path, cut);
    FailureTally garbage;
    garbage.add(Event::failure_other, std::string(1000, '\x80'), "", "", kNow);
    EXPECT_EQ(garbage.kinds().begin()->first.client, "") << "nothing but the middle of characters";
}

TEST(FailureTally, MergingIsAdding) {
    FailureTally a;
    FailureTally b;
    a.add(Event::failure_blocked, "a", "", "", kNow + 3s);
    b.add(Event::failure_blocked, "a", "", "", kNow + 1s);
    b.add(Event::failure_blocked, "b", "", "", kNow);
    a.merge(b);
    EXPECT_EQ(sum(a), 3U);
    EXPECT_EQ(a.kinds().begin()->second.first, kNow + 1s);
    EXPECT_EQ(a.kinds().begin()->second.last, kNow + 3s);
}

TEST(KeyUses, TheLatestCounts) {
    KeyUses uses(2);
    uses.add("a", kNow);
    uses.add("a", kNow - 1s);
    uses.add("b", kNow);
    uses.add("c", kNow);
    uses.add("a", kNow + 1s);
    EXPECT_EQ(uses.latest().size(), 2U);
    EXPECT_EQ(uses.latest().at("a"), kNow + 1s) << "known keys are not dropped at the limit";
    KeyUses other;
    other.merge(uses);
    EXPECT_EQ(other.latest(), uses.latest());
}

TEST(ClientsWithKeys, NameTheKeyBehindWhatElseIsKnown) {
    EXPECT_EQ(client_with_key("", "5f1c"), "key 5f1c");
    EXPECT_EQ(client_with_key("192.0.2.1", "5f1c"), "192.0.2.1 key 5f1c");
    for (const std::string_view client : {"", "192.0.2.1", "monkey", "a-key"})
        EXPECT_EQ(key_of_client(client_with_key(client, "5f1c")), "5f1c") << client;
    for (const std::string_view client : {"", "192.0.2.1", "monkey", "key", "a-key 5f1c"})
        EXPECT_EQ(key_of_client(client), std::nullopt) << client;
}

}  // namespace
}  // namespace keyshift::domain
