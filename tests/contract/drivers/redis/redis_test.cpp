// SPDX-License-Identifier: Apache-2.0
// One connection against a server that plays a script.
#include "drivers/redis/redis.hpp"

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "contract/drivers/redis/fake_redis.hpp"
#include "contract/eventually.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using namespace std::chrono_literals;

Deadline soon() {
    return Deadline::in(5s);
}

class RedisConnectionTest : public testing::Test {
 protected:
    Interrupt interrupt_;
    RedisConnection connection_{interrupt_};
};

TEST_F(RedisConnectionTest, LogsInSelectsAndAsks) {
    FakeRedis server([](FakeSession& session) {
        session.expect("AUTH ann s@cret", "+OK\r\n");
        session.expect("SELECT 3", "+OK\r\n");
        session.expect("DBSIZE", ":7\r\n");
        session.expect("PING", "+PONG\r\n");
        session.wait_for_end();
    });
    RedisTarget target = server.target("ann:s%40cret@");
    target.database = 3;
    ASSERT_TRUE(connection_.open(target, {}, soon()));
    const auto size = connection_.command({"DBSIZE"}, soon());
    ASSERT_TRUE(size) << size.error().text();
    EXPECT_EQ(size->integer, 7);
    EXPECT_TRUE(connection_.command({"PING"}, soon()));
    EXPECT_TRUE(connection_.usable());
}

TEST_F(RedisConnectionTest, TheDefaultUserIsNotNamed) {
    FakeRedis server([](FakeSession& session) { session.expect("AUTH secret", "+OK\r\n"); });
    EXPECT_TRUE(connection_.open(server.target(":secret@"), {}, soon()));
}

TEST_F(RedisConnectionTest, AReplyMayDripInPieces) {
    FakeRedis server([](FakeSession& session) {
        session.command();
        for (const char* piece : {"*", "2\r", "\n$3\r\nab", "c\r\n:", "5\r", "\n"}) {
            session.say(piece);
            std::this_thread::sleep_for(2ms);
        }
        session.wait_for_end();
    });
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    const auto reply = connection_.command({"SCAN", "0"}, soon());
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_EQ(reply->elements.at(0).text, "abc");
    EXPECT_EQ(reply->elements.at(1).integer, 5);
}

TEST_F(RedisConnectionTest, ARefusedLoginQuotesNothing) {
    FakeRedis server([](FakeSession& session) {
        session.expect("AUTH ann hunter2", "-ERR unknown command 'AUTH', args: 'ann' 'hunt\r\n");
    });
    const auto opened = connection_.open(server.target("ann:hunter2@"), {}, soon());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::auth);
    EXPECT_EQ(opened.error().text().find("hunt"), std::string::npos);
    EXPECT_FALSE(connection_.usable());
}

TEST_F(RedisConnectionTest, AnErrorReplyLeavesTheConnectionOpen) {
    FakeRedis server([](FakeSession& session) {
        session.expect("INFO", "-NOPERM no\r\n");
        session.expect("SCAN 0", "-MOVED 3999 10.0.0.2:7001\r\n");
        session.expect("PING", "+PONG\r\n");
        session.wait_for_end();
    });
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    EXPECT_EQ(connection_.command({"INFO"}, soon()).error().code, Errc::permission);
    EXPECT_FALSE(connection_.redirect());
    EXPECT_EQ(connection_.command({"SCAN", "0"}, soon()).error().code, Errc::schema);
    ASSERT_TRUE(connection_.redirect());
    EXPECT_EQ(connection_.redirect()->port, 7001);
    EXPECT_TRUE(connection_.command({"PING"}, soon()));
    EXPECT_FALSE(connection_.redirect());
}

TEST_F(RedisConnectionTest, GarbageClosesTheConnection) {
    for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n", "$9999999999\r\n", "+OK\r\n+OK\r\n",
                              "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"}) {
        FakeRedis server([bytes](FakeSession& session) {
            session.command();
            session.say(bytes);
            session.wait_for_end();
        });
        ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
        const auto reply = connection_.command({"PING"}, soon());
        ASSERT_FALSE(reply) << bytes;
        EXPECT_EQ(reply.error().code, Errc::parse);
        EXPECT_FALSE(connection_.usable());
        EXPECT_EQ(connection_.command({"PING"}, soon()).error().code, Errc::connect);
    }
}

