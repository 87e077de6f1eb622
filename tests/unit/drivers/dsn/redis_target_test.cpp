// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/redis_target.hpp"

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <utility>

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
                            "redis://hunter2@cache",
                            "redis://ann:hun@ter2@cache",
                            "redis://ann:hun/ter2@cache",
                            "redis://:hunter2",
                            "redis://ann:hunter2",
                            "redis://:1/hunter2",
                            "redis://:1/hunter2@cache",
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
                            "unix:///run/hunter2?db=",
                            "redis://cache?password=a&hunter2=b",
                            "redis://cache?frobnicate&password=hunter2",
                            "redis://cache?db=hunter2",
                            "redis://cache#hunter2",
                            "\"redis://:hunter2@cache"}) {
        const auto target = RedisTarget::parse(Secret(url));
        ASSERT_FALSE(target) << url;
        EXPECT_EQ(target.error().code, Errc::config);
        EXPECT_EQ(target.error().text().find("hun"), std::string::npos) << target.error().text();
        EXPECT_EQ(target.error().text().find("ter2"), std::string::npos) << target.error().text();
    }
}

struct Kept {
    const char* url;
    const char* printable;
    const char* skipped = "";  ///< names, each with a blank before it
    const char* password = "";
};

/// As clients other than redis-py's first form write it.
const Kept kKept[] = {
    {"REDIS://cache", "cache:6379/0"},
    {"valkey://cache:7000/3", "cache:7000/3"},
    {"valkeys://cache/3", "cache:6379/3"},
    {"redis+ssl://cache", "cache:6379/0"},
    {"redis+unix:///run/r.sock?db=3", "/run/r.sock?db=3"},
    {"redis+unix:///run/r.sock?user=ann&pass=s%40cr@t&db=3", "/run/r.sock?db=3 as ann", "", "s@cr@t"},
    {"valkey+unix:///run/r.sock", "/run/r.sock?db=0"},
    {"redis+socket:///run/r.sock?database=1", "/run/r.sock?db=1"},
    {"redis-socket:///run/r.sock", "/run/r.sock?db=0"},
    {"redis://cache?db=3", "cache:6379/3"},
    {"redis://cache/3?db=3", "cache:6379/3"},
    {"redis://cache/?db=3&protocol=3", "cache:6379/3", " protocol"},
    {"redis://ann:s@cache/0?protocol=resp3", "cache:6379/0 as ann", " protocol", "s"},
    {"redis://cache?username=ann&password=s", "cache:6379/0 as ann", "", "s"},
    {"redis://cache?password=s", "cache:6379/0", "", "s"},
    {"redis://cache/0?max_connections=10&socket_timeout=5", "cache:6379/0",
     " max_connections socket_timeout"},
    {"redis://cache:1?family=6&lazyConnect=true", "cache:1/0", " family lazyConnect"},
    {"redis://cache:1/2?dial_timeout=5s&pool_size=3", "cache:1/2", " dial_timeout pool_size"},
    {"rediss://cache/0?ssl_cert_reqs=CERT_REQUIRED", "cache:6379/0"},
    {"rediss://cache/0?ssl_cert_reqs=required", "cache:6379/0"},
    {"\"redis://cache\"", "cache:6379/0", " the quotation marks around it"},
    {"'redis://cache'", "cache:6379/0", " the quotation marks around it"},
    {"redis://cache\n", "cache:6379/0"},
    {" redis://cache/1 \r\n", "cache:6379/1"},
    {"redis://ann:s?cr#t@cache/1?protocol=2", "cache:6379/1 as ann", " protocol", "s?cr#t"},
};

TEST(RedisTarget, TakesWhatOtherClientsWrite) {
    for (const Kept& kept : kKept) {
        const auto target = RedisTarget::parse(Secret(kept.url));
        ASSERT_TRUE(target) << kept.url << ": " << target.error().text();
        EXPECT_EQ(target->printable, kept.printable) << kept.url;
        std::string skipped;
        for (const std::string& name : target->skipped) skipped += " " + name;
        EXPECT_EQ(skipped, kept.skipped) << kept.url;
        EXPECT_EQ(target->login ? target->login->password.reveal() : "", kept.password) << kept.url;
    }
    EXPECT_TRUE(RedisTarget::parse(Secret("valkeys://cache"))->tls);
    EXPECT_TRUE(RedisTarget::parse(Secret("redis+ssl://cache"))->tls);
}

TEST(RedisTarget, WhatItDoesNotDoIsNamed) {
    const std::pair<const char*, const char*> kRefusals[] = {
        {"rediss://cache/0#insecure", "#insecure"},
        {"rediss://cache/0?ssl_cert_reqs=none", "ssl_cert_reqs"},
        {"rediss://cache/0?ssl_cert_reqs=CERT_OPTIONAL", "ssl_cert_reqs"},
        {"redis://cache/0?ssl_cert_reqs=required", "ssl_cert_reqs"},
        {"redis://cache/0?ssl=true", "ssl"},
        {"rediss://cache/0?ssl_ca_certs=/ca.pem", "ssl_ca_certs"},
        {"rediss://cache/0?ssl_check_hostname=false", "ssl_check_hostname"},
        {"redis+sentinel://a:26379,b:26379/mymaster/0", "redis+sentinel://"},
        {"redis+sentinel://a:26379/mymaster", "mode: sentinel"},
        {"redis-sentinel://a#mymaster", "redis-sentinel://"},
        {"redis-cluster://a", "mode: cluster"},
        {"redis://a?sentinelMasterId=m", "sentinelMasterId"},
        {"redis://a?addr=b:6379", "addr"},
        {"redis://a/1?db=2", "db="},
        {"redis://ann:s3cret@a?user=bob", "user"},
        {"redis://ann:s3cret@a?pass=other", "pass"},
        {"redis://a?frobnicate=s3cret", "frobnicate"},
        {"redis://a?client_name=%zz", "client_name"},
        {"mysql://u:s3cret@a", "mysql://"},
        {"postgresql://u:s3cret@a", "postgresql://"},
        {"\"redis://:s3cret@a", "quotation mark"},
    };
    for (const auto& [url, named] : kRefusals) {
        const auto target = RedisTarget::parse(Secret(url));
        ASSERT_FALSE(target) << url;
        EXPECT_EQ(target.error().code, Errc::config);
        EXPECT_NE(target.error().text().find(named), std::string::npos) << target.error().text();
        EXPECT_EQ(target.error().text().find("s3cret"), std::string::npos) << target.error().text();
    }
}

TEST(RedisTarget, NoMistypedUrlIsShownOrEndsTheProcess) {
    std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same each time
    constexpr std::string_view kCharacters = "@:/?#&=%+'\" ;,[]\\\n";
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    for (const char* form :
         {"redis://ann:QQQQ@cache:6379/3?protocol=3", "rediss://cache?user=ann&password=QQQQ&db=1",
          "unix://ann:QQQQ@/run/r.sock?db=2", "\"redis+unix:///run/r.sock?pass=QQQQ&user=ann\""}) {
        for (int i = 0; i < 5'000; ++i) {
            std::string text = form;
            for (std::size_t edits = 1 + below(3); edits > 0; --edits) {
                const std::size_t at = below(text.size());
                if (below(2) == 0) {
                    text.insert(at, 1, kCharacters[below(kCharacters.size())]);
                } else {
                    text[at] = kCharacters[below(kCharacters.size())];
                }
            }
            const auto target = RedisTarget::parse(Secret(text));
            if (target) continue;
            EXPECT_EQ(target.error().text().find("QQQ"), std::string::npos) << text << "\n"
                                                                            << target.error().text();
        }
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
