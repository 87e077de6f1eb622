// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/topology.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;

RedisReply reply(const std::string& bytes) {
    RedisReader reader;
    auto parsed = reader.feed(bytes);
    EXPECT_TRUE(parsed && *parsed) << bytes;
    return parsed && *parsed ? **parsed : RedisReply{};
}
std::string text(const std::string& value) {
    return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}
std::string node(const std::string& host, int port, const std::string& id) {
    return "*4\r\n" + text(host) + ":" + std::to_string(port) + "\r\n" + text(id) + "*0\r\n";
}
std::string range(int first, int last, const std::string& primary) {
    return "*4\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) + "\r\n" + primary +
           node("replica", 7999, "ffff");
}

TEST(ClusterSlots, GivesEachPrimaryOnce) {
    const auto primaries =
        parse_cluster_slots(reply("*4\r\n" + range(0, 99, node("10.0.0.1", 7000, "a1")) +
                                  range(100, 9999, node("10.0.0.2", 7001, "b2")) +
                                  range(10000, 10000, node("10.0.0.1", 7000, "a1")) +
                                  range(10001, 16383, "*3\r\n$-1\r\n:7002\r\n" + text("c3"))),
                            "seed");
    ASSERT_TRUE(primaries) << primaries.error().text();
    EXPECT_EQ(*primaries, (std::vector<RedisAddress>{
                              {"10.0.0.1", 7000, "a1"}, {"10.0.0.2", 7001, "b2"}, {"seed", 7002, "c3"}}));
}

TEST(ClusterSlots, ANodeWithoutAnAddressIsWhereItWasAsked) {
    for (const char* host : {"", "?"}) {
        const auto primaries =
            parse_cluster_slots(reply("*1\r\n" + range(0, 16383, node(host, 1, ""))), "seed");
        ASSERT_TRUE(primaries);
        EXPECT_EQ(primaries->at(0).host, "seed");
    }
    const auto old = parse_cluster_slots(reply("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n+a\r\n:1\r\n"), "seed");
    ASSERT_TRUE(old) << "Redis 3 gives no ids";
    EXPECT_EQ(old->at(0), (RedisAddress{"a", 1}));
}

TEST(ClusterSlots, ASlotThatNobodyServesIsAnError) {
    for (const std::string& bytes : {"*1\r\n" + range(0, 16382, node("a", 1, "")), std::string("*0\r\n")}) {
        const auto primaries = parse_cluster_slots(reply(bytes), "seed");
        ASSERT_FALSE(primaries);
        EXPECT_EQ(primaries.error().code, Errc::connect);
    }
}

TEST(ClusterSlots, AnythingElseIsNotUnderstood) {
    for (const std::string& bytes :
         {std::string("+OK\r\n"), std::string("$-1\r\n"), std::string("*1\r\n:1\r\n"),
          "*1\r\n" + range(5, 4, node("a", 1, "")),
          "*2\r\n" + range(0, 9, node("a", 1, "")) + range(9, 16383, node("b", 1, "")),
          "*1\r\n" + range(-1, 16383, node("a", 1, "")), "*1\r\n" + range(0, 16384, node("a", 1, "")),
          "*1\r\n" + range(0, 16383, node("a", 0, "")), "*1\r\n" + range(0, 16383, node("a", 65536, "")),
          "*1\r\n" + range(0, 16383, "*0\r\n"), "*1\r\n" + range(0, 16383, "*2\r\n:1\r\n:1\r\n"),
          "*1\r\n" + range(0, 16383, "+a\r\n"),
          "*1\r\n" + range(0, 16383, node(std::string(300, 'a'), 1, "")),
          std::string("*1\r\n*2\r\n:0\r\n:1\r\n")}) {
        const auto primaries = parse_cluster_slots(reply(bytes), "seed");
        ASSERT_FALSE(primaries) << bytes;
        EXPECT_EQ(primaries.error().code, Errc::parse) << bytes;
    }
}

TEST(SentinelMaster, IsAHostAndAPort) {
    const auto master = parse_sentinel_master(reply("*2\r\n" + text("10.0.0.1") + text("6379")));
    ASSERT_TRUE(master);
    EXPECT_EQ(*master, (RedisAddress{"10.0.0.1", 6379}));
    EXPECT_EQ(parse_sentinel_master(reply("*-1\r\n")).error().code, Errc::schema);
    for (const std::string& bytes : {std::string("+OK\r\n"), "*1\r\n" + text("a"),
                                     "*2\r\n" + text("a") + text("x"), "*2\r\n" + text("") + text("1"),
                                     "*2\r\n" + text("a") + text("0"), "*2\r\n" + text("a") + text("65536"),
                                     "*2\r\n" + text("a") + ":1\r\n", "*2\r\n" + text("a") + text("1 ")})
        EXPECT_EQ(parse_sentinel_master(reply(bytes)).error().code, Errc::parse) << bytes;
}

TEST(Role, TellsAMasterFromAReplica) {
    EXPECT_TRUE(*parse_role_is_master(reply("*3\r\n" + text("master") + ":3129659\r\n*0\r\n")));
    EXPECT_FALSE(*parse_role_is_master(reply("*2\r\n" + text("slave") + text("10.0.0.1"))));
    EXPECT_FALSE(*parse_role_is_master(reply("*1\r\n" + text("sentinel"))));
    EXPECT_FALSE(parse_role_is_master(reply("+master\r\n")));
    EXPECT_FALSE(parse_role_is_master(reply("*0\r\n")));
}

TEST(InfoField, IsTheWholeLineAfterItsName) {
    const std::string_view info = "# Server\r\nxrun_id:no\r\nrun_id:abc:d\r\n\r\ncluster_enabled:1";
    EXPECT_EQ(redis_info_field(info, "run_id"), "abc:d");
    EXPECT_EQ(redis_info_field(info, "cluster_enabled"), "1");
    EXPECT_EQ(redis_info_field(info, "cluster"), "");
    EXPECT_EQ(redis_info_field("", "run_id"), "");
    EXPECT_EQ(redis_info_field("run_id", "run_id"), "");
}

}  // namespace
}  // namespace keyshift::drivers
