// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/findings.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

const CounterRules kRules{
    {.event = domain::Event::fallback, .metric = "a_total"},
    {.event = domain::Event::auth_cache_hit, .metric = "b_total", .labels = {{"c", {"d", "e"}}}}};

TargetSnapshot answering(const std::string& name, std::vector<bool> matched) {
    MetricsPage page;
    page.readings.resize(1);
    page.matched = std::move(matched);
    return {name, page};
}

TargetSnapshot failing(const std::string& name) {
    return {name, base::Error{base::Errc::connect, name + " refused", "start it"}};
}

std::string text(const std::vector<Finding>& findings) {
    std::string out;
    for (const Finding& finding : findings) {
        out += finding.kind == Finding::Kind::ok        ? "ok "
               : finding.kind == Finding::Kind::warning ? "warning "
                                                        : "failure ";
        out += finding.what + "\n";
    }
    return out;
}

TEST(GatewayFindings, SayHowEachTargetStandsAndWhichRulesMatchNothing) {
    const GatewaySnapshot snapshot{{answering("x:1", {true, false}), failing("y:1")}, {}, {}};
    EXPECT_EQ(
        text(gateway_findings(snapshot, kRules)),
        "failure y:1 refused\nok x:1 answers: 1 series counts\nwarning no target has b_total{c=\"d|e\"}\n");
}

TEST(GatewayFindings, ARuleMayMatchAnywhere) {
    const GatewaySnapshot snapshot{
        {answering("x:1", {true, false}), answering("y:1", {false, true})}, {}, {}};
    EXPECT_EQ(text(gateway_findings(snapshot, kRules)),
              "ok x:1 answers: 1 series counts\nok y:1 answers: 1 series counts\n");
    const GatewaySnapshot down{{failing("x:1")}, {{"h:1", {base::Errc::connect, "unknown host", ""}}}, {}};
    EXPECT_EQ(text(gateway_findings(down, kRules)), "failure unknown host\nfailure x:1 refused\n");
}

TEST(GatewayFindings, AreSummedUpWhereTheyAreMany) {
    GatewaySnapshot snapshot;
    for (int i = 0; i < 30; ++i) snapshot.targets.push_back(answering("x", {true, true}));
    EXPECT_EQ(gateway_findings(snapshot, kRules).size(), 21U);
    EXPECT_EQ(text({gateway_findings(snapshot, kRules).back()}),
              "ok 10 more targets, of which 0 do not answer\n");
    for (int i = 0; i < 30; ++i) snapshot.targets.push_back(failing("y"));
    EXPECT_EQ(text({gateway_findings(snapshot, kRules).back()}),
              "failure 40 more targets, of which 10 do not answer\n");
}

TEST(GatewayFindings, OneProcessBehindTwoTargetsIsNoticed) {
    GatewaySnapshot snapshot{{answering("x:1", {true, true}), answering("y:1", {true, true})}, {}, {}};
    snapshot.targets[0].page->started_at = 1700000000.25;
    snapshot.targets[1].page->started_at = 1700000000.26;
    EXPECT_EQ(gateway_findings(snapshot, kRules).size(), 2U);
    snapshot.targets[1].page->started_at = 1700000000.25;
    EXPECT_NE(text(gateway_findings(snapshot, kRules)).find("warning y:1 and x:1 seem to be one process"),
              std::string::npos);
}

TEST(GatewayFindings, NoCountersAtAllIsWorthAWord) {
    EXPECT_EQ(gateway_findings({{answering("x", {})}, {}, {}}, {}).back().kind, Finding::Kind::warning);
}

}  // namespace
}  // namespace keyshift::collectors
