// SPDX-License-Identifier: Apache-2.0
// action_body.hpp: JSON at its word, and nothing of it repeated.
#include "daemon/api/action_body.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::daemon {
namespace {

using Kind = Member::Kind;

base::Result<ActionBody> parse(const std::string& text) {
    return parse_action_body(
        text, {{"legacy", Kind::id, true}, {"note", Kind::note, false}, {"force", Kind::flag, false}});
}

TEST(ActionBody, HasWhatWasSent) {
    const auto body = parse(R"( {"legacy":"a","note":"ä \"b\"","force":true} )");
    ASSERT_TRUE(body);
    EXPECT_EQ(*body, (ActionBody{{"legacy", "a"}, {"note", "ä \"b\""}, {"force", "true"}}));
    EXPECT_EQ(parse(R"({"legacy":"a","force":false,"note":""})")->count("force"), 0U);
}

TEST(ActionBody, WhatIsNotJsonOrNotAskedForIsRefusedAndNotRepeated) {
    const std::string deep(3000, '[');
    for (const std::string& text :
         std::initializer_list<std::string>{"",
                                            "null",
                                            "[]",
                                            "\"legacy\"",
                                            "{",
                                            "{\"legacy\":\"<b>\"",
                                            "legacy=<b>",
                                            "{\"legacy\":\"a\"}x",
                                            "{\"legacy\":\"a\",}",
                                            "{'legacy':'<b>'}",
                                            "{\"legacy\":\"\xff<b>\"}",
                                            "{\"legacy\":1}",
                                            "{\"legacy\":null}",
                                            "{\"legacy\":[\"<b>\"]}",
                                            "{\"legacy\":\"\"}",
                                            "{}",
                                            "{\"note\":\"<b>\"}",
                                            "{\"legacy\":\"a\",\"<b>\":1}",
                                            "{\"legacy\":\"a\",\"legacy\":\"<b>\"}",
                                            "{\"legacy\":\"a\",\"force\":\"true\"}",
                                            "{\"legacy\":\"a\",\"force\":1}",
                                            "{\"legacy\":\"a\",\"note\":null}",
                                            "{\"legacy\":\"a\\u0000\"}",
                                            "{\"legacy\":\"a\\n\"}",
                                            "{\"Legacy\":\"a\"}",
                                            "{\"legacy\":\"" + std::string(1025, 'a') + "\"}",
                                            "{\"legacy\":\"a\",\"note\":\"" + std::string(2001, 'a') + "\"}",
                                            deep}) {
        const auto body = parse(text);
        ASSERT_FALSE(body) << text;
        EXPECT_EQ(body.error().code, base::Errc::usage) << text;
        EXPECT_EQ(body.error().text().find("<b>"), std::string::npos) << body.error().text();
    }
}

}  // namespace
}  // namespace keyshift::daemon
