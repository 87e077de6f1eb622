// SPDX-License-Identifier: Apache-2.0
// What a log's levels let be taken for zero, and what is said of those that are missing.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/gateway_log_counter.hpp"

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;
using domain::Event;
using formats::TracingLevel;
using testing::HasSubstr;
using testing::Not;

class GatewayLogOffered : public testing::Test {
 protected:
    GatewayLogOffered() { tally_.now = base::Time(1000h); }

    void use(LogRules rules) {
        counter_ = make_gateway_log_counter(LogFormat::tracing_text, std::move(rules));
    }
    void reads(const std::string& level, const std::string& rest = "inferxgate::auth: x") {
        counter_->count("2026-11-22T11:56:47.949528Z " + level + " " + rest + "\n", tally_);
    }
    bool offers(Event event) { return counter_->offers(tally_.now).test(index_of(event)); }
    void passes(base::Duration time) { tally_.now += time; }
    std::string findings() {
        std::string out;
        for (const Finding& finding : counter_->findings())
            out += finding.what + " -> " + finding.mend + "\n";
        return out;
    }

    LogTally tally_;
    std::unique_ptr<LineCounter> counter_ =
        make_gateway_log_counter(LogFormat::tracing_text, preset_log_rules(config::Preset::inferxgate));
};

TEST_F(GatewayLogOffered, NothingIsBeforeALineWasSeen) {
    EXPECT_TRUE(counter_->offers(tally_.now).none());
    counter_->count("no line of tracing's\n\n", tally_);
    EXPECT_TRUE(counter_->offers(tally_.now).none());
}

TEST_F(GatewayLogOffered, ErrorsAloneShowNothing) {
    reads("ERROR");
    EXPECT_TRUE(counter_->offers(tally_.now).none());
}

TEST_F(GatewayLogOffered, ALevelShowsThoseAboveItToo) {
    reads(" INFO");
    EXPECT_TRUE(offers(Event::gateway_started));
    EXPECT_TRUE(offers(Event::failure_rate_limited)) << "warnings would be there";
    EXPECT_FALSE(offers(Event::auth_cache_hit));
    EXPECT_FALSE(offers(Event::key_used)) << "one of its two rules needs DEBUG";
    reads("DEBUG");
    for (const Event event : {Event::auth_cache_hit, Event::auth_cache_miss, Event::verification,
                              Event::key_used, Event::response_cache_hit, Event::response_cache_miss})
        EXPECT_TRUE(offers(event)) << event_name(event);
    EXPECT_FALSE(offers(Event::failure_unknown_key)) << "nothing logs it";
}

TEST_F(GatewayLogOffered, ATraceWillDoForDebug) {
    reads("TRACE");
    EXPECT_TRUE(offers(Event::auth_cache_hit));
}

TEST_F(GatewayLogOffered, LinesOfAnotherCrateShowNothing) {
    reads("DEBUG", "hyper::proto: x");
    EXPECT_FALSE(offers(Event::auth_cache_hit));
    reads("DEBUG", "llm_gateway::auth: x");
    EXPECT_TRUE(offers(Event::auth_cache_hit));
}

TEST_F(GatewayLogOffered, StaysOverQuietTimes) {
    reads("DEBUG");
    passes(48h);
    EXPECT_TRUE(offers(Event::auth_cache_hit));
    counter_->count("", tally_);
    counter_->count("no line of tracing's\n", tally_);
    EXPECT_TRUE(offers(Event::auth_cache_hit));
    reads(" INFO");
    EXPECT_TRUE(offers(Event::auth_cache_hit));
}

TEST_F(GatewayLogOffered, EndsAfterAnHourOfLinesWithoutTheLevel) {
    reads("DEBUG");
    for (int minutes = 0; minutes < 60; minutes += 10) {
        passes(10min);
        reads(" INFO");
        EXPECT_TRUE(offers(Event::auth_cache_hit));
    }
    passes(10min);
    reads(" INFO");
    EXPECT_FALSE(offers(Event::auth_cache_hit));
    EXPECT_TRUE(offers(Event::gateway_started));
    reads("DEBUG");
    EXPECT_TRUE(offers(Event::auth_cache_hit));
}

TEST_F(GatewayLogOffered, ALineAtTheLevelBeginsTheHourAnew) {
    reads("DEBUG");
    for (int i = 0; i < 10; ++i) {
        passes(50min);
        reads(" INFO");
        passes(5min);
        reads("DEBUG");
        EXPECT_TRUE(offers(Event::auth_cache_hit));
    }
}

TEST_F(GatewayLogOffered, FallbackIsWhenALineAboutItWasEverSeen) {
    reads("DEBUG");
    EXPECT_FALSE(offers(Event::fallback)) << "the public gateway has none";
    reads("DEBUG", "inferxgate::auth: Lookup hash not found, trying fallback authentication");
    EXPECT_TRUE(offers(Event::fallback));
    EXPECT_EQ(tally_.events.at(index_of(Event::fallback)), 0U);
    EXPECT_FALSE(events_of(preset_log_rules(config::Preset::inferxgate)).test(index_of(Event::fallback)));
}

TEST_F(GatewayLogOffered, FallbackIsToo) {
    reads(" WARN", "inferxgate::auth: Fallback authentication succeeded for key 1");
    EXPECT_TRUE(offers(Event::fallback));
    EXPECT_EQ(tally_.events.at(index_of(Event::fallback)), 1U);
}

TEST_F(GatewayLogOffered, RulesWithoutALevelAlwaysAre) {
    use({{.event = Event::fallback, .message = "x"},
         {.event = Event::auth_cache_hit, .message = "y", .level = TracingLevel::debug},
         {.by_reason = true, .regex = "(?P<reason>x)", .level = TracingLevel::info}});
    EXPECT_TRUE(offers(Event::fallback));
    EXPECT_FALSE(offers(Event::auth_cache_hit));
    EXPECT_FALSE(offers(Event::failure_unknown_key));
    reads(" INFO");
    EXPECT_TRUE(offers(Event::failure_unknown_key));
    EXPECT_TRUE(offers(Event::failure_other));
}

TEST_F(GatewayLogOffered, FindingsSayWhatCannotMatchAndHowToMendIt) {
    reads("ERROR");
    EXPECT_THAT(findings(), HasSubstr("lines by level: 1 ERROR, 0 WARN, 0 INFO, 0 DEBUG, 0 TRACE -> \n"));
    EXPECT_THAT(findings(),
                HasSubstr("0 lines at DEBUG seen: the rules for auth_cache_hit, auth_cache_miss, "
                          "verification, response_cache_hit, response_cache_miss, key_used cannot match "
                          "-> start the gateway with RUST_LOG=info,inferxgate=debug\n"));
    EXPECT_THAT(findings(), HasSubstr("0 lines at INFO seen: the rules for gateway_started cannot match "
                                      "-> start the gateway with RUST_LOG=info,inferxgate=debug\n"));
    reads("DEBUG", "hyper: x");
    EXPECT_THAT(
        findings(),
        HasSubstr("0 lines at DEBUG seen lately of the rules' targets: the rules for auth_cache_hit"));
    reads("DEBUG");
    EXPECT_THAT(findings(), Not(HasSubstr("cannot match")));
}

}  // namespace
}  // namespace keyshift::collectors
