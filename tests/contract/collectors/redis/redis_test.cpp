// SPDX-License-Identifier: Apache-2.0
// The collector `redis` against servers that play scripts.
#include <chrono>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "contract/drivers/redis/fake_redis.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Errc;
using domain::Event;
using drivers::FakeRedis;
using drivers::FakeSession;
using namespace std::chrono_literals;

const std::string kScan = "SCAN 0 MATCH auth:* COUNT 1000";

std::string text(const std::string& value) {
    return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}
std::string info(const std::string& run_id, int hits, int keys = 5, const std::string& more = "") {
    return text("# Server\r\nredis_version:7.0.15\r\nrun_id:" + run_id + "\r\n" + more +
                "# Stats\r\nkeyspace_hits:" + std::to_string(hits) +
                "\r\nkeyspace_misses:2\r\nevicted_keys:1\r\n# Keyspace\r\ndb0:keys=" + std::to_string(keys) +
                ",expires=0,avg_ttl=0\r\n");
}
std::string page(const std::string& cursor, const std::vector<std::string>& keys) {
    std::string out = "*2\r\n" + text(cursor) + "*" + std::to_string(keys.size()) + "\r\n";
    for (const std::string& key : keys) out += text(key);
    return out;
}

class RedisCollector : public testing::Test {
 protected:
    std::unique_ptr<Collector> make(const std::string& options) {
        const auto loaded = config::parsed("collectors: [{type: redis, " + options + "}]",
                                           config::variables({}), catalog_types());
        EXPECT_EQ(config::messages(loaded.problems), "");
        const config::CollectorConfig& redis = loaded.config.collectors.at(0);
        return configured(redis).make(loaded.config.gateway, redis.schedule, interrupt_);
    }
    static std::string url(const FakeRedis& server) {
        return "url: \"redis://127.0.0.1:" + std::to_string(server.port()) + "\"";
    }
    static base::Result<Observation> collect(Collector& collector, base::Duration timeout = 5s) {
        return collector.collect({.deadline = Deadline::in(timeout)});
    }

    drivers::Interrupt interrupt_;
};

TEST_F(RedisCollector, SaysWhatInfoSaysAndCountsEntries) {
    FakeRedis server([](FakeSession& session) {
        session.expect("INFO", info("r1", 7));  // the driver's own
        session.expect("INFO", info("r1", 8));
        session.expect(kScan, page("0", {"auth:key:1", "auth:verified:1", "auth:verified:2"}));
        session.wait_for_end();
    });
    const auto collector = make(url(server));
    const auto seen = collect(*collector);
    ASSERT_TRUE(seen) << seen.error().text();
    ASSERT_EQ(seen->counted->readings.instances.size(), 1U);
    const domain::Instance& instance = seen->counted->readings.instances[0];
    EXPECT_EQ(instance.name, "127.0.0.1:" + std::to_string(server.port()));
    ASSERT_EQ(instance.readings.size(), 3U);
    EXPECT_EQ(instance.readings[0].value, 8U);
    EXPECT_EQ(instance.readings[0].epoch, "r1");
    EXPECT_EQ(instance.readings[0].counts.at(0).event, Event::redis_hit);
    EXPECT_EQ(instance.readings[0].counts.at(1).event, Event::auth_cache_hit);
    EXPECT_EQ(instance.readings[1].value, 2U);
    EXPECT_EQ(instance.readings[2].value, 1U);
    EXPECT_FALSE(seen->counted->lossy);
    EXPECT_EQ(seen->gauges->cache_entries,
              (std::map<std::string, std::uint64_t>{{"auth_key", 1}, {"auth_verified", 2}}));
}

