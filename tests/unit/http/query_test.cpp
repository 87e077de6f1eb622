// SPDX-License-Identifier: Apache-2.0
#include "http/query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(Query, IsDecodedAsFormsAre) {
    EXPECT_THAT(*parse_query("a=1&b=x+y&c=%2B%20%26&d&=e&&f=g=h"),
                ElementsAre(Pair("a", "1"), Pair("b", "x y"), Pair("c", "+ &"), Pair("d", ""), Pair("", "e"),
                            Pair("f", "g=h")));
    EXPECT_THAT(*parse_query(""), IsEmpty());
    EXPECT_THAT(*parse_query("n=%C3%A4%F0%9F%94%91"), ElementsAre(Pair("n", "\u00e4\U0001f511")));
    EXPECT_THAT(*parse_query("%61=%62"), ElementsAre(Pair("a", "b")));
}

TEST(Query, WhatCannotBeTextIsRefused) {
    for (const char* bad : {"a=%", "a=%1", "a=%1g", "a=%zz", "%=1", "a=%00", "a=%1b", "a=%0a", "a=%7f",
                            "a=%c2%85", "a=%ff", "a=%c3", "a=%ed%a0%80"}) {
        const auto query = parse_query(bad);
        ASSERT_FALSE(query) << bad;
        EXPECT_EQ(query.error().code, base::Errc::usage);
    }
}

TEST(Query, HasFiftyParametersAtMost) {
    std::string query;
    for (int i = 0; i < 50; ++i) query += "&a=1";
    EXPECT_EQ(parse_query(query)->size(), 50U);
    EXPECT_FALSE(parse_query(query + "&a=1"));
}

TEST(Query, APlusInAPathIsItself) {
    EXPECT_EQ(*decode_path_part("a+b%20c%2f.."), "a+b c/..");
    EXPECT_FALSE(decode_path_part("%00"));
}

TEST(Query, EncodesWhatItReads) {
    const std::string text = "a b&c=d+\u00e4%/?#~._-";
    EXPECT_THAT(*parse_query("x=" + encode_query_value(text)), ElementsAre(Pair("x", text)));
    EXPECT_EQ(encode_query_value("aZ9-._~ "), "aZ9-._~%20");
}

}  // namespace
}  // namespace keyshift::http
