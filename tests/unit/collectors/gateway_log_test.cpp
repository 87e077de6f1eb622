// SPDX-License-Identifier: Apache-2.0
// What the lines of a gateway's log count as, line by line, for each format.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "collectors/line_counter.hpp"

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;
using domain::Event;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr base::Time kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}};
const std::string kAt = "2026-11-22T11:56:47.949528Z";
const std::string kId = "6b0c1f2e-0000-4000-8000-00000000000a";

config::Loaded load(const std::string& text) {
    const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
    return config::parse(text, "k.yaml", nothing, catalog_types());
}

std::string item(const std::string& options) {
    return "collectors:\n  - type: gateway_log\n    input: {files: /var/log/gateway.log}\n" + options;
}

class Log {
 public:
    explicit Log(const std::string& options = "", const std::string& gateway = "") {
        const config::Loaded loaded = load(gateway + item(options));
        for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
        counter_ =
            catalog_entry("gateway_log").line_counter(loaded.config.gateway, loaded.config.collectors.at(0));
        tally.now = kNow;
    }

    /// What one line adds: the outcome and the events, in their order.
    std::string says(const std::string& line) {
        const auto lines = tally.lines;
        const auto events = tally.events;
        counter_->count(line + "\n", tally);
        std::string out = tally.lines.matched > lines.matched     ? "matched"
                          : tally.lines.unparsed > lines.unparsed ? "unparsed"
                          : tally.lines.skipped > lines.skipped   ? "skipped"
                                                                  : "lost";
        for (std::size_t i = 0; i < domain::kEventCount; ++i)
            for (auto n = events.at(i); n < tally.events.at(i); ++n)
                out += " " + std::string(domain::event_name(domain::event_at(i)));
        return out;
    }
    bool offers(Event event) const { return counter_->offers(tally.now).test(index_of(event)); }
    std::string findings() const {
        std::string out;
        for (const Finding& finding : counter_->findings())
            out += finding.what + " -> " + finding.mend + "\n";
        return out;
    }
    LineCounter& counter() { return *counter_; }

    LogTally tally;

 private:
    std::unique_ptr<LineCounter> counter_;
};

std::string line(const std::string& level, const std::string& rest) {
    return kAt + " " + (level.size() < 5 ? " " : "") + level + " " + rest;
}
std::string coloured(const std::string& level, const std::string& target, const std::string& rest) {
    return "\x1b[2m" + kAt + "\x1b[0m \x1b[34m" + (level.size() < 5 ? " " : "") + level + "\x1b[0m \x1b[2m" +
           target + "\x1b[0m\x1b[2m:\x1b[0m " + rest;
}
std::string json(const std::string& level, const std::string& target, const std::string& message) {
    return R"({"timestamp":")" + kAt + R"(","level":")" + level + R"(","fields":{"message":")" + message +
           R"("},"target":")" + target + R"("})";
}

struct Line {
    const char* level;
    const char* target;
    const char* message;
    const char* says;
};
const std::vector<Line>& lines_of_the_gateway() {
    static const std::vector<Line> lines{
        {"DEBUG", "inferxgate::auth::middleware", "Using verified token cache (skipping bcrypt)",
         "matched auth_cache_hit"},
        {"DEBUG", "inferxgate::auth::middleware", "Cached verified token for future requests",
         "matched auth_cache_miss verification"},
        {"DEBUG", "inferxgate::cache", "Cache hit for key: llm:cache:00ff", "matched response_cache_hit"},
        {"DEBUG", "inferxgate::cache", "Cache miss for key: llm:cache:00ff", "matched response_cache_miss"},
        {"DEBUG", "inferxgate::cache", "Cached value for key: llm:cache:00ff with TTL: 3600s", "skipped"},
        {"DEBUG", "inferxgate::rate_limiter",
         "Rate limit check passed for key 6b0c1f2e-0000-4000-8000-00000000000a: requests_remaining=Some(9)",
         "matched key_used"},
        {"WARN", "inferxgate::rate_limiter",
         "Rate limit exceeded for key 6b0c1f2e-0000-4000-8000-00000000000a: requests_allowed=false",
         "matched failure_rate_limited key_used"},
        {"DEBUG", "inferxgate::auth::middleware", "Lookup hash not found, trying fallback authentication",
         "skipped"},
        {"WARN", "inferxgate::auth::middleware",
         "Fallback authentication succeeded for key 6b0c1f2e-0000-4000-8000-00000000000a",
         "matched fallback"},
        {"INFO", "inferxgate", "LLM Gateway server listening on 0.0.0.0:3000", "matched gateway_started"},
        {"INFO", "inferxgate::routes", "\xf0\x9f\x9a\x80 Request started for model: gpt-4", "skipped"},
        {"INFO", "inferxgate", "Database initialized: true", "skipped"},
        {"DEBUG", "other::crate", "Using verified token cache (skipping bcrypt)", "skipped"},
        {"DEBUG", "llm_gateway::auth", "Using verified token cache (skipping bcrypt)",
         "matched auth_cache_hit"},
        // What clients choose stands inside a message.
        {"INFO", "inferxgate::routes",
         "Request started for model: Using verified token cache (skipping bcrypt)", "skipped"},
        {"DEBUG", "inferxgate::database",
         "Recorded usage for model: x inferxgate::auth: Cached verified token for future requests, tokens: 3",
         "skipped"},
        {"DEBUG", "inferxgate::database", " Cached verified token for future requests", "skipped"},
        {"DEBUG", "inferxgate::database", "", "skipped"},
    };
    return lines;
}