TEST_F(RedisCollector, APageThatIsUnderWayIsWaitedFor) {
    FakeRedis server([](FakeSession& session) {
        session.expect("INFO", info("r1", 7));
        session.expect("INFO", info("r1", 8));
        for (int cursor = 0; cursor < 3; ++cursor) {
            if (cursor == 2) session.expect("INFO", info("r1", 9));
            const std::string got = session.command();
            std::this_thread::sleep_for(cursor < 2 ? 350ms : 0ms);
            EXPECT_EQ(got, "SCAN " + std::to_string(cursor) + " MATCH auth:* COUNT 1000");
            session.say(page(cursor == 2 ? "0" : std::to_string(cursor + 1), {"auth:key:x"}));
        }
        session.wait_for_end();
    });
    const auto collector = make(url(server));
    const auto first = collect(*collector, 1s);
    ASSERT_TRUE(first) << first.error().text();
    EXPECT_TRUE(first->gauges->cache_entries.empty()) << "two pages took more than half of the time";
    const auto second = collect(*collector);
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_EQ(second->gauges->cache_entries.at("auth_key"), 3U);
}

TEST_F(RedisCollector, AboveTheCeilingAndWithoutPatternsNothingIsScanned) {
    for (const std::string options : {"scan_ceiling: 4", "patterns: {auth_key: null, auth_verified: null}"}) {
        FakeRedis server([](FakeSession& session) {
            session.expect("INFO", info("r1", 7));
            session.expect("INFO", info("r1", 8));
            EXPECT_EQ(session.command(), "");
        });
        const auto collector = make(url(server) + ", " + options);
        const auto seen = collect(*collector);
        ASSERT_TRUE(seen) << seen.error().text();
        EXPECT_TRUE(seen->gauges->cache_entries.empty());
    }
}

TEST_F(RedisCollector, WhatAMasterCountedBeforeItWasReplacedIsLost) {
    const auto master = [](const std::string& run) {
        return [run](FakeSession& session) {
            session.expect("ROLE", "*1\r\n" + text("master"));
            session.expect("INFO", info(run, 7));
            session.expect("INFO", info(run, 7));
            session.expect(kScan, page("0", {}));
            session.expect("ROLE", "*1\r\n" + text("master"));
            session.expect("INFO", info(run, 7));
            session.expect(kScan, page("0", {}));
            session.wait_for_end();
        };
    };
    FakeRedis first(master("r1"));
    FakeRedis second(master("r2"));
    FakeRedis sentinel([&](FakeSession& session) {
        for (const FakeRedis* server : {&first, &first, &second, &second}) {
            session.expect("SENTINEL GET-MASTER-ADDR-BY-NAME cache",
                           "*2\r\n" + text("127.0.0.1") + text(std::to_string(server->port())));
        }
        session.wait_for_end();
    });
    const auto collector = make(url(sentinel) + ", mode: sentinel, sentinel: {master: cache}");
    std::vector<bool> lossy;
    for (int poll = 0; poll < 4; ++poll) {
        const auto seen = collect(*collector);
        ASSERT_TRUE(seen) << seen.error().text();
        lossy.push_back(seen->counted->lossy);
    }
    EXPECT_EQ(lossy, (std::vector<bool>{false, false, true, false}));
}

TEST_F(RedisCollector, SaysWhatIsWrongWithTheServer) {
    const auto error_of = [this](const std::string& answer, const std::string& scan) {
        FakeRedis server([&](FakeSession& session) {
            session.expect("INFO", answer);
            session.expect("INFO", answer);
            session.expect(kScan, scan);
            session.wait_for_end();
        });
        const auto collector = make(url(server));
        const auto seen = collect(*collector);
        EXPECT_FALSE(seen);
        return seen ? base::Error{} : seen.error();
    };
    EXPECT_EQ(error_of(info("r1", 1, 5, "cluster_enabled:1\r\n"), "").code, Errc::schema);
    for (const std::string mode : {"redis_mode", "server_mode"}) {
        const auto sentinel = error_of(info("r1", 1, 5, mode + ":sentinel\r\n"), "");
        EXPECT_EQ(sentinel.code, Errc::schema) << mode;
        EXPECT_EQ(sentinel.hint, "set mode: sentinel") << mode;
    }
    EXPECT_EQ(error_of(text("hello\r\n"), "").code, Errc::parse);
    EXPECT_EQ(error_of(info("r1", 1), "*2\r\n:0\r\n*0\r\n").code, Errc::parse);
    EXPECT_EQ(error_of(info("r1", 1), text("")).code, Errc::parse);
    EXPECT_EQ(
        error_of(info("r1", 1), "-NOPERM this user has no permissions to run the 'scan' command\r\n").code,
        Errc::permission);
}

