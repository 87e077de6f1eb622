// SPDX-License-Identifier: Apache-2.0
// Who holds the keys, against servers that play scripts.
#include "drivers/redis/nodes.hpp"

#include <atomic>
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
std::string text(const std::string& value) {
    return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}
std::string info(const std::string& run_id, const std::string& cluster) {
    return text("# Server\r\nrun_id:" + run_id + "\r\n# Cluster\r\ncluster_enabled:" + cluster + "\r\n");
}
std::string master_at(std::uint16_t port) {
    return "*2\r\n" + text("127.0.0.1") + text(std::to_string(port));
}
std::string slots(int first, int last, std::uint16_t port, const std::string& id) {
    return "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) + "\r\n*3\r\n" +
           text("127.0.0.1") + ":" + std::to_string(port) + "\r\n" + text(id);
}
const std::string kMaster = "*3\r\n" + text("master") + ":0\r\n*0\r\n";
const std::string kReplica = "*1\r\n" + text("slave");
const std::string kAsk = "SENTINEL GET-MASTER-ADDR-BY-NAME cache";

RedisTarget closed_port() {
    return FakeRedis([](FakeSession&) {}).target();
}

class RedisNodesTest : public testing::Test {
 protected:
    Interrupt interrupt_;
    RedisNodes nodes_{interrupt_};
};

TEST_F(RedisNodesTest, AStandaloneServerIsConnectedOnce) {
    FakeRedis server([](FakeSession& session) {
        session.expect("INFO", info("r1", "0"));
        session.expect("PING", "+PONG\r\n");
        session.wait_for_end();
    });
    const RedisOptions options{RedisMode::standalone, {server.target()}};
    for (int poll = 0; poll < 3; ++poll) {
        const auto nodes = nodes_.primaries(options, soon());
        ASSERT_TRUE(nodes) << nodes.error().text();
        ASSERT_EQ(nodes->size(), 1U);
        EXPECT_EQ(nodes->at(0).name, "127.0.0.1:" + std::to_string(server.port()));
        EXPECT_EQ(nodes->at(0).id, "r1");
        EXPECT_FALSE(nodes->at(0).unexpected_cluster);
        if (poll < 2) continue;
        EXPECT_TRUE(nodes->at(0).connection->command({"PING"}, soon()));
    }
}

TEST_F(RedisNodesTest, AServerThatWasRestartedIsConnectedAgain) {
    FakeRedis server({[](FakeSession& session) { session.expect("INFO", info("r1", "0")); },
                      [](FakeSession& session) {
                          session.expect("INFO", info("r2", "1"));
                          session.wait_for_end();
                      }});
    const RedisOptions options{RedisMode::standalone, {server.target()}};
    auto nodes = nodes_.primaries(options, soon());
    ASSERT_TRUE(nodes);
    ASSERT_TRUE(eventually([&] { return !nodes->at(0).connection->usable(); }));
    nodes = nodes_.primaries(options, soon());
    ASSERT_TRUE(nodes) << nodes.error().text();
    EXPECT_EQ(nodes->at(0).id, "r2");
    EXPECT_TRUE(nodes->at(0).unexpected_cluster);
}

TEST_F(RedisNodesTest, AsksTheNextSentinelWhenOneIsDownOrDoesNotKnow) {
    FakeRedis master([](FakeSession& session) {
        session.expect("AUTH ann secret", "+OK\r\n");
        session.expect("SELECT 2", "+OK\r\n");
        session.expect("ROLE", kMaster);
        session.expect("INFO", info("m", "0"));
        session.wait_for_end();
    });
    FakeRedis ignorant([](FakeSession& session) { session.expect(kAsk, "*-1\r\n"); });
    FakeRedis sentinel([&](FakeSession& session) {
        session.expect("AUTH other", "+OK\r\n");
        session.expect(kAsk, master_at(master.port()));
        session.wait_for_end();
    });
    RedisOptions options{RedisMode::sentinel, {closed_port(), ignorant.target(), sentinel.target(":other@")}};
    options.sentinel_master = "cache";
    options.sentinel_database = 2;
    options.node_login = RedisLogin{"ann", base::Secret("secret")};
    const auto nodes = nodes_.primaries(options, soon());
    ASSERT_TRUE(nodes) << nodes.error().text();
    EXPECT_EQ(nodes->at(0).id, "m");
    EXPECT_EQ(nodes->at(0).connection->target().database, 2U);
}

TEST_F(RedisNodesTest, WaitsForTheEndOfAFailover) {
    FakeRedis demoted([](FakeSession& session) {
        session.expect("ROLE", kReplica);
        session.expect("ROLE", kReplica);
        session.wait_for_end();
    });
    FakeRedis promoted([](FakeSession& session) {
        session.expect("ROLE", kMaster);
        session.expect("INFO", info("new", "0"));
        session.wait_for_end();
    });
    FakeRedis sentinel([&](FakeSession& session) {
        session.expect(kAsk, master_at(demoted.port()));
        session.expect(kAsk, master_at(demoted.port()));
        session.expect(kAsk, master_at(promoted.port()));
        session.wait_for_end();
    });
    RedisOptions options{RedisMode::sentinel, {sentinel.target()}};
    options.sentinel_master = "cache";
    const auto nodes = nodes_.primaries(options, soon());
    ASSERT_TRUE(nodes) << nodes.error().text();
    EXPECT_EQ(nodes->at(0).id, "new");
}

