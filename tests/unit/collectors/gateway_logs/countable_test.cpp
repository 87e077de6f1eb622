// SPDX-License-Identifier: Apache-2.0
// What a log's levels let be taken for zero, and what is said of those that are missing.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/gateway_logs/counter.hpp"

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

    void use(LogRules rules) { counter_ = make_gateway_log_counter({.rules = std::move(rules)}); }
    void reads(const std::string& level, const std::string& rest = "inferxgate::auth: x") {
        counter_->count("2026-11-22T11:56:47.949528Z " + level + " " + rest + "\n", tally_);
    }
    bool countable(Event event) { return counter_->countable(tally_.now).test(index_of(event)); }
    void passes(base::Duration time) { tally_.now += time; }
    std::string findings() {
        std::string out;
        for (const Finding& finding : counter_->findings())
            out += finding.what + " -> " + finding.remedy + "\n";
        return out;
    }

    LogTally tally_;
    std::unique_ptr<LineCounter> counter_ =
        make_gateway_log_counter({.rules = config::facts_of(config::Preset::inferxgate).log_rules});
};

TEST_F(GatewayLogOffered, NothingIsBeforeALineWasSeen) {
    EXPECT_TRUE(counter_->countable(tally_.now).none());
    counter_->count("no line of tracing's\n\n", tally_);
    EXPECT_TRUE(counter_->countable(tally_.now).none());
}

TEST_F(GatewayLogOffered, ErrorsAloneShowNothing) {
    reads("ERROR");
    EXPECT_TRUE(counter_->countable(tally_.now).none());
}

TEST_F(GatewayLogOffered, ALevelShowsThoseAboveItToo) {
    reads(" INFO");
    EXPECT_TRUE(countable(Event::gateway_started));
    EXPECT_TRUE(countable(Event::failure_rate_limited)) << "warnings would be there";
    EXPECT_FALSE(countable(Event::auth_cache_hit));
    EXPECT_FALSE(countable(Event::key_used)) << "one of its two rules needs DEBUG";
    reads("DEBUG");
    for (const Event event : {Event::auth_cache_hit, Event::auth_cache_miss, Event::verification,
                              Event::key_used, Event::response_cache_hit, Event::response_cache_miss})
        EXPECT_TRUE(countable(event)) << event_name(event);
    EXPECT_FALSE(countable(Event::failure_unknown_key)) << "nothing logs it";
}

TEST_F(GatewayLogOffered, ATraceWillDoForDebug) {
    reads("TRACE");
    EXPECT_TRUE(countable(Event::auth_cache_hit));
}

TEST_F(GatewayLogOffered, LinesOfAnotherCrateShowNothing) {
    reads("DEBUG", "hyper::proto: x");
    EXPECT_FALSE(countable(Event::auth_cache_hit));
    reads("DEBUG", "llm_gateway::auth: x");
    EXPECT_TRUE(countable(Event::auth_cache_hit));
}

TEST_F(GatewayLogOffered, StaysOverQuietTimes) {
    reads("DEBUG");
    passes(48h);
    EXPECT_TRUE(countable(Event::auth_cache_hit));
    counter_->count("", tally_);
    counter_->count("no line of tracing's\n", tally_);
    EXPECT_TRUE(countable(Event::auth_cache_hit));
    reads(" INFO");
    EXPECT_TRUE(countable(Event::auth_cache_hit));
}

TEST_F(GatewayLogOffered, EndsAfterAnHourOfLinesWithoutTheLevel) {
    reads("DEBUG");
    for (int minutes = 0; minutes < 60; minutes += 10) {
        passes(10min);
        reads(" INFO");
        EXPECT_TRUE(countable(Event::auth_cache_hit));
    }
    passes(10min);
    reads(" INFO");
    EXPECT_FALSE(countable(Event::auth_cache_hit));
    EXPECT_TRUE(countable(Event::gateway_started));
    reads("DEBUG");
    EXPECT_TRUE(countable(Event::auth_cache_hit));
}

TEST_F(GatewayLogOffered, ALineAtTheLevelBeginsTheHourAnew) {
    reads("DEBUG");
    for (int i = 0; i < 10; ++i) {
        passes(50min);
        reads(" INFO");
        passes(5min);
        reads("DEBUG");
        EXPECT_TRUE(countable(Event::auth_cache_hit));
    }
}

TEST_F(GatewayLogOffered, FallbackIsWhenALineAboutItWasEverSeen) {
    reads("DEBUG");
    EXPECT_FALSE(countable(Event::fallback)) << "the public gateway has none";
    reads("DEBUG", "inferxgate::auth: Lookup hash not found, trying fallback authentication");
    EXPECT_TRUE(countable(Event::fallback));
    EXPECT_EQ(tally_.events.at(index_of(Event::fallback)), 0U);
    EXPECT_FALSE(
        events_of(config::facts_of(config::Preset::inferxgate).log_rules).test(index_of(Event::fallback)));
}

TEST_F(GatewayLogOffered, FallbackIsToo) {
    reads(" WARN", "inferxgate::auth: Fallback authentication succeeded for key 1");
    EXPECT_TRUE(countable(Event::fallback));
    EXPECT_EQ(tally_.events.at(index_of(Event::fallback)), 1U);
}

