// SPDX-License-Identifier: Apache-2.0
// One replica once, and several processes behind one name.
#include "collectors/gateway_metrics/replicas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using testing::HasSubstr;

const CounterRules kRules{{.event = domain::Event::fallback, .metric = "a_total"},
                          {.event = domain::Event::auth_cache_hit, .metric = "b_total"}};

MetricsPage page(std::optional<double> start, std::uint64_t value, bool fallback = true) {
    MetricsPage out;
    out.readings.push_back({"a_total", value, {}, {{domain::Event::fallback, 1}}});
    out.matched = {fallback, true};
    out.started_at = start;
    if (start) out.epoch = std::to_string(*start);
    return out;
}

TargetSnapshot target(const std::string& name, MetricsPage page, const std::string& loopback = "") {
    return {name, std::move(page), loopback};
}

class GatewayReplicasTest : public testing::Test {
 protected:
    /// Whether the target counts after a poll of this page.
    bool counts(std::optional<double> start, std::uint64_t value) {
        GatewaySnapshot snapshot;
        snapshot.targets.push_back(target("x:1", page(start, value)));
        replicas_.record(snapshot);
        epoch_ = snapshot.targets[0].page->readings[0].epoch;
        return !snapshot.targets[0].mixed;
    }

    GatewayReplicas replicas_;
    std::string epoch_;
};

TEST_F(GatewayReplicasTest, AProcessThatBeganEarlierIsAnother) {
    EXPECT_TRUE(counts(1000, 100));
    EXPECT_TRUE(counts(2000, 5)) << "a restart";
    EXPECT_TRUE(counts(2000, 6));
    EXPECT_FALSE(counts(1000, 100)) << "the one before is still there";
    for (std::size_t i = 1; i < GatewayReplicas::kCalm; ++i) EXPECT_FALSE(counts(2000, 6)) << i;
    EXPECT_TRUE(counts(2000, 6)) << "it has calmed down";
}

TEST_F(GatewayReplicasTest, CountersThatFallAndComeBackTwice) {
    EXPECT_TRUE(counts({}, 100));
    EXPECT_TRUE(counts({}, 5));
    EXPECT_TRUE(counts({}, 100)) << "a restart and many since may look so once";
    EXPECT_TRUE(counts({}, 5));
    EXPECT_FALSE(counts({}, 100));
    EXPECT_FALSE(counts({}, 5));
}

TEST_F(GatewayReplicasTest, RestartsAreNone) {
    for (const std::uint64_t value : {1U, 9U, 0U, 4U, 8U, 2U, 2U, 12U, 1U})
        EXPECT_TRUE(counts({}, value)) << value;
    for (int i = 0; i < 9; ++i) EXPECT_TRUE(counts(1000 + 10 * i, 0));
}

TEST_F(GatewayReplicasTest, TheJitterOfAStartIsNoRestart) {
    EXPECT_TRUE(counts(1000.5, 100));
    const std::string epoch = epoch_;
    EXPECT_TRUE(counts(1001.5, 101));
    EXPECT_EQ(epoch_, epoch);
    EXPECT_TRUE(counts(999.5, 101));
    EXPECT_EQ(epoch_, epoch);
    EXPECT_TRUE(counts(1010, 1));
    EXPECT_NE(epoch_, epoch);
}

TEST(GatewayAliases, LoopbackNamesOfOneProcess) {
    GatewaySnapshot snapshot;
    snapshot.targets = {target("127.0.0.1:1", page(7, 1), "1/metrics"),
                        target("[::1]:1", page(7, 1), "1/metrics"),
                        target("localhost:2", page(7, 1), "2/metrics"), target("10.0.0.1:1", page(7, 1)),
                        target("localhost:1", page(99, 1), "1/metrics")};
    merge_aliases(snapshot);
    ASSERT_EQ(snapshot.targets.size(), 4U) << "another port, another machine, another start";
    ASSERT_EQ(snapshot.aliases.size(), 1U);
    EXPECT_EQ(snapshot.aliases[0].name, "[::1]:1");
    EXPECT_EQ(snapshot.aliases[0].of, "127.0.0.1:1");
}

TEST(GatewayGround, NeedsTheSeriesAtEachReplicaThatAnswers) {
    GatewaySnapshot snapshot;
    snapshot.targets = {target("x:1", page(1, 1)),
                        target("y:1", page(1, 1)),
                        {"z:1", base::Error{base::Errc::connect, "refused", ""}}};
    EXPECT_TRUE(gateway_ground(snapshot, kRules).at_work);
    EXPECT_EQ(gateway_ground(snapshot, kRules).doubt, "");
    snapshot.targets[1].page->matched[0] = false;
    EXPECT_FALSE(gateway_ground(snapshot, kRules).at_work);
    EXPECT_THAT(gateway_ground(snapshot, kRules).doubt, HasSubstr("y:1 shows no a_total, which x:1 does"));
    snapshot.targets[0].page->matched[0] = false;
    EXPECT_FALSE(gateway_ground(snapshot, kRules).at_work);
    EXPECT_THAT(gateway_ground(snapshot, kRules).doubt, HasSubstr("no target shows a_total"));
}

TEST(GatewayGround, IsNoneOfOtherCounters) {
    GatewaySnapshot snapshot;
    snapshot.targets = {target("x:1", page(1, 1))};
    const domain::Ground ground = gateway_ground(snapshot, {kRules[1]});
    EXPECT_FALSE(ground.at_work);
    EXPECT_EQ(ground.doubt, "");
}

TEST(GatewayGround, DoubtsAMixedTargetAndKnowsTheRelease) {
    GatewaySnapshot snapshot;
    snapshot.targets = {target("x:1", page(1, 1))};
    const std::string before = gateway_ground(snapshot, kRules).version;
    snapshot.targets[0].page->release = "1.2";
    EXPECT_THAT(gateway_ground(snapshot, kRules).version, HasSubstr("release 1.2"));
    EXPECT_NE(gateway_ground(snapshot, kRules).version, before);
    snapshot.targets[0].mixed = true;
    EXPECT_THAT(gateway_ground(snapshot, kRules).doubt, HasSubstr("several processes answer as x:1"));
}

}  // namespace
}  // namespace keyshift::collectors