TEST_F(RedisNodesTest, AFailoverThatDoesNotEndIsAnErrorAtTheDeadline) {
    FakeRedis demoted([](FakeSession& session) {
        while (!session.gone()) session.expect("ROLE", kReplica);
    });
    std::atomic<int> asked = 0;
    FakeRedis sentinel([&](FakeSession& session) {
        for (; !session.gone(); ++asked) session.expect(kAsk, master_at(demoted.port()));
    });
    RedisOptions options{RedisMode::sentinel, {sentinel.target()}};
    options.sentinel_master = "cache";
    const auto nodes = nodes_.primaries(options, Deadline::in(250ms));
    ASSERT_FALSE(nodes);
    EXPECT_EQ(nodes.error().code, Errc::connect);
    EXPECT_NE(nodes.error().what.find("is none"), std::string::npos) << nodes.error().text();
    const int asked_before = asked;
    std::thread other([&] {
        EXPECT_TRUE(eventually([&] { return asked > asked_before + 1; })) << "it asks again and again";
        interrupt_.raise();
    });
    EXPECT_EQ(nodes_.primaries(options, Deadline::in(20s)).error().code, Errc::canceled);
    other.join();
}

TEST_F(RedisNodesTest, NoSuchMasterIsToldAtOnce) {
    FakeRedis sentinel([&](FakeSession& session) { session.expect(kAsk, "*-1\r\n"); });
    RedisOptions options{RedisMode::sentinel, {sentinel.target(), closed_port()}};
    options.sentinel_master = "cache";
    const auto nodes = nodes_.primaries(options, Deadline::in(30s));
    ASSERT_FALSE(nodes);
    EXPECT_EQ(nodes.error().code, Errc::schema) << "although the last one was down: " << nodes.error().text();
}

TEST_F(RedisNodesTest, AsksForTheClusterAnewAtEachPoll) {
    FakeRedis second([](FakeSession& session) {
        session.expect("PING", "+PONG\r\n");
        session.wait_for_end();
    });
    FakeRedis first([&](FakeSession& session) {
        session.expect("CLUSTER SLOTS", "*1\r\n" + slots(0, 16383, session.port(), "a"));
        session.expect("CLUSTER SLOTS",
                       "*2\r\n" + slots(0, 9, session.port(), "a") + slots(10, 16383, second.port(), "b"));
        session.wait_for_end();
    });
    const RedisOptions options{RedisMode::cluster, {closed_port(), first.target()}};
    const auto one = nodes_.primaries(options, soon());
    ASSERT_TRUE(one) << one.error().text();
    EXPECT_EQ(one->size(), 1U);
    const auto two = nodes_.primaries(options, soon());
    ASSERT_TRUE(two) << two.error().text();
    ASSERT_EQ(two->size(), 2U);
    EXPECT_EQ(two->at(0).id, "a");
    EXPECT_EQ(two->at(1).id, "b");
    EXPECT_TRUE(two->at(1).connection->command({"PING"}, soon()));
}

TEST_F(RedisNodesTest, APrimaryThatIsDownFailsTheWholeCluster) {
    const std::uint16_t closed = closed_port().port;
    FakeRedis seed([&](FakeSession& session) {
        session.expect("CLUSTER SLOTS",
                       "*2\r\n" + slots(0, 9, session.port(), "a") + slots(10, 16383, closed, "b"));
        session.wait_for_end();
    });
    const auto nodes = nodes_.primaries({RedisMode::cluster, {seed.target()}}, soon());
    ASSERT_FALSE(nodes);
    EXPECT_EQ(nodes.error().code, Errc::connect);
    EXPECT_NE(nodes.error().what.find(std::to_string(closed)), std::string::npos) << nodes.error().text();
}

TEST_F(RedisNodesTest, AStandaloneServerIsNoCluster) {
    FakeRedis server([](FakeSession& session) {
        session.expect("CLUSTER SLOTS", "-ERR This instance has cluster support disabled\r\n");
    });
    const auto nodes = nodes_.primaries({RedisMode::cluster, {server.target()}}, soon());
    ASSERT_FALSE(nodes);
    EXPECT_EQ(nodes.error().code, Errc::schema);
    EXPECT_NE(nodes.error().hint.find("mode: standalone"), std::string::npos);
}

TEST_F(RedisNodesTest, ASilentSeedLeavesTimeForTheOthers) {
    FakeRedis silent([](FakeSession& session) { session.wait_for_end(); });
    FakeRedis seed([&](FakeSession& session) {
        session.expect("CLUSTER SLOTS", "*1\r\n" + slots(0, 16383, session.port(), "a"));
        session.wait_for_end();
    });
    const auto nodes =
        nodes_.primaries({RedisMode::cluster, {silent.target(), seed.target()}}, Deadline::in(300ms));
    EXPECT_TRUE(nodes) << nodes.error().text();
}

}  // namespace
}  // namespace keyshift::drivers
