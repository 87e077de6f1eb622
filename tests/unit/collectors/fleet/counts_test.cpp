// SPDX-License-Identifier: Apache-2.0
// fleet_counts.hpp: what a Prometheus answers about a fleet, and what is made of it; never more than was
// said.
#include "collectors/fleet/counts.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using domain::Event;
using formats::ApiAnswer;
using formats::ApiSeries;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Gives = FleetQuery::Gives;
constexpr base::Time kWatchedSince{std::chrono::hours{1000}};
using Labels = std::vector<std::pair<std::string, std::string>>;

FleetQuery counter(std::string key, Event event) {
    return {.key = std::move(key), .text = "q", .gives = Gives::counter, .event = event, .standard = true};
}
FleetQuery failures() {
    return {.key = "auth_failures", .text = "f", .gives = Gives::failures, .standard = true};
}
FleetQuery health(bool may_be_empty = false) {
    return {.key = "health[0]",
            .text = "up",
            .gives = Gives::health,
            .standard = true,
            .complaint = "cannot be scraped",
            .may_be_empty = may_be_empty};
}

Fleet fleet(std::vector<FleetQuery> queries) {
    return {.hosts = {.job = "keyshift", .labels = {"job", "instance"}, .at_least = 1},
            .queries = std::move(queries)};
}
const FleetQuery kFallback = counter("fallback", Event::fallback);

Labels host(const std::string& name, const Labels& more = {}) {
    Labels labels{{"instance", name}, {"job", "keyshift"}};
    labels.insert(labels.end(), more.begin(), more.end());
    std::sort(labels.begin(), labels.end());
    return labels;
}
ApiSeries series(Labels labels, double value) {
    return {std::move(labels), value, 1};
}
ApiAnswer answer(std::vector<ApiSeries> all) {
    ApiAnswer out;
    out.series = std::move(all);
    return out;
}

Counted counted(const Fleet& of, const std::vector<ApiAnswer>& answers,
                const FleetWatch& watch = {kWatchedSince, {}}) {
    auto out = count_fleet(of, answers, watch);
    EXPECT_TRUE(out) << (out ? "" : out.error().text());
    return out ? *out : Counted{};
}
base::Error error(const Fleet& of, const std::vector<ApiAnswer>& answers) {
    const FleetWatch watch{kWatchedSince, {}};
    const auto out = count_fleet(of, answers, watch);
    EXPECT_FALSE(out);
    return out ? base::Error{} : out.error();
}

std::vector<std::string> instances(const Counted& c) {
    std::vector<std::string> out;
    for (const domain::Instance& instance : c.readings.instances) {
        std::string text = instance.name + ':';
        for (const domain::Reading& reading : instance.readings) {
            EXPECT_EQ(reading.counts.size(), 1U);
            text += ' ' + reading.series + '=' + std::to_string(reading.value) + '>' +
                    std::string(event_name(reading.counts.at(0).event));
        }
        out.push_back(text);
    }
    return out;
}

TEST(FleetCounts, TheGroundIsAFallbackSeriesOfEachHostThatCounts) {
    const Fleet of = fleet({kFallback, counter("auth_cache_hits", Event::auth_cache_hit)});
    const auto ground = [&](std::vector<ApiSeries> fallback, std::vector<ApiSeries> hits) {
        return counted(of, {answer(std::move(fallback)), answer(std::move(hits))}).ground;
    };
    const ApiSeries a = series(host("a"), 1);
    const ApiSeries b = series(host("b"), 1);
    EXPECT_TRUE(ground({a, b}, {a, b}).at_work);
    EXPECT_TRUE(ground({a, b}, {a}).at_work);
    EXPECT_FALSE(ground({a}, {a, b}).at_work);
    EXPECT_THAT(ground({a}, {a, b}).doubt, HasSubstr("{instance=\"b\",job=\"keyshift\"} has no series"));
    EXPECT_FALSE(ground({}, {a}).at_work);
    EXPECT_TRUE(ground({series({}, 1)}, {a, b}).at_work) << "a sum";
    EXPECT_EQ(ground({a}, {}).version, "q");
}

TEST(FleetCounts, EachHostIsAPartOfEachQuery) {
    const Counted c = counted(fleet({kFallback, counter("auth_cache_hits", Event::auth_cache_hit)}),
                              {answer({series(host("b"), 2), series(host("a", {{"__name__", "x"}}), 1)}),
                               answer({series(host("a"), 7)})});
    EXPECT_THAT(instances(c),
                ElementsAre("fallback of instance=\"a\",job=\"keyshift\": =1>fallback",
                            "fallback of instance=\"b\",job=\"keyshift\": =2>fallback",
                            "auth_cache_hits of instance=\"a\",job=\"keyshift\": =7>auth_cache_hit"));
    EXPECT_TRUE(c.parts_stay);
    EXPECT_FALSE(c.lossy);
    EXPECT_THAT(c.missing, IsEmpty());
    EXPECT_EQ(c.countable.count(), 2U);
}

