// SPDX-License-Identifier: Apache-2.0
// The one test of a driver here that needs a file: it has no name and is gone with the spool.
#include "drivers/postgres/row_spool.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;

std::vector<std::string> all(const RowSpool& spool) {
    std::vector<std::string> rows;
    const auto read = spool.each([&](PostgresRow& row) -> Result<void> {
        rows.emplace_back(row.rest());
        return {};
    });
    EXPECT_TRUE(read);
    return rows;
}

std::vector<std::string> fill(RowSpool& spool, std::size_t count, std::size_t size) {
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < count; ++i) {
        rows.push_back(std::to_string(i) + std::string(i % size, 'x'));
        EXPECT_TRUE(spool.add(PostgresRow(rows.back())));
    }
    return rows;
}

TEST(RowSpool, GivesBackWhatFitsIntoMemory) {
    RowSpool spool;
    EXPECT_EQ(all(spool), std::vector<std::string>{});
    const auto rows = fill(spool, 1000, 100);
    EXPECT_FALSE(spool.full());
    EXPECT_EQ(spool.size(), 1000U);
    EXPECT_EQ(all(spool), rows);
    EXPECT_EQ(all(spool), rows) << "as often as one likes";
    spool.clear();
    EXPECT_EQ(spool.size(), 0U);
    EXPECT_EQ(all(spool), std::vector<std::string>{});
}

TEST(RowSpool, GivesBackWhatWentToTheFile) {
    RowSpool spool(1000);
    const auto rows = fill(spool, 20'000, 700);  // several pieces, rows across their borders
    EXPECT_TRUE(spool.full());
    EXPECT_EQ(all(spool), rows);
    EXPECT_EQ(all(spool), rows);
}

TEST(RowSpool, SaysBeforeTheFileIsNeeded) {
    RowSpool spool(100);
    while (!spool.full()) ASSERT_TRUE(spool.add(PostgresRow("0123456789")));
    EXPECT_EQ(all(spool).size(), spool.size());
}

TEST(RowSpool, EndsAtTheFirstErrorOfWhoTakesTheRows) {
    RowSpool spool(100);
    fill(spool, 100, 10);
    std::size_t seen = 0;
    const auto read = spool.each([&](PostgresRow&) -> Result<void> {
        if (++seen == 3) return Error{Errc::parse, "no more", {}};
        return {};
    });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what, "no more");
    EXPECT_EQ(seen, 3U);
}

}  // namespace
}  // namespace keyshift::drivers
