// SPDX-License-Identifier: Apache-2.0
// findings.hpp: when doctor speaks of a Redis' memory and entries, and what it says that mends them.
#include "collectors/redis/findings.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using Kind = Finding::Kind;

formats::RedisInfo memory(const std::string& used, const std::string& limit, const std::string& policy,
                          const std::string& evicted) {
    return formats::RedisInfo::parse("# Memory\r\nused_memory:" + used + "\r\nmaxmemory:" + limit +
                                     "\r\nmaxmemory_policy:" + policy +
                                     "\r\n# Stats\r\nevicted_keys:" + evicted + "\r\n")
        .value();
}

TEST(RedisFindings, MemoryIsShortWhereNineTenthsAreUsedAndEntriesGoOrCannotBeMade) {
    EXPECT_FALSE(about_memory("r", memory("999999999", "0", "noeviction", "5"))) << "no limit";
    EXPECT_FALSE(about_memory("r", memory("89999999", "100000000", "noeviction", "5")));
    EXPECT_TRUE(about_memory("r", memory("90000000", "100000000", "noeviction", "0")));
    EXPECT_FALSE(about_memory("r", memory("100000000", "100000000", "allkeys-lru", "0")))
        << "full, as caches are, and nothing went before its time";
    EXPECT_TRUE(about_memory("r", memory("100000000", "100000000", "allkeys-lru", "1")));
    EXPECT_FALSE(about_memory("r", formats::RedisInfo::parse("redis_version:7\r\n").value()));
}

TEST(RedisFindings, MemoryThatIsShortComesWithTheCommandThatMendsIt) {
    const auto refuses = about_memory("r", memory("104857600", "104857600", "noeviction", "0"));
    ASSERT_TRUE(refuses);
    EXPECT_EQ(refuses->kind, Kind::warning);
    EXPECT_EQ(refuses->what, "r: 100 of 100 MiB are used, and then it takes no more entries");
    EXPECT_EQ(refuses->remedy, "run there: CONFIG SET maxmemory 201mb");
    const auto evicts = about_memory("r", memory("104857600", "104857600", "allkeys-lru", "7"));
    ASSERT_TRUE(evicts);
    EXPECT_EQ(evicts->what,
              "r: 100 of 100 MiB are used, and 7 keys were evicted before their time (allkeys-lru)");
    const auto tiny = about_memory("r", memory("1000000", "1000000", "noeviction", "0"));
    ASSERT_TRUE(tiny);
    EXPECT_EQ(tiny->remedy, "run there: CONFIG SET maxmemory 64mb") << "never less than would do for anybody";
}

TEST(RedisFindings, EntriesAreThereOrElseWhereTheyMightBe) {
    const std::map<std::string, std::string> prefixes{{"a", "auth:key:"}, {"b", "auth:\x1b:"}};
    const Finding some = about_entries(prefixes, {{"a", 2}, {"b", 3}}, 9, {});
    EXPECT_EQ(some.kind, Kind::ok);
    EXPECT_EQ(some.what, "5 of 9 keys are entries of the auth caches");
    const Finding elsewhere = about_entries(prefixes, {{"a", 0}}, 0, 3);
    EXPECT_EQ(elsewhere.kind, Kind::warning);
    EXPECT_EQ(elsewhere.what, "the database is empty, and database 3 is not");
    EXPECT_NE(elsewhere.remedy.find("/3"), std::string::npos);
    const Finding empty = about_entries(prefixes, {}, 0, {});
    EXPECT_EQ(empty.what, "it has no keys");
    EXPECT_NE(empty.remedy.find("REDIS_URL"), std::string::npos);
    const Finding others = about_entries(prefixes, {{"a", 0}}, 9, 3);
    EXPECT_EQ(others.kind, Kind::warning) << "it has keys itself: the other database does not matter";
    EXPECT_EQ(others.what.find("none of 9 keys is called auth:key:* or auth:"), 0U) << others.what;
    EXPECT_EQ(others.what.find('\x1b'), std::string::npos);
    EXPECT_NE(others.remedy.find("collectors[redis].patterns"), std::string::npos);
}

TEST(RedisFindings, TheFullestDatabaseIsTheFirstOfThoseWithMostKeys) {
    const auto of = [](const std::string& lines) {
        return fullest_database(
            formats::RedisInfo::parse("redis_version:7\r\n# Keyspace\r\n" + lines).value());
    };
    EXPECT_EQ(of(""), std::nullopt);
    EXPECT_EQ(of("db0:keys=1,expires=0\r\ndb3:keys=9,expires=0\r\ndb7:keys=9,expires=0\r\n"), 3U);
    EXPECT_EQ(of("db15:keys=1,expires=0\r\n"), 15U);
}

}  // namespace
}  // namespace keyshift::collectors
