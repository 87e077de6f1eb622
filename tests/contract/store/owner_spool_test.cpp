// SPDX-License-Identifier: Apache-2.0
#include "store/owner_spool.hpp"

#include <map>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::store {
namespace {

namespace fs = std::filesystem;

SpooledKey key(std::uint64_t owner, std::uint64_t number, std::string_view id = {}) {
    SpooledKey key;
    key.owner = owner;
    key.name = number * 3;
    key.folded = number * 5;
    key.key = number;
    key.created = static_cast<std::uint32_t>(number + 7);
    key.last_used = static_cast<std::uint32_t>(number % 2 == 0 ? 0 : number);
    key.legacy = number % 3 == 0;
    key.owned = number % 5 != 0;
    key.id = id;
    return key;
}

/// So many that most parts go to the file, and one owner has more than a block.
TEST(OwnerSpool, GivesEachOwnersKeysBackAtOnceAndWhole) {
    OwnerSpool spool(fs::temp_directory_path());
    std::mt19937_64 random(3);
    std::map<std::uint64_t, std::map<std::uint64_t, std::string>> model;
    for (std::uint64_t number = 1; number <= 60'000; ++number) {
        const std::uint64_t owner = number % 10 == 0 ? 42 : random() % 5'000;
        const std::string id(random() % 40, static_cast<char>('a' + number % 26));
        model[owner][number] = id;
        ASSERT_TRUE(spool.add(key(owner, number, id)));
    }
    std::set<std::uint64_t> seen;
    ASSERT_TRUE(spool.each_owner([&](std::span<const SpooledKey> keys) {
        const std::uint64_t owner = keys.front().owner;
        ASSERT_TRUE(seen.insert(owner).second) << "an owner came twice";
        ASSERT_EQ(keys.size(), model.at(owner).size());
        for (const SpooledKey& k : keys) {
            const SpooledKey wanted = key(owner, k.key);
            ASSERT_EQ(k.owner, owner);
            ASSERT_EQ(k.id, model.at(owner).at(k.key));
            ASSERT_TRUE(k.name == wanted.name && k.folded == wanted.folded && k.created == wanted.created &&
                        k.last_used == wanted.last_used && k.legacy == wanted.legacy &&
                        k.owned == wanted.owned);
        }
    }));
    EXPECT_EQ(seen.size(), model.size());
}

TEST(OwnerSpool, IsEmptyAfterwardsAndAfterClear) {
    OwnerSpool spool(fs::temp_directory_path());
    int owners = 0;
    const auto count = [&](std::span<const SpooledKey>) { ++owners; };
    ASSERT_TRUE(spool.add(key(1, 1)));
    ASSERT_TRUE(spool.each_owner(count));
    EXPECT_EQ(owners, 1);
    ASSERT_TRUE(spool.add(key(2, 2)));
    spool.clear();
    ASSERT_TRUE(spool.each_owner(count));
    EXPECT_EQ(owners, 1);
}

TEST(OwnerSpool, SaysWhereItCouldNotMakeItsFile) {
    OwnerSpool spool("/nowhere/at/all");
    base::Result<void> done;
    for (std::uint64_t number = 0; number < 1'000 && done; ++number) done = spool.add(key(1, number));
    ASSERT_FALSE(done) << "memory is not the place for that many";
    EXPECT_NE(done.error().what.find("/nowhere/at/all"), std::string::npos);
}

}  // namespace
}  // namespace keyshift::store
