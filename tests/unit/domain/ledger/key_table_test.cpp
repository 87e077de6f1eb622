// SPDX-License-Identifier: Apache-2.0
#include "domain/ledger/key_table.hpp"

#include <iterator>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

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
