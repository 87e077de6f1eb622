// SPDX-License-Identifier: Apache-2.0
// evidence_families.hpp: what is not counted has no series, and no source makes a counter fall.
#include "exposition/families/evidence_families.hpp"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "domain/assess.hpp"
#include "unit/domain/evidence/source_fixture.hpp"
#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

using namespace std::chrono_literals;
using domain::Event;
using domain::Model;
using domain::Signal;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};

std::string shown(const Model& model, const std::string& prefix) {
    std::vector<MetricFamily> families;
    append_evidence_families(model, kNow, families);
    return series(std::move(families), prefix);
}

Model nothing_counted() {
    return domain::usual_model();
}

/// Configured, and might count this.
void configure(Model& model, const std::string& source, std::initializer_list<Event> events) {
    model.sources[source];
    domain::Events& measurable = model.policy.measurable[source];
    for (const Event event : events) measurable.set(index_of(event));
}

/// Has counted so many, and tells of them now.
void count(Model& model, const std::string& source, Event event, std::uint64_t times) {
    domain::SourceCounts& counts = model.evidence.sources[source];
    counts.countable.set(index_of(event));
    counts.totals.at(index_of(event)) = times;
}

void follow(Model& model, Signal signal, const std::string& evidence) {
    model.evidence.headlines.at(static_cast<std::size_t>(signal)).evidence = evidence;
}

TEST(EvidenceFamilies, NothingIsCountedWithoutSources) {
    EXPECT_EQ(shown(nothing_counted(), ""), "");
}

TEST(EvidenceFamilies, ACounterIsThereFromZeroOnAsSoonAsItsSourceMightCount) {
    Model model = nothing_counted();
    configure(model, "statements", {Event::fallback_scan, Event::lookup_found});
    EXPECT_EQ(shown(model, "keyshift_fallback_scan"), "keyshift_fallback_scans_total 0\n")
        << "and none of rows, which it might not count";
    EXPECT_EQ(shown(model, "keyshift_auth_lookups"), "keyshift_auth_lookups_total{result=\"found\"} 0\n");
    count(model, "statements", Event::fallback_scan, 17);
    EXPECT_EQ(shown(model, "keyshift_fallback_scan"), "keyshift_fallback_scans_total 17\n");
}

TEST(EvidenceFamilies, HeadlinesNameTheirEvidence) {
    Model model = nothing_counted();
    configure(model, "statements", {Event::fallback});
    model.evidence.totals.at(index_of(Event::fallback)) = 5;
    EXPECT_EQ(shown(model, "keyshift_fallback_auth_total"), "keyshift_fallback_auth_total 5\n");
    EXPECT_EQ(shown(model, "keyshift_evidence_info"), "") << "none is followed yet";
    follow(model, Signal::fallback, "statements");
    EXPECT_EQ(shown(model, "keyshift_evidence_info"),
              "keyshift_evidence_info{signal=\"fallback\",evidence=\"statements\"} 1\n");
    model.policy.measurable.clear();
    EXPECT_EQ(shown(model, "keyshift_evidence_info"), "") << "it is not configured any more";
    EXPECT_EQ(shown(model, "keyshift_fallback_auth_total"), "");
    follow(model, Signal::fallback, domain::kLastUsed);
    model.sources[domain::kKeysSource];
    EXPECT_EQ(shown(model, "keyshift_fallback_auth_total"), "keyshift_fallback_auth_total 5\n");
    EXPECT_EQ(shown(model, "keyshift_evidence_info"),
              "keyshift_evidence_info{signal=\"fallback\",evidence=\"last_used\"} 1\n");
}

TEST(EvidenceFamilies, FailuresHaveEachReasonOnceAnyCanBeCounted) {
    Model model = nothing_counted();
    configure(model, "access_log", {Event::failure_blocked});
    EXPECT_EQ(shown(model, "keyshift_auth_failures_total"), "")
        << "without unknown keys the others say nothing";
    configure(model, "access_log", {Event::failure_unknown_key});
    const std::string all = shown(model, "keyshift_auth_failures_total");
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 13) << all;
    EXPECT_NE(all.find("{reason=\"blocked\"} 0\n"), std::string::npos) << all;
}

/// What was saved of a log is less than what was shown before the restart: a counter would fall.
TEST(EvidenceFamilies, ALogThatWasNotReadSinceTheStartShowsNothing) {
    Model model = nothing_counted();
    configure(model, "gateway_log", {Event::fallback, Event::response_cache_hit});
    count(model, "gateway_log", Event::fallback, 4);
    count(model, "gateway_log", Event::response_cache_hit, 9);
    follow(model, Signal::fallback, "gateway_log");
    model.logs["gateway_log"] = {{1, 2, 3, 4, 5}, 77, false};
    for (const char* name : {"keyshift_fallback_auth_total", "keyshift_log_", "keyshift_response_cache"})
        EXPECT_EQ(shown(model, name), "");
    model.logs["gateway_log"].read_since_start = true;
    EXPECT_EQ(shown(model, "keyshift_fallback_auth_total"), "keyshift_fallback_auth_total 0\n");
    EXPECT_EQ(shown(model, "keyshift_response_cache_hits"), "keyshift_response_cache_hits_total 9\n");
    EXPECT_EQ(shown(model, "keyshift_log_lines"),
              "keyshift_log_lines_total{source=\"gateway_log\",result=\"matched\"} 1\n"
              "keyshift_log_lines_total{source=\"gateway_log\",result=\"skipped\"} 2\n"
              "keyshift_log_lines_total{source=\"gateway_log\",result=\"unparsed\"} 3\n"
              "keyshift_log_lines_total{source=\"gateway_log\",result=\"oversized\"} 4\n");
    EXPECT_EQ(shown(model, "keyshift_log_lag"), "keyshift_log_lag_bytes{source=\"gateway_log\"} 77\n");
    model.sources.erase("gateway_log");
    EXPECT_EQ(shown(model, "keyshift_log_lines"), "") << "it is not configured any more";
}

