// SPDX-License-Identifier: Apache-2.0
#include "domain/keys/future_uses.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using base::Time;
using namespace std::chrono_literals;

constexpr Time kNow{std::chrono::seconds{1'780'000'000}};

TEST(FutureUses, OnlyAChangeTellsOfAUse) {
    FutureUses uses;
    EXPECT_EQ(uses.use(1, kNow + 9h, kNow), std::nullopt);
    EXPECT_EQ(uses.use(1, kNow + 9h, kNow + 1min), std::nullopt);
    EXPECT_EQ(uses.use(1, kNow + 10h, kNow + 2min), kNow + 2min);
    EXPECT_EQ(uses.use(1, kNow + 10h, kNow + 3min), kNow + 2min) << "it stands still";
    EXPECT_EQ(uses.use(1, kNow + 9h, kNow + 4min), kNow + 4min) << "set back is a change too";
    EXPECT_EQ(uses.use(2, kNow + 9h, kNow + 4min), std::nullopt) << "each key by itself";
}

TEST(FutureUses, FurtherKeysAreNotRemembered) {
    FutureUses uses;
    for (std::uint64_t key = 0; key < FutureUses::kMost; ++key) uses.use(key, kNow + 1h, kNow);
    const std::uint64_t one_more = FutureUses::kMost;
    uses.use(one_more, kNow + 1h, kNow);
    EXPECT_EQ(uses.use(one_more, kNow + 2h, kNow), std::nullopt);
    EXPECT_EQ(uses.use(0, kNow + 2h, kNow), kNow);
}

}  // namespace
}  // namespace keyshift::domain
