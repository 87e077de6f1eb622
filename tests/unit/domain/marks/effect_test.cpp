// SPDX-License-Identifier: Apache-2.0
#include "domain/marks/effect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A full minute.
const base::Time kBegin{1'768'003'200s};
const base::Time kEnd = kBegin + 10min;
const base::Time kLater = kEnd + 1h;
constexpr const char* kLog = "access_log";

/// Counts since long before, last read a second before the mark and behind the end.
MarkedSource source(const std::string& name = kLog) {
    MarkedSource out;
    out.base = {name, {5}, kBegin - 1s, {}, kBegin - 48h};
    out.now = {name, {5}, kEnd + 3min, kEnd + 3min, kBegin - 48h, 2s};
    return out;
}

MarkedClient client(const std::string& name, std::uint64_t before, std::uint64_t since,
                    const std::string& from = kLog) {
    return {from, Event::failure_unknown_key, name, before, since, since, kBegin + 1s, kBegin + 2s};
}

/// A brownout of ten minutes in which nobody failed.
MarkWindow brownout() {
    MarkWindow out;
    out.mark = {1, MarkKind::brownout_begin, kBegin, kBegin, "anna", ""};
    out.end = Mark{2, MarkKind::brownout_end, kEnd, kEnd, "anna", ""};
    out.until = kEnd;
    out.settled = true;
    out.sources = {source()};
    return out;
}

/// ... that has not ended.
MarkWindow open_brownout() {
    MarkWindow out = brownout();
    out.end.reset();
    out.until.reset();
    out.settled = false;
    return out;
}

void fail(MarkWindow& window, const MarkedClient& who) {
    window.clients.push_back(who);
    for (MarkedSource& source : window.sources)
        if (source.base.source == who.source) source.now.counts.at(0) += who.since;
}

std::string told(const MarkWindow& window, base::Time now = kLater) {
    return sentence(window, effect_of(window, now));
}

std::vector<std::string> why(const MarkWindow& window, base::Time now = kLater) {
    return effect_of(window, now).why;
}

TEST(MarkEffect, NobodyFailedWhereEveryFailureIsCounted) {
    const MarkEffect effect = effect_of(brownout(), kLater);
    EXPECT_EQ(effect.answer, MarkAnswer::nobody_new);
    EXPECT_THAT(effect.why, IsEmpty());
    EXPECT_EQ(told(brownout()),
              "brownout of 2026-01-10T00:00:00Z, 10m: nobody who called failed who did not before");
}

TEST(MarkEffect, ANewClientIsNamed) {
    MarkWindow window = brownout();
    fail(window, client("192.0.2.1", 0, 3));
    const MarkEffect effect = effect_of(window, kLater);
    EXPECT_EQ(effect.answer, MarkAnswer::somebody_new);
    EXPECT_EQ(effect.new_clients, 1U);
    EXPECT_EQ(effect.known_clients, 0U);
    EXPECT_EQ(effect.clients.at(0).novelty, Novelty::fresh);
    EXPECT_EQ(told(window),
              "brownout of 2026-01-10T00:00:00Z, 10m: 1 client failed who did not before, or not "
              "so often");
}

// 24 h are 1440 minutes; the brownout has 14: the one before, and those until it has been read behind its
// end.
TEST(MarkEffect, WhoFailsAsBeforeIsNotNew) {
    MarkWindow window = brownout();
    fail(window, client("192.0.2.1", 1440, 28));
    const MarkEffect effect = effect_of(window, kLater);
    EXPECT_EQ(effect.answer, MarkAnswer::nobody_new);
    EXPECT_EQ(effect.known_clients, 1U);
    EXPECT_EQ(told(window),
              "brownout of 2026-01-10T00:00:00Z, 10m: nobody who called failed who did not "
              "before; 1 client failed as before");
}

// Behind one address there may be many.
TEST(MarkEffect, WhoFailsMoreThanTwiceAsOftenCountsAsNew) {
    MarkWindow window = brownout();
    fail(window, client("192.0.2.1", 1440, 29));
    const MarkEffect effect = effect_of(window, kLater);
    EXPECT_EQ(effect.answer, MarkAnswer::somebody_new);
    EXPECT_EQ(effect.clients.at(0).novelty, Novelty::more_often);
}

TEST(MarkEffect, OfASourceThatHasCountedForLessTheRateIsOfThatTime) {
    MarkWindow window = brownout();
    window.sources[0].base.counted_since = kBegin - 62min;
    fail(window, client("192.0.2.1", 60, 28));
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::nobody_new);
    fail(window, client("192.0.2.2", 60, 29));
    EXPECT_EQ(effect_of(window, kLater).new_clients, 1U);
}

