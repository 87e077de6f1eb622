// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/beginnings.hpp"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Indices = std::vector<std::size_t>;

Indices found(const LineBeginnings& beginnings, const std::string& text) {
    Indices out;
    beginnings.find(text, [&](std::size_t index) { out.push_back(index); });
    std::sort(out.begin(), out.end());
    return out;
}

TEST(LineBeginnings, AreAllThatTheTextBeginsWith) {
    const LineBeginnings some({"Cache hit", "Cache", "Cache miss for key", "Cache hit", "Rate limit"});
    EXPECT_THAT(found(some, "Cache hit for key"), ElementsAre(0, 1, 3));
    EXPECT_THAT(found(some, "Cache"), ElementsAre(1));
    EXPECT_THAT(found(some, "Cache miss for"), ElementsAre(1));
    EXPECT_THAT(found(some, "Cache miss for key"), ElementsAre(1, 2));
    EXPECT_THAT(found(some, "Rate limit exceeded"), ElementsAre(4));
    for (const char* const none :
         {"", "C", "Cach", "cache", " Cache", "Rate limi", "a Cache hit", "zz", "AA"})
        EXPECT_THAT(found(some, none), IsEmpty()) << none;
}

TEST(LineBeginnings, ThereMayBeNone) {
    EXPECT_THAT(found(LineBeginnings({}), "text"), IsEmpty());
    EXPECT_THAT(found(LineBeginnings({}), ""), IsEmpty());
}

TEST(LineBeginnings, AreThoseOfOneComparisonWithEach) {
    std::mt19937 random(11);
    const auto text = [&](std::size_t longest) {
        std::string out(1 + random() % longest, 'a');
        for (char& c : out) c = "ab\xff\0"[random() % 8 == 0 ? 2 + random() % 2 : random() % 2];
        return out;
    };
    std::size_t hits = 0;
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> literals(random() % 90);
        const std::size_t shortest = random() % 9;
        for (std::string& literal : literals) literal = std::string(shortest, 'a') + text(6);
        const LineBeginnings beginnings(literals);
        for (int i = 0; i < 50; ++i) {
            const std::string line = std::string(shortest, 'a') + text(10);
            Indices expected;
            for (std::size_t at = 0; at < literals.size(); ++at)
                if (line.starts_with(literals[at])) expected.push_back(at);
            hits += expected.size();
            ASSERT_EQ(found(beginnings, line), expected);
        }
    }
    EXPECT_GT(hits, 1000U);
}

}  // namespace
}  // namespace keyshift::formats