TEST_F(GatewayLogOffered, RulesWithoutALevelAreWhenThereIsALine) {
    use({{.event = Event::fallback, .message = "x"},
         {.event = Event::auth_cache_hit, .message = "y", .level = TracingLevel::debug},
         {.by_reason = true, .regex = "(?P<reason>x)", .level = TracingLevel::info}});
    EXPECT_FALSE(countable(Event::fallback)) << "an empty log has no zeros";
    reads("ERROR");
    EXPECT_TRUE(countable(Event::fallback));
    EXPECT_FALSE(countable(Event::auth_cache_hit));
    EXPECT_FALSE(countable(Event::failure_unknown_key));
    reads(" INFO");
    EXPECT_TRUE(countable(Event::failure_unknown_key));
    EXPECT_TRUE(countable(Event::failure_other));
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

// ---- after a restart ----

class GatewayLogRemembered : public GatewayLogOffered {
 protected:
    void restart() {
        const std::string memory = counter_->memory();
        use(config::facts_of(config::Preset::inferxgate).log_rules);
        counter_->resume(memory);
        EXPECT_EQ(counter_->memory(), memory) << "nothing new to save";
    }
    /// What is offered after this was handed back.
    domain::Events resumed(const std::string& memory) {
        use(config::facts_of(config::Preset::inferxgate).log_rules);
        counter_->resume(memory);
        return counter_->countable(tally_.now);
    }
    void all_is_seen() {
        reads("DEBUG");
        reads(" WARN", "inferxgate::auth: Fallback authentication succeeded for key x");
    }
};

TEST_F(GatewayLogRemembered, NothingWhereNothingIsReached) {
    EXPECT_EQ(counter_->memory(), "");
    counter_->count("no line of tracing's\n\n", tally_);
    EXPECT_EQ(counter_->memory(), "");
    restart();
    EXPECT_TRUE(counter_->countable(tally_.now).none());
}

TEST_F(GatewayLogRemembered, OffersGoOn) {
    all_is_seen();
    const domain::Events before = counter_->countable(tally_.now);
    EXPECT_TRUE(before.test(index_of(Event::fallback)));
    restart();
    EXPECT_EQ(counter_->countable(tally_.now), before);
    reads("ERROR");
    EXPECT_EQ(counter_->countable(tally_.now), before) << "one line shows nothing to the contrary";
}

TEST_F(GatewayLogRemembered, WhatWasNotSeenIsNotOffered) {
    reads(" INFO");
    restart();
    EXPECT_TRUE(countable(Event::gateway_started));
    EXPECT_FALSE(countable(Event::auth_cache_hit));
    reads("DEBUG");
    restart();
    EXPECT_TRUE(countable(Event::auth_cache_hit));
    EXPECT_FALSE(countable(Event::fallback));
}

TEST_F(GatewayLogRemembered, TheHourGoesOnOverARestart) {
    reads("DEBUG");
    passes(1min);
    reads(" INFO");
    passes(40min);
    reads(" INFO");
    restart();
    passes(5h);  // down: nobody knows what a line of that time would have shown
    reads(" INFO");
    EXPECT_TRUE(countable(Event::auth_cache_hit));
    passes(19min);
    reads(" INFO");
    EXPECT_TRUE(countable(Event::auth_cache_hit));
    passes(1min);
    reads(" INFO");
    EXPECT_FALSE(countable(Event::auth_cache_hit));
    restart();
    EXPECT_FALSE(countable(Event::auth_cache_hit)) << "that it is gone is remembered too";
}

TEST_F(GatewayLogRemembered, ChangesOnceAMinuteAtMostWhileTheSameIsSeen) {
    reads("DEBUG");
    const std::string memory = counter_->memory();
    passes(59s);
    reads("DEBUG");
    EXPECT_EQ(counter_->memory(), memory);
    passes(1s);
    reads("DEBUG");
    EXPECT_NE(counter_->memory(), memory);
}

TEST_F(GatewayLogRemembered, OtherRulesTakeWhatIsTheirs) {
    reads("DEBUG");
    const std::string memory = counter_->memory();
    LogRules rules = config::facts_of(config::Preset::inferxgate).log_rules;
    for (LogRule& rule : rules)
        if (rule.event == Event::auth_cache_hit) rule.targets = {"other"};
    use(rules);
    counter_->resume(memory);
    EXPECT_FALSE(countable(Event::auth_cache_hit)) << "lines of this target were never looked for";
    EXPECT_TRUE(countable(Event::auth_cache_miss));
}

TEST_F(GatewayLogRemembered, DamagedTextIsIgnored) {
    all_is_seen();
    const std::string memory = counter_->memory();
    ASSERT_TRUE(resumed(memory).test(index_of(Event::fallback)));
    for (std::size_t size = 0; size < memory.size(); ++size) {
        const domain::Events offered = resumed(memory.substr(0, size));
        EXPECT_FALSE(offered.test(index_of(Event::fallback))) << memory.substr(0, size);
    }
    for (const char* const bad :
         {"x", "\n", "levels", "levels \n", "levels x\n", "levels -1\n", "levels 99999999999999\n",
          "levels 7\n+ + + +  inferxgate llm_gateway\n", "levels 7\n+ + + + + ", "seen \n",
          "seen fallback, \n", "seen fallback\nx"}) {
        EXPECT_TRUE(resumed(bad).none()) << bad;
        EXPECT_EQ(counter_->memory(), "") << bad;
    }
    EXPECT_TRUE(resumed("seen nobody_knows\n" + memory.substr(memory.find('\n') + 1)).none());
    const domain::Events known = resumed("levels 7\n+ + + 253402300799 - inferxgate llm_gateway\n");
    EXPECT_TRUE(known.test(index_of(Event::auth_cache_hit)));
    reads(" INFO");
    passes(1h);
    reads(" INFO");
    EXPECT_FALSE(countable(Event::auth_cache_hit)) << "a time to come has no hold over it";
}

}  // namespace
}  // namespace keyshift::collectors
