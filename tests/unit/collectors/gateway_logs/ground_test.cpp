// SPDX-License-Identifier: Apache-2.0
// Whether the zeros of a gateway's log can be believed: whether a line of the fallback could have been in it.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/gateway_logs/counter.hpp"
#include "collectors/logs/line_level.hpp"

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;
using domain::Event;
using formats::TracingLevel;
using testing::HasSubstr;
using testing::Not;

using Source = GatewayLogOptions::Source;

class GatewayLogGroundTest : public testing::Test {
 protected:
    GatewayLogGroundTest() { tally_.now = base::Time(1000h); }

    void use(LogFormat format, LogRules rules) {
        counter_ = make_gateway_log_counter(
            {.format = format, .rules = std::move(rules), .canary = "c1", .source = Source::configuration});
    }
    void reads(const std::string& line) { counter_->count(line + "\n", tally_); }
    void traces(const std::string& level, const std::string& rest = "inferxgate::auth: x") {
        reads("2026-11-22T11:56:47.949528Z " + level + " " + rest);
    }
    bool at_work() { return counter_->take_ground().at_work; }
    std::string version() { return counter_->take_ground().version; }
    bool countable(Event event) { return counter_->countable(tally_.now).test(index_of(event)); }
    /// A process that begins where this one ends.
    void restart(LogFormat format, LogRules rules) {
        const std::string memory = counter_->memory();
        use(format, std::move(rules));
        counter_->resume(memory);
    }
    std::string findings() {
        std::string out;
        for (const Finding& finding : counter_->findings())
            out += finding.what + " -> " + finding.remedy + "\n";
        return out;
    }
    std::uint64_t counted(Event event) const { return tally_.events.at(index_of(event)); }

    LogTally tally_;
    std::unique_ptr<LineCounter> counter_ =
        make_gateway_log_counter({.rules = config::facts_of(config::Preset::inferxgate).log_rules});
};

TEST_F(GatewayLogGroundTest, LinesOfTheLevelAndTargetShowThatItCouldMatch) {
    EXPECT_FALSE(at_work());
    traces("DEBUG");
    EXPECT_TRUE(at_work()) << "a more verbose one will do";
    EXPECT_FALSE(at_work()) << "none since";
    traces(" WARN");
    EXPECT_TRUE(at_work());
    traces("ERROR");
    EXPECT_FALSE(at_work()) << "RUST_LOG was lowered";
    traces(" WARN", "hyper::proto: x");
    EXPECT_FALSE(at_work()) << "of another target";
}

TEST_F(GatewayLogGroundTest, ALevelThatNoRuleStatesIsThatOfTheLinesThatItMatched) {
    use(LogFormat::tracing_text, {{.event = Event::fallback, .message = "Slow path"}});
    traces("ERROR");
    EXPECT_TRUE(at_work()) << "nothing is known yet, and nothing proved";
    traces("DEBUG", "gateway::auth: Slow path for a key");
    EXPECT_TRUE(at_work());
    traces(" INFO");
    EXPECT_FALSE(at_work()) << "lowered";
    restart(LogFormat::tracing_text, {{.event = Event::fallback, .message = "Slow path"}});
    traces(" INFO");
    EXPECT_FALSE(at_work()) << "that is remembered";
    traces("DEBUG");
    EXPECT_TRUE(at_work());
}

TEST_F(GatewayLogGroundTest, TextWithALevelThatTheRuleStates) {
    use(LogFormat::text,
        {{.event = Event::fallback_scan, .regex = "legacy scan", .level = TracingLevel::info}});
    EXPECT_FALSE(countable(Event::fallback_scan)) << "an empty log";
    reads("2026-11-29 16:00:01 ERROR api legacy scan");
    EXPECT_EQ(counted(Event::fallback_scan), 1U);
    reads("no level at all");
    reads("[warn] something");
    use(LogFormat::text,
        {{.event = Event::fallback_scan, .regex = "legacy scan", .level = TracingLevel::info}});
    reads("[warn] something");
    EXPECT_FALSE(at_work());
    EXPECT_FALSE(countable(Event::fallback_scan));
    reads("level=info msg=up");
    EXPECT_TRUE(at_work());
    EXPECT_TRUE(countable(Event::fallback_scan));
    reads("2026 WARN x");
    EXPECT_FALSE(at_work());
    restart(LogFormat::text,
            {{.event = Event::fallback_scan, .regex = "legacy scan", .level = TracingLevel::info}});
    EXPECT_TRUE(countable(Event::fallback_scan))
        << "coverage must not begin anew with each start of keyshift";
    EXPECT_FALSE(at_work());
}

TEST_F(GatewayLogGroundTest, TextWithoutLevels) {
    const LogRules rules{{.event = Event::fallback, .regex = "^legacy fallback"}};
    use(LogFormat::text, rules);
    reads("legacy fallback scanning 3 rows");
    EXPECT_TRUE(at_work());
    reads("GET /v1/memory 200 12ms");
    EXPECT_TRUE(at_work()) << "lines without a level go on";
    reads("[error] out of memory");
    EXPECT_FALSE(at_work()) << "only others came";
}

TEST_F(GatewayLogGroundTest, TextThatLearnsItsLevel) {
    use(LogFormat::text, {{.event = Event::fallback, .regex = "verified with PBKDF2"}});
    reads("2026-11-29 16:00:01 INFO validator API key verified with PBKDF2");
    EXPECT_TRUE(at_work());
    reads("2026-11-29 16:00:02 WARN slow");
    EXPECT_FALSE(at_work());
    reads("2026-11-29 16:00:02 DEBUG x");
    EXPECT_TRUE(at_work());
}