TEST(GatewayLog, ThePresetKnowsTheGatewaysLinesAsText) {
    Log log;
    for (const Line& one : lines_of_the_gateway()) {
        EXPECT_EQ(log.says(line(one.level, std::string(one.target) + ": " + one.message)), one.says)
            << one.message;
        EXPECT_EQ(log.says(line(one.level, std::string(one.target) + ": " + one.message) + "\r"), one.says);
    }
}

TEST(GatewayLog, ThePresetKnowsTheGatewaysLinesInColours) {
    Log log;
    for (const Line& one : lines_of_the_gateway())
        EXPECT_EQ(log.says(coloured(one.level, one.target, one.message)), one.says) << one.message;
}

TEST(GatewayLog, ThePresetKnowsTheGatewaysLinesAsJson) {
    Log log("    format: tracing_json\n");
    for (const Line& one : lines_of_the_gateway())
        EXPECT_EQ(log.says(json(one.level, one.target, one.message)), one.says) << one.message;
}

TEST(GatewayLog, OtherLinesAreUnparsedAndEmptyOnesSkipped) {
    Log text;
    EXPECT_EQ(text.says(""), "skipped");
    EXPECT_EQ(text.says("\r"), "skipped");
    EXPECT_EQ(text.says("WARNING: JWT_SECRET not set"), "unparsed");
    EXPECT_EQ(text.says("Using verified token cache (skipping bcrypt)"), "unparsed");
    Log lines("    format: tracing_json\n");
    EXPECT_EQ(lines.says(""), "skipped");
    EXPECT_EQ(lines.says(json("DEBUG", "a", "b") + "x"), "unparsed");
    EXPECT_EQ(lines.says("{\"level\":\"DEBUG\""), "unparsed");
    EXPECT_EQ(lines.says("{\"message\":\"x\"}"), "unparsed");
    EXPECT_EQ(lines.says("[]"), "unparsed");
}

TEST(GatewayLog, ABlockIsCountedLineByLineWithOrWithoutItsLastNewline) {
    Log log;
    const std::string hit = line("DEBUG", "inferxgate::a: Using verified token cache (skipping bcrypt)");
    log.counter().count(hit + "\n\nx\n" + hit, log.tally);
    EXPECT_EQ(log.tally.lines, (domain::LogLines{.matched = 2, .skipped = 1, .unparsed = 1}));
    log.counter().count("", log.tally);
    EXPECT_EQ(log.tally.lines.skipped, 1U);
}

TEST(GatewayLog, KeysAreNamedInSmallLettersAtTheTimeOfTheLineButNeverInTheFuture) {
    Log log;
    const std::string used = "inferxgate::rate_limiter: Rate limit check passed for key ";
    log.says(line("DEBUG", used + "6B0C1F2E-0000-4000-8000-00000000000A: requests_remaining=None"));
    log.says("2027-01-01T00:00:00.000000Z DEBUG " + used + "6b0c1f2e-0000-4000-8000-00000000000b: x");
    log.says(line("DEBUG", used + "not-a-uuid: x"));
    log.says(line("DEBUG", used + kId + "0: x"));
    EXPECT_EQ(log.tally.events.at(index_of(Event::key_used)), 4U);
    EXPECT_THAT(log.tally.uses.latest(), ElementsAre(Pair(kId, *base::parse_rfc3339(kAt)),
                                                     Pair("6b0c1f2e-0000-4000-8000-00000000000b", kNow)));
}

TEST(GatewayLog, FailuresAreTalliedWithTheirTimes) {
    Log log;
    log.says(line("WARN", "inferxgate::rate_limiter: Rate limit exceeded for key " + kId + ": x"));
    ASSERT_EQ(log.tally.failures.kinds().size(), 1U);
    const auto& [kind, times] = *log.tally.failures.kinds().begin();
    EXPECT_EQ(kind.reason, Event::failure_rate_limited);
    EXPECT_EQ(times.first, *base::parse_rfc3339(kAt));
    EXPECT_EQ(times.count, 1U);
}

}  // namespace
}  // namespace keyshift::collectors
