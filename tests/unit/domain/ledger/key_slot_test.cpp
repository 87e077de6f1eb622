// SPDX-License-Identifier: Apache-2.0
#include "domain/ledger/key_slot.hpp"

#include <gtest/gtest.h>

#include "domain/phases/pairing.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using base::Time;

TEST(KeySlot, SecondsAreRoundedDownAndNeverZero) {
    EXPECT_EQ(to_seconds(Time{5s}), 5U);
    EXPECT_EQ(to_seconds(Time{6s - 1us}), 5U);
    EXPECT_EQ(to_seconds(Time{1us}), 1U) << "0 means never";
    EXPECT_EQ(to_seconds(Time{-5s}), 1U);
    EXPECT_EQ(to_seconds(Time{std::chrono::hours{24 * 365 * 200}}), UINT32_MAX);
    EXPECT_EQ(from_seconds(5), Time{5s});
}

TEST(KeySlot, AKeyIsTakenToBeUsedAsLateAsItCanHaveBeen) {
    KeySlot slot;
    slot.reference = 5;
    EXPECT_EQ(facts(slot).created_at, Time{6s - 1us});
    EXPECT_EQ(facts(slot).last_used_at, std::nullopt);
    slot.used = 1;
    EXPECT_EQ(facts(slot).last_used_at, Time{6s - 1us});
    slot.longest_gap = 7;
    EXPECT_EQ(facts(slot).longest_gap, 7s);
}

TEST(KeySlot, FactsAreThoseOfTheSlot) {
    KeySlot slot;
    EXPECT_FALSE(facts(slot).blocked || facts(slot).expired || facts(slot).over_budget);
    slot.blocked = 1;
    EXPECT_TRUE(facts(slot).blocked);
    slot.blocked = 0, slot.expired = 1;
    EXPECT_TRUE(facts(slot).expired && !facts(slot).blocked && !facts(slot).over_budget);
    slot.expired = 0, slot.over_budget = 1;
    EXPECT_TRUE(facts(slot).over_budget);
}

TEST(KeySlot, AReplacementIsUsedOnceItsUseIsKnown) {
    KeySlot slot;
    slot.replacement_used = 5;
    EXPECT_EQ(facts(slot).replacement, Replacement::none) << "no rule has matched one";
    slot.rule = static_cast<std::uint32_t>(PairRule::owner) & 3U;
    EXPECT_EQ(facts(slot).replacement, Replacement::used);
    slot.replacement_used = 0;
    EXPECT_EQ(facts(slot).replacement, Replacement::unused);
}

}  // namespace
}  // namespace keyshift::domain
