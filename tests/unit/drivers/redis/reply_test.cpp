// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/reply.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using Kind = RedisReply::Kind;

base::Result<std::optional<RedisReply>> read_all(std::string_view bytes) {
    RedisReader reader;
    return reader.feed(bytes);
}

/// One line that says it all: "[text 'a', 7, nil]".
std::string shown(const RedisReply& reply) {
    switch (reply.kind) {
        case Kind::nil:
            return "nil";
        case Kind::text:
            return "'" + reply.text + "'";
        case Kind::error:
            return "error '" + reply.text + "'";
        case Kind::integer:
            return std::to_string(reply.integer);
        case Kind::array:
            break;
    }
    std::string out;
    for (const RedisReply& element : reply.elements) out += (out.empty() ? "" : ", ") + shown(element);
    return "[" + out + "]";
}

constexpr std::string_view kEverything =
    "*8\r\n+OK\r\n:-42\r\n$5\r\na\r\nbc\r\n$-1\r\n*0\r\n$0\r\n\r\n-ERR no\r\n*2\r\n*1\r\n:1\r\n+two\r\n";
constexpr std::string_view kShown = "['OK', -42, 'a\r\nbc', nil, [], '', error 'ERR no', [[1], 'two']]";

TEST(RedisReader, ReadsEveryKindOfReplyHoweverItIsSplit) {
    for (std::size_t cut = 0; cut <= kEverything.size(); ++cut) {
        RedisReader reader;
        auto reply = reader.feed(kEverything.substr(0, cut));
        ASSERT_TRUE(reply) << cut;
        if (cut < kEverything.size()) {
            ASSERT_FALSE(*reply) << cut;
            reply = reader.feed(kEverything.substr(cut));
        }
        ASSERT_TRUE(reply && *reply) << cut;
        EXPECT_EQ(shown(**reply), kShown);
    }
}

TEST(RedisReader, AVerbatimStringIsItsText) {
    EXPECT_EQ(shown(**read_all("=10\r\ntxt:# Info\r\n")), "'# Info'");
    EXPECT_EQ(shown(**read_all("=4\r\ntxt:\r\n")), "''");
    EXPECT_EQ(shown(**read_all("=2\r\nab\r\n")), "'ab'") << "no format before it";
    EXPECT_EQ(shown(**read_all("$10\r\ntxt:# Info\r\n")), "'txt:# Info'") << "an ordinary string";
    EXPECT_FALSE(*read_all("=10\r\ntxt:# In"));
}

TEST(RedisReader, ReadsByteByByteAndReplyAfterReply) {
    RedisReader reader;
    for (int i = 0; i < 3; ++i) {
        for (std::size_t at = 0; at < kEverything.size(); ++at) {
            const auto reply = reader.feed(kEverything.substr(at, 1));
            ASSERT_TRUE(reply);
            ASSERT_EQ(reply->has_value(), at + 1 == kEverything.size());
            if (*reply) {
                EXPECT_EQ(shown(**reply), kShown);
            }
        }
    }
}

TEST(RedisReader, GarbageIsAnErrorAndCannotDriveATerminal) {
    for (const char* bytes :
         {"HTTP/1.1 400 Bad Request\r\n", "\x1b[2J\r\n", "\x15\x03\x01", ":12x\r\n", ":\r\n", "*x\r\n",
          "*-2\r\n", "$-2\r\n", "_\r\n", "%1\r\n", "#t\r\n", "*1\r\n?\r\n"}) {
        const auto reply = read_all(bytes);
        ASSERT_FALSE(reply) << bytes;
        EXPECT_EQ(reply.error().code, Errc::parse);
        EXPECT_EQ(reply.error().what.find('\x1b'), std::string::npos);
    }
}

TEST(RedisReader, WhatNobodyAskedForIsAnError) {
    EXPECT_FALSE(read_all("+OK\r\n+OK\r\n"));
    EXPECT_FALSE(read_all("+OK\r\n+"));
}

TEST(RedisReader, RefusesAHugeReplyWhenItIsAnnounced) {
    EXPECT_TRUE(read_all("$67108864\r\n"));
    for (const char* bytes : {"$67108865\r\n", "$9999999999\r\n", "*2\r\n+a\r\n$9223372036854775807\r\n",
                              "$99999999999999999999999999\r\n", "*4294967296\r\n"}) {
        const auto reply = read_all(bytes);
        ASSERT_FALSE(reply) << bytes;
        EXPECT_EQ(reply.error().code, Errc::parse);
    }
}

TEST(RedisReader, RefusesAHugeReplyWhenItHasCome) {
    RedisReader reader;
    const std::string bulk = "$1000000\r\n" + std::string(1'000'000, 'x') + "\r\n";
    ASSERT_TRUE(reader.feed("*1000\r\n"));
    int taken = 0;
    while (taken < 1000 && reader.feed(bulk)) ++taken;
    EXPECT_EQ(taken, 67);
}

TEST(RedisReader, RefusesMoreElementsThanAnyAnswerHas) {
    EXPECT_TRUE(read_all("*2147483647\r\n")) << "nothing is allocated for what is only announced";
    std::string bytes = "*2000000\r\n";
    for (int i = 0; i < 999'999; ++i) bytes += "*0\r\n";
    EXPECT_TRUE(read_all(bytes));
    const auto reply = read_all(bytes + "*0\r\n");
    ASSERT_FALSE(reply);
    EXPECT_NE(reply.error().what.find("million"), std::string::npos);
}

TEST(RedisReader, RefusesALineWithoutAnEnd) {
    for (const char* begin : {"+", "-", ":", "*", "$"}) {
        RedisReader reader;
        EXPECT_TRUE(reader.feed(begin + std::string(1000, '0')));
        EXPECT_FALSE(reader.feed(std::string(70'000, '0'))) << begin;
    }
}

TEST(RedisReader, RefusesDeepNesting) {
    std::string bytes;
    for (int i = 0; i < 7; ++i) bytes += "*1\r\n";
    EXPECT_TRUE(read_all(bytes + ":1\r\n"));
    for (int i = 0; i < 1000; ++i) bytes += "*1\r\n";
    const auto reply = read_all(bytes);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Errc::parse);
}

TEST(RedisReader, CountsEachReplyByItself) {
    RedisReader reader;
    const std::string bulk = "$30000000\r\n" + std::string(30'000'000, 'x') + "\r\n";
    std::string many = "*600000\r\n";
    for (int i = 0; i < 600'000; ++i) many += ":1\r\n";
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(reader.feed(i % 2 == 0 ? bulk : many)) << i;
}

TEST(RedisCommand, IsAnArrayOfBulkStrings) {
    EXPECT_EQ(encode_redis_command({"SCAN", "0", ""}), "*3\r\n$4\r\nSCAN\r\n$1\r\n0\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace keyshift::drivers
