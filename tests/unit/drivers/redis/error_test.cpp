// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/error.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;

RedisTarget target() {
    return *RedisTarget::parse(base::Secret("redis://ann:hunter2@cache:7000/0"));
}

TEST(RedisError, TellsTheOperatorsNextAction) {
    constexpr std::array<std::pair<const char*, Errc>, 17> kCases{{
        {"WRONGPASS invalid username-password pair or user is disabled.", Errc::auth},
        {"NOAUTH Authentication required.", Errc::auth},
        {"ERR invalid password", Errc::auth},
        {"ERR Client sent AUTH, but no password is set", Errc::auth},
        {"DENIED Redis is running in protected mode because", Errc::auth},
        {"NOPERM this user has no permissions to run the 'info' command", Errc::permission},
        {"LOADING Redis is loading the dataset in memory", Errc::connect},
        {"MASTERDOWN Link with MASTER is down", Errc::connect},
        {"CLUSTERDOWN Hash slot not served", Errc::connect},
        {"TRYAGAIN Multiple keys request during rehashing of slot", Errc::connect},
        {"ERR max number of clients reached", Errc::connect},
        {"BUSY Redis is busy running a script.", Errc::timeout},
        {"MOVED 3999 127.0.0.1:6381", Errc::schema},
        {"ERR DB index is out of range", Errc::schema},
        {"ERR unknown command 'SENTINEL', with args beginning with: ", Errc::schema},
        {"ERR something new", Errc::other},
        {"", Errc::other},
    }};
    for (const auto& [message, code] : kCases) {
        const auto error = redis_error(message, target());
        EXPECT_EQ(error.code, code) << message;
        EXPECT_EQ(error.what.find("Redis at cache:7000/0 as ann: "), 0U) << error.what;
        EXPECT_EQ(error.hint.empty(), code == Errc::other) << message;
    }
}

TEST(RedisError, NamesTheAclToGrant) {
    const auto error = redis_error("NOPERM User ann has no permissions to run the 'scan' command", target());
    EXPECT_NE(error.hint.find("ACL SETUSER ann +ping +info +scan"), std::string::npos) << error.hint;
    const auto nobody = redis_error("NOPERM x", *RedisTarget::parse(base::Secret("redis://cache")));
    EXPECT_NE(nobody.hint.find("ACL SETUSER default "), std::string::npos) << nobody.hint;
}

TEST(RedisError, NeverRepeatsThePassword) {
    const std::string echo = "ERR unknown command 'x', with args beginning with: 'ann' 'hunter2'";
    EXPECT_EQ(redis_error(echo, target()).text().find("hunter2"), std::string::npos);
    for (const char* message : {"ERR unknown command 'AUTH', with args beginning with: 'ann' 'hunt",
                                "hunter2", "NOPERM hunt", "ERR hunt"}) {
        const auto error = redis_auth_error(message, target());
        EXPECT_EQ(error.code, Errc::auth);
        EXPECT_EQ(error.text().find("hunt"), std::string::npos) << error.text();
    }
    EXPECT_EQ(redis_auth_error("LOADING Redis is loading", target()).code, Errc::connect);
}

TEST(RedisError, IsOneHarmlessLine) {
    const auto error = redis_error("ERR \x1b[2J" + std::string(5000, 'x') + "\nsecond", target());
    EXPECT_LT(error.what.size(), 400U);
    EXPECT_EQ(error.what.find_first_of("\x1b\n"), std::string::npos);
}

TEST(RedisRedirect, SaysWhereTheSlotIs) {
    const auto moved = parse_redis_redirect("MOVED 3999 127.0.0.1:6381");
    ASSERT_TRUE(moved);
    EXPECT_FALSE(moved->ask);
    EXPECT_EQ(moved->slot, 3999);
    EXPECT_EQ(moved->host, "127.0.0.1");
    EXPECT_EQ(moved->port, 6381);
    const auto ask = parse_redis_redirect("ASK 1 2001:db8::1:7000");
    ASSERT_TRUE(ask);
    EXPECT_TRUE(ask->ask);
    EXPECT_EQ(ask->host, "2001:db8::1");
    EXPECT_EQ(parse_redis_redirect("MOVED 1 :7000")->host, "") << "the host that answered";
    for (const char* message :
         {"", "MOVED", "MOVED ", "MOVED 1", "MOVED x a:1", "MOVED 1 a:", "MOVED 1 a:70000", "MOVED 70000 a:1",
          "MOVED:1 a", "ASKING 1 a:1", "ERR MOVED 1 a:1"})
        EXPECT_FALSE(parse_redis_redirect(message)) << message;
}

}  // namespace
}  // namespace keyshift::drivers