TEST(FleetCounts, WhatHasNoSeriesIsNotOfferedAndNeverZero) {
    const Counted c = counted(fleet({kFallback, failures()}), {answer({}), answer({})});
    EXPECT_TRUE(c.countable.none());
    EXPECT_THAT(c.readings.instances, IsEmpty());
    EXPECT_THAT(c.missing, ElementsAre("1 of 1 hosts"));
}

TEST(FleetCounts, FailuresByReason) {
    const Counted c = counted(fleet({failures()}), {answer({series(host("a", {{"reason", "unknown_key"}}), 3),
                                                            series(host("a", {{"reason", "blocked"}}), 4),
                                                            series(host("a", {{"reason", "new one"}}), 5)})});
    EXPECT_THAT(instances(c), ElementsAre("auth_failures of instance=\"a\",job=\"keyshift\":"
                                          " reason=\"unknown_key\"=3>failure_unknown_key"
                                          " reason=\"blocked\"=4>failure_blocked"
                                          " reason=\"new one\"=5>failure_other"));
    EXPECT_EQ(c.countable, domain::failures()) << "reasons come with their first failure";
    const auto none = error(fleet({failures()}), {answer({series(host("a"), 1)})});
    EXPECT_EQ(none.code, base::Errc::schema);
    EXPECT_THAT(none.what, HasSubstr("without the label reason"));
}

TEST(FleetCounts, RequestsByOutcome) {
    const Fleet f = fleet({{.key = "requests", .text = "r", .gives = Gives::requests, .standard = true}});
    const Counted c = counted(f, {answer({series(host("a", {{"outcome", "auth_failure"}}), 3)})});
    EXPECT_THAT(instances(c), ElementsAre("requests of instance=\"a\",job=\"keyshift\":"
                                          " outcome=\"auth_failure\"=3>request_auth_failure"));
    EXPECT_EQ(c.countable, domain::requests());
    EXPECT_EQ(error(f, {answer({series(host("a", {{"outcome", "200"}}), 3)})}).code, base::Errc::schema);
}

TEST(FleetCounts, LabelsThatAreNotOursDoNotMakeANewCounter) {
    const auto with = [](const std::string& pod) {
        return counted(fleet({kFallback}), {answer({series(host("a", {{"pod", pod}}), 9)})});
    };
    EXPECT_EQ(instances(with("one")), instances(with("two")));
    FleetQuery own = kFallback;
    own.standard = false;
    const Counted c = counted(
        fleet({own}),
        {answer({series(host("a", {{"path", "/x"}}), 1), series(host("a", {{"path", "/\"\n"}}), 2)})});
    EXPECT_THAT(instances(c),
                ElementsAre("fallback of instance=\"a\",job=\"keyshift\": path=\"/x\"=1>fallback "
                            "path=\"/\\\"\\n\"=2>fallback"));
}

TEST(FleetCounts, ReplicasThatWouldCountTwiceAreRefused) {
    const std::vector<ApiAnswer> twice{
        answer({series(host("a", {{"replica", "1"}}), 9), series(host("a", {{"replica", "2"}}), 9)})};
    const base::Error e = error(fleet({kFallback}), twice);
    EXPECT_EQ(e.code, base::Errc::schema);
    EXPECT_THAT(e.hint, HasSubstr("host_labels"));
    Fleet told = fleet({kFallback});
    told.hosts.labels = {"job", "instance", "replica"};
    EXPECT_EQ(counted(told, twice).readings.instances.size(), 2U);
}

TEST(FleetCounts, ASumHasOnePart) {
    const Counted c = counted(fleet({kFallback}), {answer({series({}, 12.9)})});
    EXPECT_THAT(instances(c), ElementsAre("fallback: =12>fallback"));
    EXPECT_THAT(c.missing, IsEmpty());
}

TEST(FleetCounts, WhatNoCounterIsCannotBeUnderstood) {
    for (const double value : {std::nan(""), -1.0, -HUGE_VAL, HUGE_VAL, 1e17}) {
        const base::Error e = error(fleet({kFallback}), {answer({series(host("a"), value)})});
        EXPECT_EQ(e.code, base::Errc::parse) << value;
        EXPECT_THAT(e.what, HasSubstr("queries.fallback")) << value;
    }
}