/// What else a server says, and what a poll then counts.
struct Lacking {
    const char* size;  ///< the answer to DBSIZE; empty: nobody asks
    std::vector<std::string> series;
    std::string epoch = {};
    bool scanned = true;
};

TEST_F(RedisCollector, AMissingFieldCostsWhatNeedsIt) {
    const std::string stats = "# Stats\r\nkeyspace_hits:7\r\nkeyspace_misses:2\r\n";
    const std::string keyspace = "# Keyspace\r\ndb0:keys=5,expires=0,avg_ttl=-1";
    const std::string dragonfly = "redis_version:7.4.0\r\ndragonfly_version:df-v1.23.0\r\n";
    const std::string kvrocks = "kvrocks_version:2.9.0\r\nrun_id:r1\r\n";
    const std::pair<std::string, Lacking> kCases[] = {
        {"no run id, no last line end", {"", {"keyspace_hits", "keyspace_misses", "evicted_keys"}}},
        {"no keyspace", {":5\r\n", {"keyspace_hits", "keyspace_misses"}}},
        {"no keyspace, no right", {"-NOPERM no\r\n", {"keyspace_hits", "keyspace_misses"}, "", false}},
        {"no stats", {"", {}}},
        {"Kvrocks before a DBSIZE SCAN", {":0\r\n", {"keyspace_hits", "keyspace_misses"}, "r1", false}},
        {"Kvrocks after one", {":9\r\n", {"keyspace_hits", "keyspace_misses"}, "r1"}},
    };
    const std::string kInfos[] = {
        dragonfly + stats + "evicted_keys:0\r\n" + keyspace,
        dragonfly + stats,
        dragonfly + stats,
        dragonfly + keyspace,
        kvrocks + stats + "# Keyspace\r\ndb0:keys=0,expires=0,avg_ttl=0,expired=0\r\n",
        kvrocks + stats + "# Keyspace\r\ndb0:keys=0,expires=0,avg_ttl=0,expired=0\r\n",
    };
    for (std::size_t i = 0; i < std::size(kCases); ++i) {
        const auto& [name, lacking] = kCases[i];
        FakeRedis server([&, &expected = lacking](FakeSession& session) {
            session.expect("INFO", text(kInfos[i]));
            session.expect("INFO", text(kInfos[i]));
            if (*expected.size != '\0') session.expect("DBSIZE", expected.size);
            if (expected.scanned) session.expect(kScan, page("0", {"auth:key:1"}));
            session.wait_for_end();
        });
        const auto collector = make(url(server));
        const auto seen = collect(*collector);
        ASSERT_TRUE(seen) << name << ": " << seen.error().text();
        std::vector<std::string> series;
        for (const domain::Reading& reading : seen->counted->readings.instances.at(0).readings) {
            series.push_back(reading.series);
            EXPECT_EQ(reading.epoch, lacking.epoch) << name;
        }
        EXPECT_EQ(series, lacking.series) << name;
        EXPECT_EQ(seen->gauges->cache_entries.empty(), !lacking.scanned) << name;
        EXPECT_EQ(seen->counted->countable.test(index_of(Event::redis_hit)), !series.empty()) << name;
        EXPECT_EQ(seen->counted->countable.test(index_of(Event::redis_evicted)), series.size() == 3) << name;
    }
}

