// SPDX-License-Identifier: Apache-2.0
// redis_info.hpp: an answer as Redis 7 gives it, and what breaks it.
#include "formats/metrics/redis_info.hpp"

#include <cstdint>
#include <optional>
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

TEST(RedisInfo, TheLastLineMayLackItsEnd) {
    EXPECT_EQ(RedisInfo::parse("a:1\r\nb:2")->number("b").value(), 2U);
    EXPECT_EQ(RedisInfo::parse("# Keyspace\r\ndb0:keys=7,expires=1")->database(0).value().keys, 7U);
    for (std::size_t size = 0; size < kReply.size(); ++size) RedisInfo::parse(kReply.substr(0, size));
}

/// As each product writes it, shortened; by its own documentation and source.
struct Product {
    const char* server;
    const char* info;
    std::optional<std::uint64_t> keys;  ///< of database 0; empty: it does not say
    bool has_run;
    bool has_hits;
    bool is_sentinel = false;
};

const Product kProductsSeen[] = {
    {"Redis 7.0.15",
     "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:5d5b\r\n\r\n# Stats\r\n"
     "keyspace_hits:3\r\nkeyspace_misses:4\r\nevicted_keys:0\r\n\r\n# Keyspace\r\ndb0:keys=2,expires=1,"
     "avg_ttl=0\r\n",
     2, true, true},
    {"Redis 8.0.2",
     "# Server\r\nredis_version:8.0.2\r\nredis_mode:standalone\r\nrun_id:5d5b\r\n\r\n# Stats\r\n"
     "keyspace_hits:3\r\n\r\n# Keysizes\r\ndb0_distrib_strings_sizes:1=2\r\n\r\n# Keyspace\r\n"
     "db0:keys=2,expires=1,avg_ttl=0,subexpiry=0\r\n",
     2, true, true},
    {"Redis 7.2.5",
     "# Server\r\nredis_version:7.2.5\r\nredis_mode:sentinel\r\nrun_id:5d5b\r\n\r\n# "
     "Sentinel\r\nsentinel_masters:1\r\n",
     std::nullopt, true, false, true},
    {"Valkey 8.1.1",
     "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n"
     "valkey_release_stage:ga\r\nredis_mode:standalone\r\nserver_mode:standalone\r\nrun_id:5d5b\r\n\r\n"
     "# Stats\r\nkeyspace_hits:3\r\n\r\n# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0\r\n",
     2, true, true},
    {"Valkey 9.0.0",
     "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.0.0\r\n"
     "server_mode:standalone\r\nrun_id:5d5b\r\n\r\n# Stats\r\nkeyspace_hits:3\r\n\r\n# Keyspace\r\n"
     "db0:keys=2,expires=2,avg_ttl=0,keys_with_volatile_items=0\r\n",
     2, true, true},
    {"Valkey 9.0.0", "# Server\r\nvalkey_version:9.0.0\r\nserver_mode:sentinel\r\nrun_id:5d5b\r\n",
     std::nullopt, true, false, true},
    {"Dragonfly df-v1.23.0",
     "# Server\r\nredis_version:7.4.0\r\ndragonfly_version:df-v1.23.0\r\nredis_mode:standalone\r\n"
     "arch_bits:64\r\nthread_count:4\r\nuptime_in_seconds:52\r\n\r\n# Memory\r\nused_memory:1048576\r\n"
     "maxmemory:0\r\n\r\n# Stats\r\nkeyspace_hits:3\r\nkeyspace_misses:4\r\nevicted_keys:0\r\n\r\n"
     "# Replication\r\nrole:master\r\n\r\n# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=-1\r\n",
     2, false, true},
    {"Dragonfly df-v1.23.0",
     "# Server\r\nredis_version:7.4.0\r\ndragonfly_version:df-v1.23.0\r\n\r\n# Stats\r\nkeyspace_hits:3\r\n",
     std::nullopt, false, true},
    {"KeyDB 6.3.4",
     "# Server\r\nredis_version:6.3.4\r\nredis_mode:standalone\r\nrun_id:5d5b\r\n\r\n# Stats\r\n"
     "keyspace_hits:3\r\nevicted_keys:0\r\n\r\n# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0,"
     "cached_keys=2\r\n\r\n# KeyDB\r\nmvcc_depth:0\r\n",
     2, true, true},
    {"Kvrocks 2.9.0",
     "# Server\r\nversion:2.9.0\r\nkvrocks_version:2.9.0\r\nredis_version:4.0.0\r\nrun_id:5d5b\r\n\r\n"
     "# Stats\r\nkeyspace_hits:3\r\nkeyspace_misses:4\r\n\r\n# Keyspace\r\n# Last DBSIZE SCAN time: Mon "
     "Jan 1\r\ndb0:keys=2,expires=0,avg_ttl=0,expired=0\r\nsequence:77\r\n",
     2, true, true},
    {"Kvrocks 2.0.6",
     "# Server\r\nkvrocks_version:2.0.6\r\nredis_version:4.0.0\r\n\r\n# Stats\r\ntotal_commands_processed:1"
     "\r\n\r\n# Keyspace\r\n# WARN: DBSIZE SCAN never performed yet\r\ndb0:keys=0,expires=0,avg_ttl=0,"
     "expired=0\r\n",
     0, false, false},
    {"Garnet 1.0.33",
     "# Server\r\ngarnet_version:1.0.33\r\nredis_version:7.2.5\r\nredis_mode:standalone\r\nrun_id:5d5b\r\n",
     std::nullopt, true, false},
    {"Redict 7.3.2",
     "# Server\r\nredis_version:7.2.4\r\nredict_version:7.3.2\r\nredis_mode:standalone\r\nrun_id:5d5b\r\n\r\n"
     "# Stats\r\nkeyspace_hits:3\r\n\r\n# Keyspace\r\n",
     0, true, true},
    {"Upstash 1.19.1",
     "# Server\r\nupstash_version:1.19.1\r\nredis_version:6.2.6\r\nredis_mode:standalone\r\n"
     "\r\n# Keyspace\r\ndb0:keys=2,expires=0",
     2, false, false},
};

TEST(RedisInfo, AsEachProductWritesIt) {
    for (const Product& product : kProductsSeen) {
        const auto reply = RedisInfo::parse(product.info);
        ASSERT_TRUE(reply) << product.info;
        EXPECT_EQ(reply->server(), product.server);
        EXPECT_EQ(reply->is_sentinel(), product.is_sentinel) << product.info;
        EXPECT_EQ(reply->text("run_id").has_value(), product.has_run) << product.info;
        EXPECT_EQ(reply->number("keyspace_hits").has_value(), product.has_hits) << product.info;
        const auto database = reply->database(0);
        ASSERT_EQ(database.has_value(), product.keys.has_value()) << product.info;
        if (database) {
            EXPECT_EQ(database->keys, *product.keys) << product.info;
        }
    }
}

TEST(RedisInfo, Garbage) {
    EXPECT_EQ(RedisInfo::parse("").error().what, "Redis' INFO has no line \"key:value\" but \"\"");
    EXPECT_EQ(RedisInfo::parse("hello\r\n").error().what,
              "Redis' INFO has no line \"key:value\" but \"hello\\r\\n\"");
    EXPECT_EQ(RedisInfo::parse("# Server\r\n").error().code, base::Errc::parse);
}

}  // namespace
}  // namespace keyshift::formats
