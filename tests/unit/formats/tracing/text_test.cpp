// SPDX-License-Identifier: Apache-2.0
#include "formats/tracing/text.hpp"

#include <gtest/gtest.h>

namespace keyshift::formats {

void PrintTo(const TracingLine& line, std::ostream* out) {
    *out << line.time << "|" << tracing_level_name(line.level) << "|" << line.target << "|" << line.message;
}

namespace {

const std::string kTime = "2026-11-22T11:56:47.949528Z";

/// "TIME|LEVEL|TARGET|MESSAGE"; "none". Both ways must say the same.
std::string parsed(const std::string& line) {
    const auto shown = [&](bool (*parse)(std::string_view, TracingLine&)) -> std::string {
        TracingLine out;
        if (!parse(line, out)) return "none";
        return testing::PrintToString(out);
    };
    EXPECT_EQ(shown(parse_tracing_text), shown(parse_tracing_text_slowly));
    return shown(parse_tracing_text);
}

TEST(TracingText, HasTimeLevelTargetAndMessage) {
    EXPECT_EQ(
        parsed(kTime + " DEBUG inferxgate::auth::middleware: Using verified token cache (skipping bcrypt)"),
        kTime + "|DEBUG|inferxgate::auth::middleware|Using verified token cache (skipping bcrypt)");
    EXPECT_EQ(parsed(kTime + "  INFO inferxgate: LLM Gateway server listening on 0.0.0.0:3000"),
              kTime + "|INFO|inferxgate|LLM Gateway server listening on 0.0.0.0:3000");
    EXPECT_EQ(parsed(kTime + "  WARN inferxgate::rate_limiter: Rate limit exceeded for key 1: a=false"),
              kTime + "|WARN|inferxgate::rate_limiter|Rate limit exceeded for key 1: a=false");
    EXPECT_EQ(parsed(kTime + " ERROR a::b: x"), kTime + "|ERROR|a::b|x");
    EXPECT_EQ(parsed(kTime + " TRACE a::b: x"), kTime + "|TRACE|a::b|x");
    EXPECT_EQ(
        parsed(kTime + "  INFO inferxgate::routes: \xf0\x9f\x9a\x80 Request started for model: a::b: c"),
        kTime + "|INFO|inferxgate::routes|\xf0\x9f\x9a\x80 Request started for model: a::b: c");
}

TEST(TracingText, FieldsStandBehindTheMessage) {
    EXPECT_EQ(parsed(kTime + " DEBUG a::b: Cached token key_id=7 by=\"x\""),
              kTime + "|DEBUG|a::b|Cached token key_id=7 by=\"x\"");
    EXPECT_EQ(parsed(kTime + " DEBUG a::b: key_id=7"), kTime + "|DEBUG|a::b|key_id=7");
    EXPECT_EQ(parsed(kTime + " DEBUG a::b: "), kTime + "|DEBUG|a::b|");
}

TEST(TracingText, ColoursAreSkippedWhereTracingWritesThem) {
    const std::string head = "\x1b[2m" + kTime + "\x1b[0m \x1b[34mDEBUG\x1b[0m ";
    const std::string target = "\x1b[2ma::b\x1b[0m\x1b[2m:\x1b[0m ";
    EXPECT_EQ(parsed(head + target + "Cached token"), kTime + "|DEBUG|a::b|Cached token");
    EXPECT_EQ(parsed("\x1b[2m" + kTime + "\x1b[0m \x1b[32m INFO\x1b[0m " + target + "x"),
              kTime + "|INFO|a::b|x");
    const std::string fields = " \x1b[3mkey_id\x1b[0m\x1b[2m=\x1b[0m7";
    EXPECT_EQ(parsed(head + target + "Cached token" + fields), kTime + "|DEBUG|a::b|Cached token" + fields);
    const std::string span =
        "\x1b[1mrequest\x1b[0m\x1b[1m{\x1b[0m\x1b[3mmethod\x1b[0m\x1b[2m=\x1b[0mGET\x1b[1m}\x1b[0m\x1b[2m:"
        "\x1b[0m";
    EXPECT_EQ(parsed(head + span + " " + target + "Cached token"), kTime + "|DEBUG|a::b|Cached token");
    EXPECT_EQ(parsed(head + span + span + " " + target + "Cached token"), kTime + "|DEBUG|a::b|Cached token");
    EXPECT_EQ(parsed(head + "\x1b[1mrequest\x1b[0m\x1b[2m:\x1b[0m " + target + "x"), kTime + "|DEBUG|a::b|x");
    EXPECT_EQ(parsed(head + span + " Cached token"), kTime + "|DEBUG||Cached token");
    EXPECT_EQ(parsed(head + "Cached token"), kTime + "|DEBUG||Cached token");
    EXPECT_EQ(parsed(head + target + "\x1b[2msrc/a.rs\x1b[0m\x1b[2m:\x1b[0m\x1b[2m12:\x1b[0m x"),
              kTime + "|DEBUG|a::b|x");
}

TEST(TracingText, SpansStandBetweenLevelAndTarget) {
    EXPECT_EQ(parsed(kTime + " DEBUG request{method=GET}: a::b: x"), kTime + "|DEBUG|a::b|x");
    EXPECT_EQ(parsed(kTime + " DEBUG request{method=GET uri=/v1/m}:auth{id=7}: a::b: x"),
              kTime + "|DEBUG|a::b|x");
    EXPECT_EQ(parsed(kTime + " DEBUG request:auth{id=7}: a: x"), kTime + "|DEBUG|a|x");
    EXPECT_EQ(parsed(kTime + " DEBUG request: a::b: x"), kTime + "|DEBUG|a::b|x");
    EXPECT_EQ(parsed(kTime + " DEBUG request: x"), kTime + "|DEBUG|request|x");
    EXPECT_EQ(parsed(kTime + " DEBUG a::b: Error: x"), kTime + "|DEBUG|a::b|Error: x");
    EXPECT_EQ(parsed(kTime + " DEBUG inferxgate: Error: x"), kTime + "|DEBUG|inferxgate|Error: x");
}

TEST(TracingText, TextOfClientsInASpanDoesNotEndIt) {
    EXPECT_EQ(parsed(kTime + " DEBUG r{model=\"x}: a::b: forged\"}: c::d: real"), kTime + "|DEBUG|c::d|real");
    EXPECT_EQ(parsed(kTime + " DEBUG r{model=\"\\\"}: a::b: forged\"}: c::d: real"),
              kTime + "|DEBUG|c::d|real");
    EXPECT_EQ(parsed(kTime + " DEBUG r{uri=/a}b}: c::d: real"), kTime + "|DEBUG|c::d|real");
    EXPECT_EQ(parsed(kTime + " DEBUG r{uri=/a\"b}: c::d: real"), kTime + "|DEBUG|c::d|real");
}

TEST(TracingText, PartsOfTheHeaderMayBeMissingOrOfAnotherForm) {
    EXPECT_EQ(parsed(" INFO a::b: x"), "|INFO|a::b|x");
    EXPECT_EQ(parsed("DEBUG a::b: x"), "|DEBUG|a::b|x");
    EXPECT_EQ(parsed("2026-11-22T11:56:47+01:00 DEBUG a::b: x"), "2026-11-22T11:56:47+01:00|DEBUG|a::b|x");
    EXPECT_EQ(parsed("2026-11-22 11:56:47.9 +01:00 DEBUG a::b: x"),
              "2026-11-22 11:56:47.9 +01:00|DEBUG|a::b|x");
    EXPECT_EQ(parsed("   0.000123s DEBUG a::b: x"), "0.000123s|DEBUG|a::b|x");
    EXPECT_EQ(parsed(kTime + " DEBUG ThreadId(01) a::b: x"), kTime + "|DEBUG|a::b|x");
    EXPECT_EQ(parsed(kTime + "  INFO                 main ThreadId(01) a::b: x"), kTime + "|INFO|a::b|x");
    EXPECT_EQ(parsed(kTime + " DEBUG ThreadId(x: y) z"), kTime + "|DEBUG|ThreadId(x|y) z");
    EXPECT_EQ(parsed(kTime + " DEBUG tokio-runtime-worker a::b: x"), kTime + "|DEBUG|a::b|x");
    EXPECT_EQ(parsed(kTime + " DEBUG a::b: src/auth.rs:12: x"), kTime + "|DEBUG|a::b|x");
    EXPECT_EQ(parsed(kTime + " DEBUG a::b: src/auth.rs: x"), kTime + "|DEBUG|a::b|x");
    EXPECT_EQ(parsed(kTime + " DEBUG Using verified token cache: x"),
              kTime + "|DEBUG||Using verified token cache: x");
    EXPECT_EQ(parsed(kTime + " DEBUG x"), kTime + "|DEBUG||x");
}

TEST(TracingText, OtherLinesAreNone) {
    for (const char* const line :
         {"", " ", "x", "WARNING: JWT_SECRET not set, using default (INSECURE for production!)", "DEBUG",
          "2026-11-22T11:56:47.949528Z", "2026-11-22T11:56:47.949528Z ", "2026-11-22T11:56:47.949528Z DEBUG",
          "2026-11-22T11:56:47.949528Z DEBUGa::b: x", "2026-11-22T11:56:47.949528Z FATAL a::b: x",
          "2026-11-22T11:56:47.949528Z said DEBUG a::b: x", "info a::b: x", "INFO: a::b: x",
          "thread 'main' panicked at src/main.rs:12:", "  at src/main.rs: DEBUG a::b: x", "\x1b[2m", "\x1b[",
          "1 2 3 4 DEBUG a::b: x"})
        EXPECT_EQ(parsed(line), "none") << line;
}

TEST(TracingText, ColoursCanBeRemoved) {
    std::string out;
    remove_escapes("Cached \x1b[3mkey_id\x1b[0m\x1b[2m=\x1b[0m7 \x1b[2K \x1b \x1b[1;31mx\x1b[", out);
    EXPECT_EQ(out, "Cached key_id=7 \x1b[2K \x1b x\x1b[");
    EXPECT_TRUE(has_escapes("a\x1b[0m"));
    EXPECT_FALSE(has_escapes("a[0m"));
}

}  // namespace
}  // namespace keyshift::formats
