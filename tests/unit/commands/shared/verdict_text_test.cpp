// SPDX-License-Identifier: Apache-2.0
// verdict_text.hpp: the verdict in one line, which must never say more than the verdict does.
#include "commands/shared/verdict_text.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::commands {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z

api::Judged judged(const std::string& verdict) {
    api::Judged out;
    out.at = kNow;
    out.from = "daemon";
    out.read_at = kNow - 10s;
    out.answer.verdict = verdict;
    return out;
}

/// The tests' output is no terminal: no colours.
std::string line(const api::Judged& of) {
    return verdict_line(of, Terminal());
}

TEST(VerdictText, EachVerdictHasItsOwnWords) {
    EXPECT_EQ(line(judged("SAFE")), "SAFE: the fallback may be removed");
    EXPECT_EQ(line(judged("UNSAFE")),
              "UNSAFE: the fallback must not be removed: something has to be done first");
    EXPECT_EQ(line(judged("UNKNOWN")), "UNKNOWN: it cannot be said: a required check has no data");
    EXPECT_EQ(line(judged("NOT_YET")), "NOT_YET: the fallback may not be removed yet");
}

TEST(VerdictText, AVerdictOfALaterReleaseIsNotTakenForSafe) {
    EXPECT_EQ(line(judged("SAFER")), "UNKNOWN: it cannot be said: a required check has no data");
}

TEST(VerdictText, AReasonComesBeforeAHeadlineAndBothBeforeTheWords) {
    api::Judged of = judged("UNKNOWN");
    of.answer.headline = "there is no fallback";
    EXPECT_EQ(line(of), "UNKNOWN: there is no fallback");
    of.answer.reason = "two configurations";
    EXPECT_EQ(line(of), "UNKNOWN: two configurations");
}

TEST(VerdictText, ADateIsNamedOnlyWhileItIsToCome) {
    api::Judged of = judged("NOT_YET");
    of.answer.earliest_safe = kNow + 36h;
    EXPECT_EQ(line(of), "NOT_YET: the fallback may not be removed before 11 Jan 12:00 UTC");
    of.answer.earliest_safe = kNow;
    EXPECT_EQ(line(of), "NOT_YET: the fallback may not be removed yet");
}

TEST(VerdictText, WhatLimitsTheVerdictStandsInTheSameLine) {
    api::Judged of = judged("SAFE");
    of.answer.not_measured = {"no_fallback_hits", "failures_normal"};
    of.answer.caveats = {"the standby is behind", "one replica is down"};
    EXPECT_EQ(
        line(of),
        "SAFE: the fallback may be removed (not measured: no_fallback_hits, failures_normal); the standby "
        "is behind; one replica is down");
}

TEST(VerdictText, ACheckIsInColumnsWithTheTimeAtWhichItPasses) {
    api::CheckedItem check{"coverage", "not_yet", "watched for 2 h", {}};
    EXPECT_EQ(check_line(check, kNow, Terminal()), "not_yet       coverage              watched for 2 h");
    check.passes_at = kNow;
    EXPECT_EQ(check_line(check, kNow, Terminal()),
              "not_yet       coverage              watched for 2 h; passes 10 Jan 00:00 UTC if nothing else "
              "happens");
}

TEST(VerdictText, TheOriginSaysWhoReadItAndHowLongAgo) {
    api::Judged of = judged("SAFE");
    EXPECT_EQ(origin_line(of), "From the running daemon, read 10 s ago.");
    of.from = "state";
    EXPECT_EQ(origin_line(of), "From the state of the running daemon, read 10 s ago.");
    of.from = "one pass";
    EXPECT_EQ(origin_line(of),
              "From one poll of the database at 9 Jan 23:59 UTC; no daemon is running. Only `keyshift serve` "
              "sees what changes.");
    of.read_at.reset();
    of.from = "daemon";
    EXPECT_EQ(origin_line(of), "From the running daemon, which has not read the key table yet.");
    of.from = "nothing";
    EXPECT_EQ(origin_line(of), "Nothing could be read.");
}

}  // namespace
}  // namespace keyshift::commands