TEST(FleetCounts, APartialAnswerIsNone) {
    for (const bool of_health : {false, true}) {
        ApiAnswer partial = answer({series(host("a"), 1)});
        partial.partial = true;
        partial.warnings = {"store down"};
        const ApiAnswer whole = answer({series(host("a"), 1)});
        const base::Error e =
            error(fleet({kFallback, health()}), {of_health ? whole : partial, of_health ? partial : whole});
        EXPECT_EQ(e.code, base::Errc::other);
        EXPECT_THAT(e.what, HasSubstr("partial answer to queries."));
        EXPECT_THAT(e.what, HasSubstr("store down"));
    }
    ApiAnswer warned = answer({series(host("a"), 1)});
    warned.warnings = {"PromQL warning: a remark"};
    EXPECT_EQ(counted(fleet({kFallback}), {warned}).readings.instances.size(), 1U);
}

TEST(FleetCounts, AHostThatIsNotWellIsMissing) {
    const auto missing = [](std::vector<ApiSeries> of_health, bool may_be_empty = false) {
        return counted(fleet({kFallback, health(may_be_empty)}),
                       {answer({series(host("a"), 1)}), answer(std::move(of_health))})
            .missing;
    };
    EXPECT_THAT(missing({series(host("a"), 1), series(host("b"), 2)}), IsEmpty());
    EXPECT_THAT(missing({series(host("a"), 1), series(host("b"), 0)}),
                ElementsAre("instance=\"b\",job=\"keyshift\": cannot be scraped"));
    EXPECT_THAT(missing({series(host("b", {{"source", "gateway_log"}}), std::nan(""))}),
                ElementsAre("instance=\"b\",job=\"keyshift\": cannot be scraped (gateway_log)"));
    EXPECT_THAT(missing({series({}, 0.5)}), ElementsAre("cannot be scraped"));
    EXPECT_THAT(missing({}), ElementsAre(HasSubstr("queries.health[0]")));
    EXPECT_THAT(missing({}, true), IsEmpty());
}

TEST(FleetCounts, SoManyHostsMustCountFallback) {
    Fleet f = fleet({kFallback, counter("auth_cache_hits", Event::auth_cache_hit)});
    f.hosts.at_least = 3;
    const std::vector<ApiAnswer> answers{
        answer({series(host("a"), 1), series(host("b"), 1)}),
        answer({series(host("a"), 1), series(host("b"), 1), series(host("c"), 1)})};
    EXPECT_THAT(counted(f, answers).missing, ElementsAre("1 of 3 hosts"));
    f.queries.at(0) = counter("auth_cache_misses", Event::auth_cache_miss);
    EXPECT_THAT(counted(f, answers).missing, IsEmpty());
}

TEST(FleetCounts, AHostThatBeganLatelyBeganAtZero) {
    const FleetQuery start{.key = "", .text = "s", .gives = Gives::start, .standard = true};
    const double then = base::to_unix_seconds(kWatchedSince);
    const std::vector<ApiAnswer> answers{
        answer({series(host("new"), 5), series(host("old"), 5), series(host("unknown"), 5)}),
        answer({series(host("old"), then - 3600), series(host("new"), then + 1)})};
    const auto lately = [&](const Fleet& of) {
        std::vector<bool> out;
        for (const domain::Instance& instance : counted(of, answers).readings.instances)
            out.push_back(instance.began_lately);
        return out;
    };
    EXPECT_THAT(lately(fleet({kFallback, start})), ElementsAre(true, false, false));
    const FleetWatch seen{kWatchedSince, {"fallback of " + fleet_host(fleet({}), answers[0].series[0])}};
    for (const domain::Instance& instance :
         counted(fleet({kFallback, start}), answers, seen).readings.instances)
        EXPECT_FALSE(instance.began_lately) << "one that comes back was counted before";
    FleetQuery own = kFallback;
    own.standard = false;
    EXPECT_THAT(lately(fleet({own, start})), ElementsAre(false, false, false))
        << "what an operator's own counters began at is not known";
}

TEST(FleetCounts, TheScopeIsWhatDecidesWhatASeriesMeans) {
    const Fleet f = fleet({kFallback, health()});
    Fleet other = f;
    EXPECT_EQ(f.scope(), other.scope());
    other.queries.at(1).text = "up{}";
    EXPECT_EQ(f.scope(), other.scope()) << "health counts nothing";
    other.queries.at(0).text += " ";
    EXPECT_NE(f.scope(), other.scope());
    other = f;
    other.hosts.labels = {"instance"};
    EXPECT_NE(f.scope(), other.scope());
}

}  // namespace
}  // namespace keyshift::collectors
