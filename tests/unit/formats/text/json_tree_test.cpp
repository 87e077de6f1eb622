// SPDX-License-Identifier: Apache-2.0
#include "formats/text/json_tree.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

using Kind = JsonTree::Kind;

TEST(JsonTree, EachKindOfValue) {
    const auto tree = parse_json(
        R"({"n":null,"b":true,"i":-3,"u":18446744073709551615,"d":0.5,"t":"\u00e4","l":[1,[]],"o":{}})");
    ASSERT_TRUE(tree);
    EXPECT_EQ(tree->kind, Kind::object);
    EXPECT_EQ(tree->find("n")->kind, Kind::null);
    EXPECT_TRUE(tree->find("b")->truth);
    EXPECT_EQ(tree->find("i")->number, -3);
    EXPECT_EQ(tree->find("u")->number, 18446744073709551615.0);
    EXPECT_EQ(tree->find("d")->number, 0.5);
    EXPECT_EQ(tree->find("t")->text, "\u00e4");
    EXPECT_EQ(tree->find("l")->items.size(), 2U);
    EXPECT_EQ(tree->find("l")->items[1].kind, Kind::list);
    EXPECT_EQ(tree->find("o")->kind, Kind::object);
    EXPECT_EQ(tree->find("missing"), nullptr);
    EXPECT_EQ(tree->find("t")->find("t"), nullptr);
}

TEST(JsonTree, WhatIsNoJsonIsAnError) {
    for (const char* const text : {"", "{", "{\"a\":1} x", "nul", "\"\xff\"", "[1,]"}) {
        const auto tree = parse_json(text);
        ASSERT_FALSE(tree) << text;
        EXPECT_EQ(tree.error().code, base::Errc::parse);
    }
}

TEST(JsonTree, DepthIsBounded) {
    EXPECT_TRUE(parse_json(std::string(60, '[') + std::string(60, ']')));
    EXPECT_FALSE(parse_json(std::string(10'000, '[') + std::string(10'000, ']')));
}

}  // namespace
}  // namespace keyshift::formats