TEST(EvidenceFamilies, OfSeveralThatSeeTheSameTheOneThatHasCountedMostIsShown) {
    Model model = nothing_counted();
    configure(model, "access_log", {Event::request_success});
    EXPECT_EQ(shown(model, "keyshift_http_requests"),
              "keyshift_http_requests_total{outcome=\"success\"} 0\n");
    configure(model, "gateway_metrics", {Event::request_success});
    count(model, "access_log", Event::request_success, 30);
    count(model, "gateway_metrics", Event::request_success, 12);
    EXPECT_EQ(shown(model, "keyshift_http_requests"),
              "keyshift_http_requests_total{outcome=\"success\"} 30\n");
    count(model, "gateway_metrics", Event::request_success, 31);
    EXPECT_EQ(shown(model, "keyshift_http_requests"),
              "keyshift_http_requests_total{outcome=\"success\"} 31\n");
    model.evidence.sources.at("gateway_metrics").countable.reset();
    model.evidence.sources.at("access_log").countable.reset();
    EXPECT_EQ(shown(model, "keyshift_http_requests"),
              "keyshift_http_requests_total{outcome=\"success\"} 31\n")
        << "what it has counted stays, although it cannot go on";
}

TEST(EvidenceFamilies, ALogIsNoZeroOfWhatOthersCount) {
    Model model = nothing_counted();
    configure(model, "gateway_log", {Event::fallback});
    model.logs["gateway_log"].read_since_start = true;
    EXPECT_EQ(shown(model, "keyshift_log_events"), "keyshift_log_events_total{event=\"fallback\"} 0\n");
    configure(model, "statements", {Event::fallback});
    count(model, "statements", Event::fallback, 3);
    EXPECT_EQ(shown(model, "keyshift_log_events"), "") << "its level does not reach so far";
    count(model, "gateway_log", Event::fallback, 1);
    EXPECT_EQ(shown(model, "keyshift_log_events"), "keyshift_log_events_total{event=\"fallback\"} 1\n");
}

TEST(EvidenceFamilies, NoReplicaIsUpWhereNoneCouldBeRead) {
    Model model = nothing_counted();
    configure(model, "gateway_metrics", {});
    model.gauges.gateways_up = {{"a", true}, {"b", false}};
    const std::string mixed = "keyshift_gateway_up{gateway=\"a\"} 1\nkeyshift_gateway_up{gateway=\"b\"} 0\n";
    EXPECT_EQ(shown(model, "keyshift_gateway_up"), mixed) << "before the first poll has ended";
    model.sources["gateway_metrics"].up = true;
    EXPECT_EQ(shown(model, "keyshift_gateway_up"), mixed);
    model.sources["gateway_metrics"].up = false;
    EXPECT_EQ(shown(model, "keyshift_gateway_up"),
              "keyshift_gateway_up{gateway=\"a\"} 0\nkeyshift_gateway_up{gateway=\"b\"} 0\n");
}

TEST(EvidenceFamilies, AContradictionIsToldOnlyWhereLastUsesAreComparedWithSomething) {
    Model model = nothing_counted();
    configure(model, "statements", {Event::fallback});
    model.keys.emplace();
    model.policy.windows.drain = 168h;
    const std::string name = "keyshift_evidence_contradicted";
    EXPECT_EQ(shown(model, name), name + "{signal=\"fallback\"} 0\n");
    follow(model, Signal::fallback, "statements");
    model.evidence.contradicted_at = kNow - 167h;
    model.evidence.contradicted = "statements";
    EXPECT_EQ(shown(model, name), name + "{signal=\"fallback\"} 1\n");
    model.evidence.contradicted_at = kNow - 169h;
    EXPECT_EQ(shown(model, name), name + "{signal=\"fallback\"} 0\n");
    model.policy.uses_recorded = false;
    EXPECT_EQ(shown(model, name), "");
    model.policy.uses_recorded = true;
    model.policy.measurable.clear();
    EXPECT_EQ(shown(model, name), "");
}

TEST(EvidenceFamilies, ResetsAreOfSourcesThatCount) {
    Model model = nothing_counted();
    configure(model, "redis", {Event::redis_hit});
    configure(model, "probe", {});
    EXPECT_EQ(shown(model, "keyshift_source_resets"), "keyshift_source_resets_total{source=\"redis\"} 0\n");
    model.evidence.sources["redis"].resets = 2;
    model.sources[domain::kKeysSource];
    model.saved_totals.table_changes = 1;
    EXPECT_EQ(shown(model, "keyshift_source_resets"),
              "keyshift_source_resets_total{source=\"keys\"} 1\n"
              "keyshift_source_resets_total{source=\"redis\"} 2\n");
}

}  // namespace
}  // namespace keyshift::exposition
