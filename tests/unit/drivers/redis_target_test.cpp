// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis_target.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Secret;

struct Good {
    const char* url;
    const char* printable;
    const char* user;      // nullptr: no login
    const char* password;  // of a login
    bool tls = false;
};

TEST(RedisTarget, TakesUrlsApart) {
    const std::array cases{
        Good{"redis://cache", "cache:6379/0", nullptr, ""},
        Good{"redis://cache/", "cache:6379/0", nullptr, ""},
        Good{"redis://cache:7000/3", "cache:7000/3", nullptr, ""},
        Good{"rediss://cache.internal:6380/0", "cache.internal:6380/0", nullptr, "", true},
        Good{"redis://:s%40cr%2Ft%3A%25@cache/1", "cache:6379/1", "", "s@cr/t:%"},
        Good{"redis://ann:secret@cache", "cache:6379/0 as ann", "ann", "secret"},
        Good{"redis://ann:se:cr:et@cache", "cache:6379/0 as ann", "ann", "se:cr:et"},
        Good{"redis://ann:s?cr#t@cache", "cache:6379/0 as ann", "ann", "s?cr#t"},
        Good{"redis://ann:@cache", "cache:6379/0 as ann", "ann", ""},
        Good{"redis://:@cache", "cache:6379/0", nullptr, ""},
        Good{"redis://a%0Ab:secret@cache", "cache:6379/0 as a\\nb", "a\nb", "secret"},
        Good{"redis://[::1]:7000/2", "[::1]:7000/2", nullptr, ""},
        Good{"redis://u:secret@[2001:db8::7]", "[2001:db8::7]:6379/0 as u", "u", "secret"},
        Good{"unix:///run/redis/redis.sock", "/run/redis/redis.sock?db=0", nullptr, ""},
        Good{"unix:///run/a%20b?db=4", "/run/a b?db=4", nullptr, ""},
        Good{"unix://ann:sec%3Fret@/run/r.sock?db=2", "/run/r.sock?db=2 as ann", "ann", "sec?ret"},
    };
    for (const Good& good : cases) {
        const auto target = RedisTarget::parse(Secret(good.url));
        ASSERT_TRUE(target) << good.url << ": " << target.error().text();
        EXPECT_EQ(target->printable, good.printable);
        EXPECT_EQ(target->tls, good.tls) << good.url;
        ASSERT_EQ(target->login.has_value(), good.user != nullptr) << good.url;
        if (good.user == nullptr) continue;
        EXPECT_EQ(target->login->user, good.user);
        EXPECT_EQ(target->login->password.reveal(), good.password);
    }
}

TEST(RedisTarget, NoErrorShowsAnyPartOfAMistypedPassword) {
    for (const char* url : {"",
                            "hunter2",
                            "hunter2@cache",
                            "http://ann:hunter2@cache",
                            "redis:/ann:hunter2@cache",
                            "REDIS://ann:hunter2@cache",
                            "redis://hunter2@cache",
                            "redis://ann:hun@ter2@cache",
                            "redis://ann:hun/ter2@cache",
                            "redis://:hunter2",
                            "redis://ann:hunter2",
                            "redis://:1/hunter2",
                            "redis://:1/hunter2@cache",
                            "redis://ann:hunter2@cache?db=1",
                            "redis://cache?hunter2",
                            "redis://ann:hunter2%@cache",
                            "redis://ann:hunter2%4@cache",
                            "redis://ann:hunter2%zz@cache",
                            "redis://ann:hunter2%00@cache",
                            "redis://ann:hunter2@",
                            "redis://ann:hunter2@/0",
                            "redis://ann:hunter2@:6379",
                            "redis://ann:hunter2@cache:0",
                            "redis://ann:hunter2@cache:65536",
                            "redis://ann:hunter2@cache:-1",
                            "redis://ann:hunter2@cache:",
                            "redis://ann:hunter2@cache/x",
                            "redis://ann:hunter2@cache/-1",
                            "redis://ann:hunter2@cache/1/",
                            "redis://ann:hunter2@cache/65536",
                            "redis://ann:hunter2@cache/0?password=hunter2",
                            "redis://ann:hunter2@ca che",
                            "redis://ann:hunter2@ca\nche",
                            "redis://ann:hunter2@::1",
                            "redis://ann:hunter2@[::1",
                            "redis://ann:hunter2@[hunter2]",
                            "redis://ann:hunter2@[::1]x",
                            "redis://ann:hunter2@[::1]:",
                            "redis://ann:hunter2@a,b",
                            "unix://run/hunter2",
                            "unix://",
                            "unix:///",
                            "unix://ann:hunter2@",
                            "unix://ann:hun/ter2@/run/r.sock",
                            "unix:///hunter2@/run/r.sock",
                            "unix://ann:hun@ter2@/run/r.sock",
                            "unix:///run/hunter2?database=1",
                            "unix:///run/hunter2?db=",
                            "unix:///run/hunter2?db=1&password=hunter2"}) {
        const auto target = RedisTarget::parse(Secret(url));
        ASSERT_FALSE(target) << url;
        EXPECT_EQ(target.error().code, Errc::config);
        EXPECT_EQ(target.error().text().find("hun"), std::string::npos) << target.error().text();
        EXPECT_EQ(target.error().text().find("ter2"), std::string::npos) << target.error().text();
    }
}

TEST(RedisTarget, ASocketPathMustFitTheKernel) {
    EXPECT_TRUE(RedisTarget::parse(Secret("unix:///" + std::string(106, 'a'))));
    EXPECT_FALSE(RedisTarget::parse(Secret("unix:///" + std::string(107, 'a'))));
}

TEST(RedisTarget, AnotherAddressKeepsLoginAndTls) {
    const auto seed = RedisTarget::parse(Secret("rediss://ann:secret@seed:7000/2"));
    ASSERT_TRUE(seed);
    const RedisTarget node = seed->at("fe80::1", 7001);
    EXPECT_EQ(node.printable, "[fe80::1]:7001/2 as ann");
    EXPECT_EQ(node.address(), "[fe80::1]:7001");
    EXPECT_TRUE(node.tls);
    EXPECT_EQ(node.login->password.reveal(), "secret");
    EXPECT_EQ(node.at("a\x1b[2J", 1).address(), "a\\x1b[2J:1")
        << "what a server says cannot drive a terminal";
}

}  // namespace
}  // namespace keyshift::drivers
