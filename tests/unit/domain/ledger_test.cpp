// SPDX-License-Identifier: Apache-2.0
#include "domain/ledger.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
const base::Time kNow{std::chrono::seconds{1'768'003'200}};

Key legacy(std::string_view id, std::optional<base::Time> used = {}, std::string_view owner = "o1") {
    Key key;
    key.id = id;
    key.owner = owner;
    key.created_at = kNow - 1000h;
    key.last_used_at = used;
    key.legacy = true;
    return key;
}

Key modern(std::string_view id, base::Time created = kNow) {
    Key key;
    key.id = id;
    key.created_at = created;
    return key;
}

std::vector<std::uint32_t> rows(const std::vector<Gone>& gone) {
    std::vector<std::uint32_t> out;
    for (const Gone& key : gone) out.push_back(key.row);
    return out;
}

TEST(Ledger, FirstCensusCreatesEveryLegacyKeyUnderItsOwnRow) {
    Ledger ledger;
    ledger.begin_census();
    const Change a = ledger.observe(legacy("a"));
    const Change b = ledger.observe(legacy("b"));
    EXPECT_TRUE(a.created && b.created);
    EXPECT_EQ(a.row, 1U);
    EXPECT_EQ(b.row, 2U);
    EXPECT_FALSE(ledger.observe_modern(modern("c")));
    EXPECT_TRUE(ledger.finish_census().empty());
    const Inventory inventory = ledger.inventory(kNow);
    EXPECT_EQ(inventory.legacy_keys, 2U);
    EXPECT_EQ(inventory.modern_keys, 1U);
    EXPECT_EQ(inventory.legacy_owners, 1U);
    EXPECT_EQ(inventory.oldest_modern_created_at, kNow);
    EXPECT_EQ(inventory.legacy_last_used_at, std::nullopt);
}

TEST(Ledger, SeesUseAlterationAndSteppingBack) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("a", kNow));
    ledger.finish_census();

    EXPECT_FALSE(ledger.observe(legacy("a", kNow)).any());
    const Change used = ledger.observe(legacy("a", kNow + 1s));
    EXPECT_TRUE(used.used);
    EXPECT_FALSE(used.altered || used.created);

    Key blocked = legacy("a", kNow + 1s);
    blocked.blocked = true;
    EXPECT_TRUE(ledger.observe(blocked).altered);
    Key renamed = blocked;
    renamed.name = "new name";
    EXPECT_TRUE(ledger.observe(renamed).altered);
    Key expiring = renamed;
    expiring.expires_at = kNow;
    EXPECT_TRUE(ledger.observe(expiring).altered);
    Key moved = expiring;
    moved.owner = "o2";
    EXPECT_TRUE(ledger.observe(moved).altered);
    EXPECT_FALSE(ledger.observe(moved).any());

    Key back = moved;
    back.last_used_at = kNow;
    const Change stepped = ledger.observe(back);
    EXPECT_TRUE(stepped.set_back);
    EXPECT_FALSE(stepped.used || stepped.altered);
}

TEST(Ledger, ACensusReportsWhatIsGoneAndAPulseDoesNot) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("a"));
    ledger.observe(legacy("b"));
    ledger.finish_census();

    ledger.observe(legacy("a", kNow));  // a pulse sees only what changed
    EXPECT_EQ(ledger.inventory(kNow).legacy_keys, 2U);

    ledger.begin_census();
    ledger.observe(legacy("b"));
    EXPECT_EQ(rows(ledger.finish_census()), std::vector<std::uint32_t>{1});
    EXPECT_EQ(ledger.inventory(kNow).legacy_keys, 1U);
    ledger.begin_census();
    EXPECT_EQ(rows(ledger.finish_census()), std::vector<std::uint32_t>{2}) << "told once";
}

TEST(Ledger, AnUpgradeInPlaceIsRecognised) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("a"));
    ledger.finish_census();
    ledger.begin_census();
    EXPECT_TRUE(ledger.observe_modern(modern("a")));
    const auto gone = ledger.finish_census();
    ASSERT_EQ(rows(gone), std::vector<std::uint32_t>{1});
    EXPECT_TRUE(gone.front().upgraded);
}

