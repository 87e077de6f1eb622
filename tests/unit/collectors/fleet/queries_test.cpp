// SPDX-License-Identifier: Apache-2.0
// fleet_queries.hpp: what is asked by default, and what the configuration can change of it.
#include "collectors/fleet/queries.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "config/config.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::collectors {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

struct Read {
    Fleet fleet;
    std::string problems;
};

Read read(const std::string& options) {
    const config::CollectorTypes types{{.name = "fleet",
                                        .default_when = {},
                                        .schedule = {.interval = 30s, .timeout = 10s},
                                        .read = [](config::OptionsReader& r, const config::Gateway&) {
                                            return config::held(read_fleet(r));
                                        }}};
    const auto nothing = [](std::string_view) -> std::optional<std::string> { return {}; };
    const auto loaded = config::parse("collectors:\n  - type: fleet\n" + options, "k.yaml", nothing, types);
    Read out{config::options_of<Fleet>(loaded.config.collectors.at(0)), ""};
    for (const config::Problem& problem : loaded.problems) out.problems += problem.text() + '\n';
    return out;
}

std::vector<std::string> keys(const Fleet& fleet) {
    std::vector<std::string> out;
    for (const FleetQuery& query : fleet.queries) out.push_back(query.key);
    return out;
}
std::vector<std::string> texts(const Fleet& fleet) {
    std::vector<std::string> out;
    for (const FleetQuery& query : fleet.queries) out.push_back(query.text);
    return out;
}

TEST(FleetQueries, ByDefaultWhatEachHostHasOfItsOwnGateway) {
    const Read all = read("");
    EXPECT_EQ(all.problems, "");
    EXPECT_THAT(keys(all.fleet), ElementsAre("fallback", "auth_cache_hits", "auth_cache_misses",
                                             "auth_failures", "requests", "health[0]", "health[1]",
                                             "health[2]", "health[3]", "health[4]", "health[5]", ""));
    EXPECT_EQ(all.fleet.queries.at(0).text,
              R"(keyshift_fallback_auth_total{job="keyshift"} and on (job, instance) )"
              R"(keyshift_evidence_info{signal="fallback",evidence=~"gateway_metrics|gateway_log"} )"
              R"(unless on (job, instance) keyshift_source_errors_total{source="prometheus"})");
    for (const FleetQuery& query : all.fleet.queries) {
        EXPECT_TRUE(query.standard);
        if (query.gives == FleetQuery::Gives::start) continue;
        EXPECT_THAT(query.text, AllOf(HasSubstr(R"(job="keyshift")"),
                                      HasSubstr(R"(unless on (job, instance) keyshift_source_errors_total)")))
            << "no daemon may count itself";
    }
    const auto measured = all.fleet.measures();
    EXPECT_EQ(measured, domain::failures() | domain::requests() |
                            domain::events_of(domain::Signal::fallback) |
                            domain::events_of(domain::Signal::auth_cache));
}

TEST(FleetQueries, JobAndLabelsStandInAllOfThem) {
    const Read other =
        read("    job: 'a\"b\\c'\n    host_labels: [cluster, instance]\n    stale_after: 90s\n");
    EXPECT_EQ(other.problems, "");
    EXPECT_THAT(texts(other.fleet), testing::Each(AllOf(HasSubstr(R"(job="a\"b\\c")"),
                                                        AnyOf(HasSubstr("on (cluster, instance) "),
                                                              HasSubstr("by (cluster, instance) ")))));
    EXPECT_THAT(texts(other.fleet), Contains(HasSubstr("<= bool 90 ")));
}

TEST(FleetQueries, NullAsksNothing) {
    const Read some = read("    queries: {requests: null, auth_failures: null}\n");
    EXPECT_EQ(some.problems, "");
    EXPECT_THAT(keys(some.fleet), Not(Contains("requests")));
    EXPECT_TRUE((some.fleet.measures() & (domain::failures() | domain::requests())).none());
    EXPECT_THAT(texts(some.fleet), Not(Contains(HasSubstr("auth_failures"))))
        << "who does not count failures need not be able to";
    const Read none = read(
        "    queries: {fallback: null, auth_cache_hits: null, auth_cache_misses: null, auth_failures: null, "
        "requests: null}\n");
    EXPECT_THAT(none.problems, HasSubstr("asks nothing"));
}

TEST(FleetQueries, QueriesOfTheOperator) {
    const Read own =
        read("    queries:\n      fallback: sum by (instance) (x)\n      health: ['up{a=\"b\"}']\n");
    EXPECT_EQ(own.problems, "");
    EXPECT_EQ(own.fleet.queries.at(0).text, "sum by (instance) (x)");
    EXPECT_FALSE(own.fleet.queries.at(0).standard);
    EXPECT_TRUE(own.fleet.queries.at(1).standard);
    EXPECT_EQ(own.fleet.queries.at(5).text, "up{a=\"b\"}");
    EXPECT_FALSE(own.fleet.queries.at(5).standard);
    EXPECT_FALSE(own.fleet.queries.at(5).may_be_empty);
    EXPECT_THAT(own.fleet.queries.at(5).complaint, HasSubstr("health[0]"));
}

TEST(FleetQueries, Mistakes) {
    EXPECT_THAT(read("    host_labels: [\"a b\"]\n").problems, HasSubstr("is no name of a label"));
    EXPECT_THAT(read("    host_labels: [1a]\n").problems, HasSubstr("is no name of a label"));
    EXPECT_THAT(read("    instances: 0\n").problems, HasSubstr("instances"));
    EXPECT_THAT(read("    queries: {fallback: \" \"}\n").problems, HasSubstr("is no query"));
    EXPECT_THAT(read("    queries: {falback: x}\n").problems, HasSubstr("did you mean 'fallback'"));
}

}  // namespace
}  // namespace keyshift::collectors