TEST_F(GatewayLogGroundTest, JsonByTheFieldsOtherThanTheMessage) {
    use(LogFormat::json,
        {{.event = Event::fallback, .fields = {{"logger", {"auth*"}}, {"message", {"legacy*"}}}}});
    reads(R"({"level":"info","logger":"auth.keys","message":"legacy key used"})");
    EXPECT_TRUE(at_work());
    reads(R"({"level":"info","logger":"http","message":"x"})");
    EXPECT_FALSE(at_work()) << "another logger";
    reads(R"({"level":"error","logger":"auth.keys","message":"x"})");
    EXPECT_FALSE(at_work()) << "another level than it was";
    reads(R"({"level":30,"logger":"auth.keys","message":"x"})");
    EXPECT_TRUE(at_work()) << "pino's info";
}

TEST_F(GatewayLogGroundTest, EachRuleThatHasCountedMustBeAbleTo) {
    use(LogFormat::tracing_text, {{.event = Event::fallback, .message = "scan", .targets = {"a"}},
                                  {.event = Event::fallback, .message = "upgrade", .targets = {"b"}}});
    traces(" INFO", "a: scan");
    EXPECT_TRUE(at_work()) << "the other never matched";
    traces(" INFO", "b: upgrade");
    traces(" INFO", "a: x");
    EXPECT_TRUE(at_work());
    traces(" INFO", "a: x");
    EXPECT_FALSE(at_work()) << "not the other";
    traces(" INFO", "b: x");
    EXPECT_TRUE(at_work()) << "in another poll";
}

TEST_F(GatewayLogGroundTest, TheVersionIsOfTheRulesAndOfTheGateway) {
    const LogRules rules{{.event = Event::fallback, .message = "scan"},
                         {.event = Event::verification, .message = "ok"},
                         {.event = Event::gateway_started, .regex = "starting v(?P<release>[0-9.]+)"}};
    use(LogFormat::tracing_text, rules);
    const std::string before = version();
    EXPECT_THAT(before, HasSubstr("fallback message \"scan\""));
    EXPECT_THAT(before, Not(HasSubstr("verification"))) << "changing that is no change of this";
    traces(" INFO", "main: starting v1.2.3");
    EXPECT_THAT(version(), HasSubstr("release 1.2.3"));
    restart(LogFormat::tracing_text, rules);
    EXPECT_THAT(version(), HasSubstr("release 1.2.3")) << "until it begins again";
    LogRules other = rules;
    other[0].level = TracingLevel::debug;
    use(LogFormat::tracing_text, other);
    EXPECT_NE(version(), before);
    use(LogFormat::tracing_json, rules);
    EXPECT_NE(version(), before);
}

TEST_F(GatewayLogGroundTest, TheCanarysLinesProveAndDoNotCount) {
    use(LogFormat::tracing_text, {{.event = Event::fallback, .regex = "fallback for (?P<key_id>\\S+)"}});
    traces(" INFO", "a: fallback for c1");
    EXPECT_EQ(counted(Event::fallback), 0U);
    EXPECT_EQ(tally_.own.at(index_of(Event::fallback)), 1U);
    EXPECT_TRUE(at_work());
    traces(" INFO", "a: fallback for c2");
    EXPECT_EQ(counted(Event::fallback), 1U);
    traces(" INFO", R"(a: fallback for c2 user_agent="keyshift/0.1.0")");
    EXPECT_EQ(counted(Event::fallback), 1U);
    EXPECT_EQ(tally_.own.at(index_of(Event::fallback)), 2U);
}

TEST_F(GatewayLogGroundTest, FindingsNameRulesThatNeverMatched) {
    use(LogFormat::text,
        {{.event = Event::fallback, .regex = "one"}, {.event = Event::verification, .regex = "two"}});
    reads("this is one");
    EXPECT_THAT(findings(), HasSubstr("rule 2 (verification, regex \"two\") has matched no line so far"));
    EXPECT_THAT(findings(), Not(HasSubstr("rule 1")));
    reads("two");
    EXPECT_EQ(findings(), "");
}

TEST_F(GatewayLogGroundTest, DamagedMemoryIsIgnored) {
    for (const char* const memory : {"rule ", "rule matched", "rule matched DEBUG", "release ",
                                     "rule x y z\nrule\n", "release \nrule alive - \n"}) {
        use(LogFormat::text, {{.event = Event::fallback, .regex = "one"}});
        counter_->resume(memory);
        EXPECT_FALSE(countable(Event::fallback)) << memory;
    }
}

TEST(LineLevel, OfTexts) {
    using L = TracingLevel;
    const std::pair<const char*, std::optional<L>> lines[] = {
        {"2026-11-29 16:00:01 INFO x", L::info},
        {"2026-11-29 16:00:01,123 [warning] x", L::warn},
        {"level=debug msg=x", L::debug},
        {R"({"level":"Error","msg":"x"})", L::error},
        {"info: started", L::info},
        {"CRITICAL:root:x", L::error},
        {"NOTICE x", L::info},
        {"GET /info 200", std::nullopt},
        {"an error came", std::nullopt},
        {"", std::nullopt},
        {"INFORMAL x", std::nullopt},
        {"x ERROR then INFO", L::error}};
    for (const auto& [line, level] : lines) EXPECT_EQ(level_of_text(line), level) << line;
}

}  // namespace
}  // namespace keyshift::collectors
