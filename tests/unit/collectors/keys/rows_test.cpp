// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/rows.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using base::Result;

class Seen final : public KeySink {
 public:
    Result<void> begin(const ScanStart&) override {
        ++begun;
        return {};
    }
    Result<void> key(const domain::Key& key) override {
        keys.emplace_back(key.id);
        return {};
    }
    Result<std::vector<std::string>> missing(std::size_t) override { return std::vector<std::string>{}; }

    int begun = 0;
    std::vector<std::string> keys;
};

/// A row of twelve fields, as COPY sends it, of which only the first two are not NULL.
std::string row_of(const std::string& id, std::size_t owner) {
    std::string out;
    for (const std::string& text : {id, std::string(owner, 'o')}) {
        for (const unsigned shift : {24U, 16U, 8U, 0U})
            out += static_cast<char>(text.size() >> shift & 0xFFU);
        out += text;
    }
    for (int field = 0; field < 10; ++field) out += "\xFF\xFF\xFF\xFF";
    return out;
}

void add(KeyRows& rows, int from, int to, std::size_t owner) {
    for (int i = from; i < to; ++i) {
        const std::string bytes = row_of(std::to_string(i), owner);
        drivers::PostgresRow row(bytes);
        ASSERT_TRUE(rows.add(row));
    }
}

constexpr std::size_t kKilobyte = 1024;

RowReader reader() {
    static const KeySource source;
    static const SharedHashes none;
    return {source, none, {}};
}

TEST(KeyRows, WaitForTheEndOfTheTransaction) {
    Seen seen;
    KeyRows rows(seen, reader(), {.scan = Scan::pulse, .moment = {}, .data_at = {}, .table = {}},
                 KeyRows::Overflow::file);
    add(rows, 0, 20'000, kKilobyte);  // more than memory holds
    EXPECT_EQ(seen.begun, 0);
    EXPECT_TRUE(seen.keys.empty());
    ASSERT_TRUE(rows.deliver());
    EXPECT_EQ(seen.begun, 1);
    ASSERT_EQ(seen.keys.size(), 20'000U);
    EXPECT_EQ(seen.keys.front(), "0");
    EXPECT_EQ(seen.keys.back(), "19999");
    EXPECT_EQ(rows.count(), 20'000U);
}

TEST(KeyRows, ASmallCensusWaitsTooWhereItMayStream) {
    Seen seen;
    KeyRows rows(seen, reader(), {.scan = Scan::census, .moment = {}, .data_at = {}, .table = {}},
                 KeyRows::Overflow::stream);
    add(rows, 0, 4'000, kKilobyte);
    EXPECT_EQ(seen.begun, 0);
    ASSERT_TRUE(rows.deliver());
    EXPECT_EQ(seen.begun, 1);
    EXPECT_EQ(seen.keys.size(), 4'000U);
}

TEST(KeyRows, ALargeCensusStreamsInItsOrder) {
    Seen seen;
    KeyRows rows(seen, reader(), {.scan = Scan::census, .moment = {}, .data_at = {}, .table = {}},
                 KeyRows::Overflow::stream);
    add(rows, 0, 12'000, kKilobyte);
    EXPECT_EQ(seen.begun, 1);
    EXPECT_EQ(seen.keys.size(), 12'000U) << "none is kept any more";
    ASSERT_TRUE(rows.deliver());
    EXPECT_EQ(seen.begun, 1);
    ASSERT_EQ(seen.keys.size(), 12'000U);
    for (int i = 0; i < 12'000; i += 1'000)
        EXPECT_EQ(seen.keys[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST(KeyRows, NoRowsAreAScanToo) {
    Seen seen;
    KeyRows rows(seen, reader(), {.scan = Scan::pulse, .moment = {}, .data_at = {}, .table = {}},
                 KeyRows::Overflow::file);
    ASSERT_TRUE(rows.deliver());
    EXPECT_EQ(seen.begun, 1);
}

TEST(KeyRows, ARowOfAnotherShapeIsAnError) {
    Seen seen;
    drivers::PostgresRow row("\x7F");
    RowReader reads = reader();
    const auto handed = hand_over(row, reads, seen);
    ASSERT_FALSE(handed);
    EXPECT_EQ(handed.error().code, base::Errc::parse);
}

}  // namespace
}  // namespace keyshift::collectors
