// SPDX-License-Identifier: Apache-2.0
// redis_info.hpp: an answer as Redis 7 gives it, and what breaks it.
#include "formats/redis_info.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

using testing::HasSubstr;

constexpr std::string_view kReply =
    "# Server\r\nredis_version:7.0.15\r\nexecutable:/usr/bin/redis-server\r\nconfig_file:\r\n"
    "run_id:5d5b0a6c5a0e4fd1b5a6c5a0e4fd1b5a6c5a0e4f\r\nuptime_in_seconds:12\r\n\r\n"
    "# Memory\r\nused_memory:18446744073709551615\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n\r\n"
    "# Persistence\r\nloading:0\r\nasync_loading:1\r\n\r\n"
    "# Stats\r\nkeyspace_hits:3\r\nkeyspace_misses:4\r\nevicted_keys:5\r\nexpired_keys:6\r\nbad:-1\r\n\r\n"
    "# Replication\r\nrole:master\r\nslave0:ip=10.0.0.1,port=6379\r\nmodule:name=a\r\nmodule:name=b\r\n\r\n"
    "an unknown line\r\n:no key\r\n"
    "# Cluster\r\ncluster_enabled:1\r\n\r\n"
    "# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=99\r\ndb2:keys=x,expires=1\r\ndb3:keys=1\r\n";

RedisInfo info() {
    return RedisInfo::parse(kReply).value();
}

TEST(RedisInfo, Values) {
    const RedisInfo reply = info();
    EXPECT_EQ(reply.text("redis_version").value(), "7.0.15");
    EXPECT_EQ(reply.text("role").value(), "master");
    EXPECT_EQ(reply.text("maxmemory_policy").value(), "noeviction");
    EXPECT_EQ(reply.text("run_id").value(), "5d5b0a6c5a0e4fd1b5a6c5a0e4fd1b5a6c5a0e4f");
    EXPECT_EQ(reply.text("config_file").value(), "");
    EXPECT_EQ(reply.text("slave0").value(), "ip=10.0.0.1,port=6379");
    EXPECT_EQ(reply.text("module").value(), "name=a") << "the first counts";
    EXPECT_EQ(reply.number("used_memory").value(), 18446744073709551615U);
    EXPECT_EQ(reply.number("keyspace_misses").value(), 4U);
    EXPECT_FALSE(reply.flag("loading").value());
    EXPECT_TRUE(reply.flag("cluster_enabled").value());
    EXPECT_TRUE(reply.has("executable"));
    EXPECT_FALSE(reply.has("an unknown line"));
}

TEST(RedisInfo, WhatIsMissingIsNamed) {
    const RedisInfo reply = info();
    EXPECT_EQ(reply.text("nothing").error().what, "Redis' INFO has no nothing");
    EXPECT_EQ(reply.number("nothing").error().code, base::Errc::parse);
    EXPECT_EQ(reply.flag("nothing").error().what, "Redis' INFO has no nothing");
    EXPECT_EQ(reply.number("bad").error().what, "Redis' INFO says bad:-1, not an unsigned number");
    EXPECT_EQ(reply.number("role").error().what, "Redis' INFO says role:master, not an unsigned number");
    EXPECT_EQ(reply.number("config_file").error().what,
              "Redis' INFO says config_file:, not an unsigned number");
    EXPECT_EQ(reply.flag("keyspace_hits").error().what, "Redis' INFO says keyspace_hits:3, not 0 or 1");
}

TEST(RedisInfo, Databases) {
    const RedisInfo reply = info();
    EXPECT_EQ(reply.database(0).value().keys, 12U);
    EXPECT_EQ(reply.database(0).value().expires, 3U);
    EXPECT_EQ(reply.database(1).value().keys, 0U) << "Redis leaves out what is empty";
    EXPECT_THAT(reply.database(2).error().what, HasSubstr("says db2:keys=x,expires=1, not keys="));
    EXPECT_FALSE(reply.database(3));
    const auto without = RedisInfo::parse("# Server\r\nredis_version:7\r\n");
    EXPECT_EQ(without->database(0).error().what, "Redis' INFO has no section Keyspace");
    EXPECT_EQ(RedisInfo::parse("a:b\r\n# Keyspace\r\n")->database(0).value().keys, 0U);
}

TEST(RedisInfo, Sections) {
    EXPECT_TRUE(info().has_section("keyspace"));
    EXPECT_TRUE(info().has_section("Stats"));
    EXPECT_FALSE(info().has_section("Modules"));
}

TEST(RedisInfo, WhatTheServerIs) {
    const auto reply = [](const std::string& lines) {
        return RedisInfo::parse("# Server\r\n" + lines).value();
    };
    const RedisInfo valkey = reply(
        "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\nserver_mode:standalone\r\n");
    EXPECT_EQ(valkey.server(), "Valkey 8.1.1") << "not the Redis that it is compatible with";
    EXPECT_FALSE(valkey.is_sentinel());
    EXPECT_EQ(reply("redis_version:8.0.2\r\nredis_mode:standalone\r\n").server(), "Redis 8.0.2");
    EXPECT_EQ(reply("run_id:5d5b\r\n").server(), "Redis of unknown version");
    EXPECT_FALSE(info().is_sentinel());
    EXPECT_TRUE(reply("redis_version:7.0.15\r\nredis_mode:sentinel\r\n").is_sentinel());
    EXPECT_TRUE(reply("valkey_version:8.1.1\r\nserver_mode:sentinel\r\n").is_sentinel());
}

TEST(RedisInfo, PlainLineFeedsWillDo) {
    EXPECT_EQ(RedisInfo::parse("a:1\nb:2\n")->number("b").value(), 2U);
}

TEST(RedisInfo, EveryCutIsNoticedOrHarmless) {
    for (std::size_t size = 0; size < kReply.size(); ++size) {
        const auto cut = RedisInfo::parse(kReply.substr(0, size));
        if (!cut) continue;
        EXPECT_EQ(kReply[size - 1], '\n') << "cut within a line at " << size;
    }
}

TEST(RedisInfo, Garbage) {
    EXPECT_EQ(RedisInfo::parse("").error().what, "Redis' INFO has no line \"key:value\" but \"\"");
    EXPECT_EQ(RedisInfo::parse("hello\r\n").error().what,
              "Redis' INFO has no line \"key:value\" but \"hello\\r\\n\"");
    EXPECT_EQ(RedisInfo::parse("a:1\r\nb:\x1B").error().what, "Redis' INFO breaks off after \"b:\\x1b\"");
    EXPECT_EQ(RedisInfo::parse("# Server\r\n").error().code, base::Errc::parse);
}

}  // namespace
}  // namespace keyshift::formats