TEST_F(RedisCollector, DoctorSaysWhatIsMissing) {
    FakeRedis server([](FakeSession& session) {
        const std::string answer =
            text("# Server\r\ndragonfly_version:df-v1.23.0\r\n# Stats\r\nkeyspace_hits:7");
        session.expect("INFO", answer);
        session.expect("INFO", answer);
        session.expect("DBSIZE", "-NOPERM no\r\n");
        session.expect(kScan, page("0", {}));
        session.wait_for_end();
    });
    const auto collector = make(url(server));
    const auto findings = collector->examine(Deadline::in(5s));
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_NE(findings[0].what.find(": Dragonfly df-v1.23.0"), std::string::npos) << findings[0].what;
    EXPECT_EQ(findings[0].what.find("keys"), std::string::npos) << findings[0].what;
    EXPECT_NE(findings[1].what.find("keyspace_misses, evicted_keys"), std::string::npos) << findings[1].what;
    EXPECT_NE(findings[2].what.find("neither INFO nor DBSIZE"), std::string::npos) << findings[2].what;
}

TEST_F(RedisCollector, InfoMayBeAVerbatimString) {
    const std::string plain = info("r1", 7);
    const std::string body = plain.substr(plain.find("\r\n") + 2);
    const std::string answer = "=" + std::to_string(body.size() + 2) + "\r\ntxt:" + body;
    FakeRedis server([&](FakeSession& session) {
        session.expect("INFO", answer);
        session.expect("INFO", answer);
        session.expect(kScan, page("0", {}));
        session.wait_for_end();
    });
    const auto collector = make(url(server));
    const auto seen = collect(*collector);
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_EQ(seen->counted->readings.instances.at(0).readings.at(0).value, 7U);
}

TEST_F(RedisCollector, ExamineTriesAllThatAPollNeeds) {
    FakeRedis server([](FakeSession& session) {
        session.expect("INFO", info("r1", 7));
        session.expect("INFO", info("r1", 8, 30'000'000));
        session.expect(kScan, "-NOPERM this user has no permissions to run the 'scan' command\r\n");
        session.wait_for_end();
    });
    const auto collector = make(url(server));
    const auto findings = collector->examine(Deadline::in(5s));
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(findings[0].kind, Finding::Kind::ok);
    EXPECT_NE(findings[0].what.find("Redis 7.0.15, 30000000 keys"), std::string::npos) << findings[0].what;
    EXPECT_EQ(findings[1].kind, Finding::Kind::failure);
    EXPECT_NE(findings[1].remedy.find("ACL SETUSER"), std::string::npos);
    EXPECT_EQ(findings[2].kind, Finding::Kind::warning);
    EXPECT_NE(findings[2].remedy.find("scan_ceiling"), std::string::npos);
}

TEST_F(RedisCollector, CountsTheEntriesOfThePreset) {
    const auto patterns = [](const std::string& gateway) {
        const auto loaded = config::parsed(gateway + "collectors: [{type: redis, url: \"redis://h\"}]",
                                           config::variables({}), catalog_types());
        std::map<std::string, std::string> out;
        for (const auto& key : loaded.known)
            if (key.path.find("patterns.") != std::string::npos)
                out[key.path.substr(key.path.rfind('.') + 1)] = key.fallback;
        return out;
    };
    using Patterns = std::map<std::string, std::string>;
    EXPECT_EQ(patterns(""), (Patterns{{"auth_key", "auth:key:*"}, {"auth_verified", "auth:verified:*"}}));
    EXPECT_EQ(patterns("gateway: {preset: langfuse}\n"),
              (Patterns{{"auth_key", "api-key:*"}, {"auth_verified", "null"}}));
    EXPECT_EQ(patterns("gateway: {preset: custom}\n"),
              (Patterns{{"auth_key", "null"}, {"auth_verified", "null"}}));
}

}  // namespace
}  // namespace keyshift::collectors