TEST(Ledger, RestoredKeysKeepTheirRowsAndNewOnesComeAfterAll) {
    Ledger ledger;
    ledger.restore(legacy("a", kNow),
                   {.row = 7, .last_used = static_cast<std::uint32_t>(kNow.time_since_epoch() / 1s)});
    ledger.next_row(12);
    ledger.begin_census();
    EXPECT_FALSE(ledger.observe(legacy("a", kNow)).any());
    EXPECT_EQ(ledger.observe(legacy("b")).row, 12U);
    EXPECT_TRUE(ledger.finish_census().empty());
}

TEST(Ledger, UseWindowsEndAtTheDatabasesNow) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("just inside", kNow - 5min + 1s));
    ledger.observe(legacy("on the edge", kNow - 5min));
    ledger.observe(legacy("a day", kNow - 23h));
    ledger.observe(legacy("a month", kNow - 24h * 29));
    ledger.observe(legacy("long ago", kNow - 24h * 31));
    ledger.observe(legacy("never"));
    ledger.finish_census();
    const Inventory inventory = ledger.inventory(kNow);
    EXPECT_EQ(inventory.used, (std::array<std::uint64_t, 5>{1, 2, 3, 3, 4}));
    EXPECT_EQ(inventory.legacy_last_used_at, kNow - 5min + 1s);
}

TEST(Ledger, CostsAreCountedOnlyWhereKnown) {
    Ledger ledger;
    ledger.begin_census();
    for (const int cost : {10, 10, 12}) {
        const std::string id = "k" + std::to_string(ledger.inventory(kNow).legacy_keys);
        Key key = legacy(id);
        key.bcrypt_cost = cost;
        ledger.observe(key);
    }
    ledger.observe(legacy("unknown"));
    ledger.finish_census();
    EXPECT_EQ(ledger.inventory(kNow).by_bcrypt_cost, (std::map<int, std::uint64_t>{{10, 2}, {12, 1}}));
}

TEST(Ledger, OwnersAreCountedOnceAndOwnerlessNot) {
    Ledger ledger;
    ledger.begin_census();
    for (int i = 0; i < 50'000; ++i) {
        const std::string id = "k" + std::to_string(i);
        const std::string owner = "o" + std::to_string(i % 20'000);
        ledger.observe(legacy(id, {}, owner));
    }
    Key system = legacy("s");
    system.owner.reset();
    ledger.observe(system);
    ledger.finish_census();
    EXPECT_EQ(ledger.inventory(kNow).legacy_owners, 20'000U);
}

/// Against a plain set, through growth and removal of every part.
TEST(KeyTable, AgreesWithASetUnderRandomChange) {
    KeyTable table;
    std::set<std::uint64_t> model;
    std::mt19937_64 random(1);
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 3'000; ++i) {
            const std::uint64_t hash = random() | 1U;
            if (table.find(hash) == nullptr)
                table.insert(hash, {.row = static_cast<std::uint32_t>(hash >> 32U)});
            model.insert(hash);
        }
        const auto drop = [&](std::uint32_t row) { return row % 3 == static_cast<std::uint32_t>(round) % 3; };
        table.remove_if([&](const KeySlot& slot) { return drop(slot.row); });
        for (auto it = model.begin(); it != model.end();)
            it = drop(static_cast<std::uint32_t>(*it >> 32U)) ? model.erase(it) : std::next(it);
        ASSERT_EQ(table.size(), model.size());
        for (const std::uint64_t hash : model) {
            const KeySlot* const slot = table.find(hash);
            ASSERT_NE(slot, nullptr);
            ASSERT_EQ(slot->row, static_cast<std::uint32_t>(hash >> 32U));
        }
        std::size_t visited = 0;
        table.each([&](std::uint64_t, KeySlot&) { ++visited; });
        ASSERT_EQ(visited, model.size());
    }
}

}  // namespace
}  // namespace keyshift::domain