TEST(MarkEffect, WhereNobodyCountedBeforeNothingIsAsBefore) {
    MarkWindow window = brownout();
    window.sources[0].base.counted_since.reset();
    fail(window, client("192.0.2.1", 1440, 1));
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::somebody_new);
}

TEST(MarkEffect, NewOnesComeFirstAndThenThoseWithMoreFailures) {
    MarkWindow window = brownout();
    for (const MarkedClient& who : {client("known", 100'000, 90), client("one", 0, 1), client("two", 0, 2)})
        fail(window, who);
    std::vector<std::string> names;
    for (const JudgedClient& judged : effect_of(window, kLater).clients)
        names.push_back(judged.client.client);
    EXPECT_THAT(names, ElementsAre("two", "one", "known"));
}

TEST(MarkEffect, WhoFailedBeforeAndNotSinceIsNoneOfThem) {
    MarkWindow window = brownout();
    fail(window, client("192.0.2.1", 3, 0));
    const MarkEffect effect = effect_of(window, kLater);
    EXPECT_THAT(effect.clients, IsEmpty());
    EXPECT_EQ(effect.known_clients, 0U);
    EXPECT_EQ(effect.answer, MarkAnswer::nobody_new);
}

TEST(MarkEffect, AClientOfWhichTwoLogsTellIsOne) {
    MarkWindow window = brownout();
    window.sources.push_back(source("gateway_log"));
    fail(window, client("192.0.2.1", 0, 3));
    fail(window, client("192.0.2.1", 100'000, 3, "gateway_log"));
    const MarkEffect effect = effect_of(window, kLater);
    EXPECT_EQ(effect.new_clients, 1U);
    EXPECT_EQ(effect.known_clients, 0U);
}

TEST(MarkEffect, WithoutASourceNobodyCanTell) {
    MarkWindow window = brownout();
    window.sources.clear();
    EXPECT_THAT(why(window), ElementsAre("no source counted failures when the mark was set"));
    EXPECT_EQ(told(window),
              "brownout of 2026-01-10T00:00:00Z, 10m: cannot tell who failed: no source counted "
              "failures when the mark was set");
}

TEST(MarkEffect, ASourceThatBeganAnewCannotTell) {
    MarkWindow window = brownout();
    const std::string anew = "access_log was interrupted or began anew, and may have missed failures";
    window.sources[0].now.counted_since = *window.sources[0].base.read_at;
    EXPECT_THAT(why(window), IsEmpty());
    window.sources[0].now.counted_since = *window.sources[0].base.read_at + 1us;
    EXPECT_THAT(why(window), ElementsAre(anew));
    window.sources[0].now.counted_since.reset();
    EXPECT_THAT(why(window), ElementsAre(anew));
    window = brownout();
    window.sources[0].base.read_at.reset();
    EXPECT_THAT(why(window), ElementsAre("access_log had not been read when the mark was set"));
}

TEST(MarkEffect, ASourceIsReadBehindTheEnd) {
    MarkWindow window = brownout();
    window.sources[0].now.complete_at = kEnd + kBehindEnd;
    EXPECT_THAT(why(window), IsEmpty());
    window.sources[0].now.complete_at = kEnd + kBehindEnd - 1us;
    EXPECT_THAT(why(window), ElementsAre("access_log has not been read in full since the end"));
    window.sources[0].now.complete_at.reset();
    EXPECT_THAT(why(window), ElementsAre("access_log has not been read in full since the end"));
}

TEST(MarkEffect, WhileItLastsASourceIsReadLately) {
    MarkWindow window = open_brownout();
    const base::Time now = kBegin + 5min;
    window.sources[0].now.complete_at = now - 1min;
    EXPECT_THAT(why(window, now), IsEmpty());
    window.sources[0].now.complete_at = now - 1min - 1us;
    EXPECT_THAT(why(window, now), ElementsAre("access_log cannot be read in full at the moment"));
    window.sources[0].now.poll_every = 1min;
    EXPECT_THAT(why(window, now), IsEmpty());
    EXPECT_EQ(
        told(window, now),
        "brownout of 2026-01-10T00:00:00Z, still open: nobody who called failed who did not before, so far");
}

TEST(MarkEffect, AFailureWithoutANameIsSomebody) {
    MarkWindow window = brownout();
    fail(window, client("", 0, 1));
    EXPECT_THAT(why(window),
                ElementsAre("1 failure counted by access_log, and no log names the clients of all of them"));
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::cannot_tell);
}

TEST(MarkEffect, WhatASourceWithoutNamesHasCountedIsSomebody) {
    MarkWindow window = brownout();
    window.sources[0] = source("gateway_metrics");
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::nobody_new);
    window.sources[0].now.counts.at(3) = 2;
    EXPECT_THAT(
        why(window),
        ElementsAre("2 failures counted by gateway_metrics, and no log names the clients of all of them"));
}

TEST(MarkEffect, AnotherLogMayNameThem) {
    MarkWindow window = brownout();
    window.sources.push_back(source("gateway_metrics"));
    fail(window, client("192.0.2.1", 100'000, 2));
    window.sources[1].now.counts.at(0) += 2;
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::nobody_new);
    window.sources[1].now.counts.at(0) += 1;
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::cannot_tell);
}

// What may have failed before the mark names nobody who has failed since.
TEST(MarkEffect, OnlyFailuresThatCertainlyCameAfterTheMarkNameThem) {
    MarkWindow window = brownout();
    window.sources.push_back(source("gateway_metrics"));
    MarkedClient who = client("192.0.2.1", 100'000, 2);
    who.inside = 1;
    fail(window, who);
    window.sources[1].now.counts.at(0) += 2;
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::cannot_tell);
}

TEST(MarkEffect, NoTwoLogsAreAddedUpToNameThem) {
    MarkWindow window = brownout();
    window.sources = {source(), source("gateway_log"), source("gateway_metrics")};
    fail(window, client("192.0.2.1", 100'000, 1));
    fail(window, client("192.0.2.1", 100'000, 1, "gateway_log"));
    window.sources[2].now.counts.at(0) += 2;
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::cannot_tell);
}

TEST(MarkEffect, OfASourceThatCameLaterNothingIsComparable) {
    MarkWindow window = brownout();
    window.clients.push_back(client("192.0.2.1", 0, 1, "gateway_log"));
    EXPECT_THAT(why(window), ElementsAre("gateway_log did not count failures yet when the mark was set"));
    EXPECT_EQ(effect_of(window, kLater).answer, MarkAnswer::somebody_new);
    window.clients[0].since = 0;
    EXPECT_THAT(why(window), IsEmpty());
}

TEST(MarkEffect, ALineThatWasNotUnderstoodMayBeAFailure) {
    MarkWindow window = brownout();
    window.sources[0].base.odd_lines = 3;
    window.sources[0].now.odd_lines = 3;
    EXPECT_THAT(why(window), IsEmpty());
    window.sources[0].now.odd_lines = 4;
    EXPECT_THAT(why(window), ElementsAre("1 line of access_log was not understood"));
    window.sources[0].now.odd_lines = 5;
    EXPECT_THAT(why(window), ElementsAre("2 lines of access_log were not understood"));
}

TEST(MarkEffect, AUseOfALegacyKeyMeansThatTheFallbackWasOn) {
    MarkWindow window = brownout();
    window.used_at = kBegin + 5min;
    EXPECT_THAT(why(window),
                ElementsAre("a legacy key was used at 2026-01-10T00:05:00Z: the fallback was not off"));
}

TEST(MarkEffect, AMarkOfTheFutureTellsNothing) {
    MarkWindow window = open_brownout();
    window.sources[0].now.complete_at = kBegin;
    EXPECT_THAT(why(window, kBegin), IsEmpty());
    EXPECT_THAT(why(window, kBegin - 1us), ElementsAre("the mark is in the future: the clock was set back"));
}

TEST(MarkEffect, SomebodyNewIsSaidWhateverCannotBeTold) {
    MarkWindow window = brownout();
    window.sources[0].now.counted_since.reset();
    fail(window, client("192.0.2.1", 0, 1));
    const MarkEffect effect = effect_of(window, kLater);
    EXPECT_EQ(effect.answer, MarkAnswer::somebody_new);
    EXPECT_EQ(effect.why.size(), 1U);
}

TEST(MarkEffect, TheMinuteBeforeTheMarkIsOfIt) {
    const std::int64_t minute = kBegin.time_since_epoch() / 1min;
    EXPECT_EQ(minutes_of(kBegin, {}).first, minute - 1);
    EXPECT_EQ(minutes_of(kBegin + 59s, {}).first, minute - 1);
    EXPECT_FALSE(minutes_of(kBegin, {}).last);
    EXPECT_EQ(minutes_of(kBegin, kEnd - 1us).last, minute + 11);
    EXPECT_EQ(minutes_of(kBegin, kEnd).last, minute + 12);
}

TEST(MarkEffect, ACutoverIsToldWhileItIsWatched) {
    MarkWindow window = brownout();
    window.mark.kind = MarkKind::cutover;
    window.end.reset();
    window.until = kLater + 1h;
    window.settled = false;
    window.sources[0].now.complete_at = kLater;
    EXPECT_EQ(told(window),
              "cutover of 2026-01-10T00:00:00Z: nobody who called failed who did not before, so far");
}

TEST(MarkSummary, HasTheLastOfEachKind) {
    const std::vector<Mark> marks{{1, MarkKind::brownout_begin, kBegin - 2h},
                                  {2, MarkKind::brownout_end, kBegin - 1h},
                                  {3, MarkKind::brownout_begin, kBegin}};
    const MarkSummary summary = summary_of(marks, open_brownout(), kBegin + 1min);
    EXPECT_EQ(summary.last_at[0], kBegin);
    EXPECT_EQ(summary.last_at[1], kBegin - 1h);
    EXPECT_FALSE(summary.last_at[2]);
    EXPECT_EQ(summary.last,
              "brownout of 2026-01-10T00:00:00Z, still open: nobody who called failed who did not "
              "before, so far");
    EXPECT_EQ(summary_of({}, {}, kBegin).last, "");
}

TEST(FailureCounts, AreOfSourcesThatCanCountFailures) {
    Evidence evidence;
    evidence.sources["redis"].countable.set(index_of(Event::redis_hit));
    SourceCounts& log = evidence.sources[kLog];
    log.countable.set(index_of(Event::failure_blocked));
    log.totals.at(index_of(Event::failure_unknown_key)) = 7;
    log.totals.at(index_of(Event::failure_other)) = 1;
    log.read_at = kBegin;
    log.complete_at = kBegin - 1s;
    log.counted_since = kBegin - 2s;
    log.poll_every = 2s;
    const auto counts = failure_counts(evidence, {{kLog, {4, 0}}});
    ASSERT_EQ(counts.size(), 1U);
    EXPECT_EQ(counts[0].odd_lines, 4U);
    EXPECT_FALSE(failure_counts(evidence, {{kLog, {0, 1}}})[0].complete_at) << "there is more to read";
    EXPECT_EQ(counts[0].source, kLog);
    EXPECT_EQ(counts[0].counts.front(), 7U);
    EXPECT_EQ(counts[0].counts.back(), 1U);
    EXPECT_EQ(counts[0].read_at, kBegin);
    EXPECT_EQ(counts[0].complete_at, kBegin - 1s);
    EXPECT_EQ(counts[0].counted_since, kBegin - 2s);
    EXPECT_EQ(counts[0].poll_every, 2s);
}

}  // namespace
}  // namespace keyshift::domain
