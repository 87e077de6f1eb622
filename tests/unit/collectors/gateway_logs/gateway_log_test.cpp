// SPDX-License-Identifier: Apache-2.0
// What the lines of a gateway's log count as, line by line, for each format.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "collectors/logs/collector.hpp"
#include "collectors/logs/line_counter.hpp"

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
        counter_ = configured(loaded.config.collectors.at(0)).log()->line_counter(loaded.config.gateway);
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
    bool countable(Event event) const { return counter_->countable(tally.now).test(index_of(event)); }
    std::string findings() const {
        std::string out;
        for (const Finding& finding : counter_->findings())
            out += finding.what + " -> " + finding.remedy + "\n";
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

TEST(GatewayLog, RulesOfOnesOwnReplaceThePresets) {
    Log log(
        "    rules:\n"
        "    - {event: fallback, message: Slow check}\n"
        "    - {event: fallback, message: Slow check of}\n"
        "    - {event: verification, message: Slow}\n"
        "    - {event: auth_cache_hit, message: Found, target: [gw::auth, gw::cache]}\n"
        "    - {event: auth_attempt, regex: 'tried [0-9]+ keys'}\n"
        "    - {event: gateway_started, regex: '^Listening'}\n");
    EXPECT_EQ(log.says(line("INFO", "gw: Slow check of 3 keys")), "matched fallback verification");
    EXPECT_EQ(log.says(line("INFO", "gw: Slow start")), "matched verification");
    EXPECT_EQ(log.says(line("INFO", "gw: A Slow check")), "skipped");
    EXPECT_EQ(log.says(line("INFO", "gw::auth::key: Found")), "matched auth_cache_hit");
    EXPECT_EQ(log.says(line("INFO", "gw::cache: Found")), "matched auth_cache_hit");
    EXPECT_EQ(log.says(line("INFO", "gw::other: Found")), "skipped");
    EXPECT_EQ(log.says(line("INFO", "Found it")), "matched auth_cache_hit") << "shows no target";
    EXPECT_EQ(log.says(line("INFO", "gw: we tried 12 keys of 13")), "matched auth_attempt");
    EXPECT_EQ(log.says(line("INFO", "gw: Listening")), "matched gateway_started");
    EXPECT_EQ(log.says(line("INFO", "gw: Not Listening")), "skipped");
    EXPECT_EQ(log.says(line("DEBUG", "inferxgate: Using verified token cache (skipping bcrypt)")), "skipped");
}

TEST(GatewayLog, ExpressionsNameKeysClientsAndReasons) {
    Log log(
        "    rules:\n"
        "    - {event: key_used, regex: '^Accepted (?P<key_id>\\S+)'}\n"
        "    - {event: auth_failure, regex: 'refused (?P<client>[0-9.]+) key=(?P<key_id>\\S+): "
        "(?P<reason>\\w+)'}\n"
        "    - {event: failure_blocked, regex: 'blocked'}\n");
    EXPECT_EQ(log.says(line("INFO", "gw: Accepted team-7 now")), "matched key_used");
    EXPECT_EQ(log.says(line("INFO", "gw: refused 192.0.2.1 key=team-8: expired")), "matched failure_expired");
    EXPECT_EQ(log.says(line("INFO", "gw: refused 192.0.2.1 key=team-8: no_mood")), "matched failure_other");
    EXPECT_EQ(log.says(line("INFO", "gw: refused 192.0.2.2 key=x: blocked")), "matched failure_blocked");
    EXPECT_THAT(log.tally.uses.latest(), ElementsAre(Pair("team-7", *base::parse_rfc3339(kAt))))
        << "one that is refused is not used";
    std::vector<std::string> clients;
    for (const auto& [kind, times] : log.tally.failures.kinds())
        clients.push_back(std::string(event_label(kind.reason)) + " " + kind.client);
    EXPECT_THAT(clients,
                testing::UnorderedElementsAre("expired 192.0.2.1 key team-8", "other 192.0.2.1 key team-8",
                                              testing::StartsWith("blocked")));
    EXPECT_EQ(log.tally.clients.count(Event::failure_expired, *base::parse_rfc3339(kAt)), 1U);
}

TEST(GatewayLog, ClientsAreKeptAsTheirAddressesMayBe) {
    const auto kept = [](const std::string& form, std::string_view client) {
        Log log(
            "    rules: [{event: failure_blocked, regex: 'blocked (?P<client>\\S+)'}]\n"
            "    addresses: " +
            form + "\n");
        log.says(line("INFO", "gw: blocked " + std::string(client)));
        return log.tally.failures.kinds().begin()->first.client;
    };
    EXPECT_EQ(kept("full", "203.0.113.77"), "203.0.113.77");
    EXPECT_EQ(kept("truncated", "203.0.113.77"), "203.0.113.0/24");
    EXPECT_EQ(kept("truncated", "[2001:db8:1:2:3::4]:443"), "2001:db8:1::/48");
    EXPECT_EQ(kept("truncated", "host.example"), "");
    EXPECT_EQ(kept("hashed\n    address_key: k1", "203.0.113.77"), "9e6c2a8792d7e91f") << "as access_log";
    EXPECT_EQ(kept("full", "host.example"), "host.example");
    EXPECT_EQ(kept("full", "a\x01!"), "") << "no address and no name";
}

TEST(GatewayLog, ClientsAreCountedByWhoTheyAre) {
    Log log("    rules: [{event: failure_blocked, regex: 'blocked (?P<client>\\S*)'}]\n");
    for (const char* const client : {"192.0.2.1", "192.0.2.1:8080", "::ffff:192.0.2.1", "2001:db8::1",
                                     "2001:db8::2", "host.example", ""})
        log.says(line("INFO", std::string("gw: blocked ") + client));
    EXPECT_EQ(log.tally.clients.count(Event::failure_blocked, *base::parse_rfc3339(kAt)), 3U);
}

TEST(GatewayLog, ExpressionsSeeMessagesWithoutColours) {
    Log log("    rules: [{event: key_used, regex: 'Accepted key_id=(?P<key_id>[0-9]+)$'}]\n");
    EXPECT_EQ(log.says(coloured("INFO", "gw", "Accepted \x1b[3mkey_id\x1b[0m\x1b[2m=\x1b[0m17")),
              "matched key_used");
    EXPECT_THAT(log.tally.uses.latest(), ElementsAre(Pair("17", testing::_)));
}

TEST(GatewayLog, TextIsMatchedAsWholeLines) {
    Log log(
        "    format: text\n    rules: [{event: fallback, message: 'auth slow'}, {event: key_used, regex: "
        "'key=(?P<key_id>[a-z]+)$'}]\n");
    EXPECT_EQ(log.says("auth slow key=abc"), "matched fallback key_used");
    EXPECT_EQ(log.says("auth slow key=abc\r"), "matched fallback key_used");
    EXPECT_EQ(log.says("2026 auth slow"), "skipped");
    EXPECT_THAT(log.tally.uses.latest(), ElementsAre(Pair("abc", kNow)));
    EXPECT_TRUE(log.countable(Event::fallback)) << "no levels are known";
}

TEST(GatewayLog, JsonIsTestedFieldByField) {
    Log log(
        "    format: json\n"
        "    rules:\n"
        "    - {event: fallback, fields: {level: [warn, info], auth.path: 'slow*'}}\n"
        "    - {event: auth_attempt, fields: {status: 200}}\n"
        "    - {event: key_used, fields: {status: '200'}, regex: '\"key\":\"(?P<key_id>[^\"]+)'}\n");
    EXPECT_EQ(log.says(R"({"level":"warn","auth":{"path":"slow bcrypt"}})"), "matched fallback");
    EXPECT_EQ(log.says(R"({"level":"debug","auth":{"path":"slow bcrypt"}})"), "skipped");
    EXPECT_EQ(log.says(R"({"level":"info","auth":{"path":"a slow one"}})"), "skipped");
    EXPECT_EQ(log.says(R"({"level":"info","msg":"\"auth\":{\"path\":\"slow\"}"})"), "skipped");
    EXPECT_EQ(log.says(R"({"status":200,"key":"team-7"})"), "matched auth_attempt key_used");
    EXPECT_EQ(log.says(R"({"status":401,"key":"team-8"})"), "skipped");
    EXPECT_EQ(log.says(R"({"status":200)"), "unparsed");
    EXPECT_THAT(log.tally.uses.latest(), ElementsAre(Pair("team-7", kNow)));
}

TEST(GatewayLog, TracingsJsonMayBeTestedFieldByFieldToo) {
    Log log(
        "    format: tracing_json\n    rules: [{event: fallback, message: Checked, fields: {fields.how: "
        "slow}}]\n");
    const std::string head =
        R"({"timestamp":"2026-11-22T11:56:47.949528Z","level":"DEBUG","fields":{"message":)";
    EXPECT_EQ(log.says(head + R"("Checked it","how":"slow"},"target":"a"})"), "matched fallback");
    EXPECT_EQ(log.says(head + R"("Checked it","how":"fast"},"target":"a"})"), "skipped");
    EXPECT_EQ(log.says(head + R"("Checked it"},"target":"a"})"), "skipped");
    EXPECT_EQ(log.says(head + R"("Not Checked","how":"slow"},"target":"a"})"), "skipped");
}

}  // namespace
}  // namespace keyshift::collectors
