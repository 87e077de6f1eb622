// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/failing_clients.hpp"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using base::Time;
using namespace std::chrono_literals;

const Time kNow{std::chrono::seconds{1'768'003'200}};
constexpr Event kReason = Event::failure_unknown_key;

void add(FailingClients& clients, int from, int until, Time at) {
    for (int i = from; i < until; ++i) clients.add(kReason, hash_client("10.0.0." + std::to_string(i)), at);
}

/// Two of so few rarely share a register.
constexpr double kFewOff = 1;

TEST(FailingClients, FewAreCountedAsTheyAre) {
    FailingClients clients;
    EXPECT_EQ(clients.count(kReason, kNow), 0U);
    for (int n = 1; n <= 20; ++n) {
        add(clients, 0, n, kNow);
        EXPECT_NEAR(static_cast<double>(clients.count(kReason, kNow)), n, kFewOff);
    }
    EXPECT_EQ(clients.count(Event::failure_blocked, kNow), 0U) << "of another reason";
    FailingClients others;
    others.add(Event::failure_other, hash_client("x"), kNow);
    EXPECT_EQ(others.count(kReason, kNow), 0U) << "of another reason";
}

/// Four standard errors of 1.6 %: fixed hashes, so that this holds or does not.
TEST(FailingClients, ManyAreEstimated) {
    FailingClients clients;
    int added = 0;
    for (const int n : {100, 1'000, 2'500, 5'000, 20'000, 200'000, 1'000'000}) {
        add(clients, added, n, kNow);
        added = n;
        const double estimate = static_cast<double>(clients.count(kReason, kNow));
        EXPECT_LT(std::abs(estimate / n - 1), 4 * 0.01625) << n << " as " << estimate;
    }
}

TEST(FailingClients, TheSameClientInTwoSlicesIsOne) {
    FailingClients clients;
    add(clients, 0, 50, kNow);
    add(clients, 0, 50, kNow + 10min);
    EXPECT_EQ(clients.count(kReason, kNow + 10min), clients.count(kReason, kNow + 4min));
    EXPECT_NEAR(static_cast<double>(clients.count(kReason, kNow + 10min)), 50, 2 * kFewOff);
}

TEST(FailingClients, LeaveAfterAnHour) {
    FailingClients clients;
    add(clients, 0, 10, kNow);
    add(clients, 10, 30, kNow + 30min);
    EXPECT_NEAR(static_cast<double>(clients.count(kReason, kNow + 59min)), 30, kFewOff);
    EXPECT_NEAR(static_cast<double>(clients.count(kReason, kNow + 65min)), 20, kFewOff);
    EXPECT_EQ(clients.count(kReason, kNow + 95min), 0U);
}

TEST(FailingClients, WhatIsOlderThanTheWindowIsNotKept) {
    FailingClients clients;
    add(clients, 0, 1, kNow);
    clients.take_changed();
    add(clients, 1, 2, kNow - 66min);
    EXPECT_TRUE(clients.take_changed().empty());
    add(clients, 1, 2, kNow - 30min);
    EXPECT_EQ(clients.take_changed().size(), 1U);
}

TEST(FailingClients, GoOnFromWhatWasSaved) {
    FailingClients clients;
    add(clients, 0, 300, kNow);
    clients.add(Event::failure_blocked, hash_client("x"), kNow);
    FailingClients other;
    const auto saved = clients.take_changed();
    EXPECT_EQ(saved.size(), 2U);
    EXPECT_TRUE(clients.take_changed().empty());
    for (const auto& [name, text] : saved) {
        EXPECT_EQ(text.find_first_not_of(
                      "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz"),
                  std::string::npos);
        other.restore(name, text);
    }
    EXPECT_EQ(other.count(kReason, kNow), clients.count(kReason, kNow));
    EXPECT_EQ(other.count(Event::failure_blocked, kNow), 1U);
    EXPECT_TRUE(other.take_changed().empty()) << "it is saved already";
}

TEST(FailingClients, WhatIsForgottenIsSaidOnce) {
    FailingClients clients;
    add(clients, 0, 1, kNow);
    const std::string name = clients.take_changed().begin()->first;
    clients.forget_before(kNow);
    EXPECT_EQ(clients.count(kReason, kNow), 1U);
    clients.forget_before(kNow + 10min);
    EXPECT_EQ(clients.take_changed(), (std::map<std::string, std::string>{{name, ""}}));
    EXPECT_TRUE(clients.take_changed().empty());
}

TEST(FailingClients, DamagedTextsAreIgnored) {
    FailingClients clients;
    add(clients, 0, 1, kNow);
    const auto [name, text] = *clients.take_changed().begin();
    FailingClients other;
    other.restore("", text);
    other.restore("failure_unknown_key", text);
    other.restore("failure_unknown_key:", text);
    other.restore("nothing:1", text);
    other.restore(name + "x", text);
    other.restore(name, text.substr(1));
    other.restore(name, std::string(text.size(), '\x01'));
    other.restore(name, std::string(text.size(), 'z'));
    EXPECT_EQ(other.count(kReason, kNow), 0U);
}

TEST(HashClient, IsTheSameEverywhere) {
    EXPECT_EQ(hash_client(""), 0xc3817c016ba4ff30U);
    EXPECT_NE(hash_client("10.0.0.1"), hash_client("10.0.0.2"));
}

}  // namespace
}  // namespace keyshift::domain