TEST_F(RedisConnectionTest, ASlowDripEndsAtTheDeadline) {
    FakeRedis server([](FakeSession& session) {
        session.command();
        session.say("$1000000\r\n");
        while (!session.gone()) {
            session.say("x");
            std::this_thread::sleep_for(1ms);
        }
    });
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    const auto began = std::chrono::steady_clock::now();
    const auto reply = connection_.command({"INFO"}, Deadline::in(50ms));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Errc::timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
    EXPECT_FALSE(connection_.usable());
}

TEST_F(RedisConnectionTest, ASilentServerEndsAtTheDeadline) {
    FakeRedis server([](FakeSession& session) { session.wait_for_end(); });
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    EXPECT_EQ(connection_.command({"PING"}, Deadline::in(20ms)).error().code, Errc::timeout);
}

TEST_F(RedisConnectionTest, AServerThatDoesNotReadEndsAtTheDeadline) {
    FakeRedis server([](FakeSession& session) { session.wait_for_end_unread(); });
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    const std::string long_pattern(std::size_t{32} << 20U, 'x');
    const auto reply = connection_.command({"SCAN", "0", "MATCH", long_pattern}, Deadline::in(50ms));
    EXPECT_EQ(reply.error().code, Errc::timeout);
}

TEST_F(RedisConnectionTest, AnInterruptFromAnotherThreadEndsTheWait) {
    FakeRedis server([this](FakeSession& session) {
        EXPECT_EQ(session.command(), "PING");
        interrupt_.raise();
        session.wait_for_end();
    });
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    const auto began = std::chrono::steady_clock::now();
    const auto reply = connection_.command({"PING"}, Deadline::in(30s));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Errc::canceled);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    EXPECT_EQ(connection_.open(server.target(), {}, soon()).error().code, Errc::canceled);
}

TEST_F(RedisConnectionTest, AServerThatHangsUpIsNoticed) {
    FakeRedis server({[](FakeSession& session) { session.expect("PING", "+PONG\r\n"); },
                      [](FakeSession& session) { session.command(); }});
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    ASSERT_TRUE(connection_.command({"PING"}, soon()));
    EXPECT_TRUE(eventually([&] { return !connection_.usable(); }));
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    EXPECT_EQ(connection_.command({"PING"}, soon()).error().code, Errc::connect);
}

TEST_F(RedisConnectionTest, NobodyThereIsAConnectError) {
    RedisTarget target;
    {
        target = FakeRedis([](FakeSession&) {}).target(":secret@");
    }
    const auto refused = connection_.open(target, {}, soon());
    EXPECT_EQ(refused.error().code, Errc::connect);
    const auto no_socket = RedisTarget::parse(base::Secret("unix:///nonexistent/redis.sock"));
    EXPECT_EQ(connection_.open(*no_socket, {}, soon()).error().code, Errc::connect);
    const auto no_host = RedisTarget::parse(base::Secret("redis://no-such-host.invalid"));
    const auto unknown = connection_.open(*no_host, {}, Deadline::in(20s));
    EXPECT_EQ(unknown.error().code, Errc::connect) << unknown.error().text();
    EXPECT_EQ(connection_.open(*no_host, {}, Deadline::in(0s)).error().code, Errc::timeout);
}

TEST_F(RedisConnectionTest, APlainServerFailsTheTlsHandshake) {
    FakeRedis server([](FakeSession& session) { session.say("-ERR unknown command\r\n"); });
    RedisTarget target = server.target();
    target.tls = true;
    const auto opened = connection_.open(target, {}, soon());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::connect) << opened.error().text();
    TlsOptions missing;
    missing.ca_file = "/nonexistent/ca.pem";
    FakeRedis other([](FakeSession&) {});
    target.port = other.port();
    EXPECT_EQ(connection_.open(target, missing, soon()).error().code, Errc::config);
}

TEST_F(RedisConnectionTest, OnlyHarmlessCommandsAreSent) {
    FakeRedis server([](FakeSession& session) {
        session.expect("PING", "+PONG\r\n");
        session.wait_for_end();
    });
    ASSERT_TRUE(connection_.open(server.target(), {}, soon()));
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{},
                                               {"GET", "auth:key:1"},
                                               {"FLUSHALL"},
                                               {"TTL", "k"},
                                               {"ping"},
                                               {"CLUSTER"},
                                               {"CLUSTER", "RESET"},
                                               {"SENTINEL", "FAILOVER", "m"},
                                               {"CONFIG", "SET", "x", "y"}})
        EXPECT_EQ(connection_.command(words, soon()).error().code, Errc::other);
    EXPECT_TRUE(connection_.command({"PING"}, soon())) << "nothing else was sent";
}

}  // namespace
}  // namespace keyshift::drivers
