// SPDX-License-Identifier: Apache-2.0
// Marks in the state file: what goes into them with what is counted, whoever writes.
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"
#include "store/sqlite.hpp"
#include "store/state.hpp"

namespace keyshift::store {
namespace {

using base::Time;
using domain::Event;
using domain::FailureCounts;
using domain::Mark;
using domain::MarkKind;
using domain::MarkWindow;
using namespace std::chrono_literals;

/// A full minute; this host's clock is 3 s ahead of the database's.
const Time kBegin{1'768'003'200s};
const Time kEnd = kBegin + 10min;
constexpr auto kSkew = 3s;
constexpr const char* kLog = "access_log";

FailureCounts counts(std::uint64_t unknown_keys, Time read_at) {
    return {kLog, {unknown_keys, 0, 2}, read_at, read_at, kBegin - 48h, 2s, unknown_keys};
}

class MarksTest : public ::testing::Test {
 protected:
    void SetUp() override { open(); }
    void open() {
        state_.reset();
        state_ = *State::open(directory_);
        EXPECT_EQ(state_->take_notice(), "");
    }
    /// By another connection, as the command's.
    template <class Change>
    void beside(const Change& change) {
        auto other = State::attach(directory_);
        ASSERT_TRUE(other && *other);
        auto transaction = (*other)->begin();
        ASSERT_TRUE(transaction);
        change(*transaction);
        ASSERT_TRUE(transaction->commit());
    }
    void mark(MarkKind kind, Time host_at, std::optional<Time> until = {}) {
        beside([&](Transaction& to) {
            to.set_mark({0, kind, host_at - kSkew, host_at, "anna", "night"}, until,
                        {counts(7, host_at - 1s)});
        });
    }
    template <class Change>
    void daemon(const Change& change) {
        auto transaction = state_->begin();
        ASSERT_TRUE(transaction);
        change(*transaction);
        ASSERT_TRUE(transaction->commit());
    }
    void fail(const std::string& client, Time at, std::uint64_t times = 1) {
        domain::FailureTally tally;
        for (std::uint64_t i = 0; i < times; ++i)
            tally.add(Event::failure_unknown_key, client, "curl", "/v1", at);
        daemon([&](Transaction& to) { to.add_failures(kLog, tally); });
    }
    void follow(const FailureCounts& now, Time at, std::optional<Time> legacy_use = {}) {
        daemon([&](Transaction& to) { to.follow_marks({now}, legacy_use, at); });
    }
    MarkWindow window() {
        auto found = state_->load_last_mark_window();
        EXPECT_TRUE(found && *found);
        return found && *found ? **found : MarkWindow();
    }
    /// "name before/since/inside", in the order of names.
    std::vector<std::string> clients() {
        std::vector<std::string> out;
        for (const domain::MarkedClient& client : window().clients)
            out.push_back(client.client + " " + std::to_string(client.before) + "/" +
                          std::to_string(client.since) + "/" + std::to_string(client.inside));
        std::sort(out.begin(), out.end());
        return out;
    }
    using Clients = std::vector<std::string>;

    const TemporaryDirectory own_{"marks"};
    const std::filesystem::path directory_ = own_.path();
    std::unique_ptr<State> state_;
};

TEST_F(MarksTest, AreKeptWithWhoSaidThemAndTheSourcesAsTheyStood) {
    EXPECT_TRUE(state_->load_marks()->empty());
    EXPECT_FALSE(*state_->load_last_mark_window());
    mark(MarkKind::brownout_begin, kBegin);
    open();
    const auto marks = state_->load_marks();
    ASSERT_EQ(marks->size(), 1U);
    EXPECT_EQ((*marks)[0].kind, MarkKind::brownout_begin);
    EXPECT_EQ((*marks)[0].at, kBegin - kSkew);
    EXPECT_EQ((*marks)[0].host_at, kBegin);
    EXPECT_EQ((*marks)[0].by, "anna");
    EXPECT_EQ((*marks)[0].note, "night");
    const MarkWindow found = window();
    EXPECT_FALSE(found.until || found.settled || found.end);
    ASSERT_EQ(found.sources.size(), 1U);
    EXPECT_EQ(found.sources[0].base.counts, (domain::ReasonCounts{7, 0, 2}));
    EXPECT_EQ(found.sources[0].base.read_at, kBegin - 1s);
    EXPECT_EQ(found.sources[0].base.counted_since, kBegin - 48h);
    EXPECT_EQ(found.sources[0].now.counts, (domain::ReasonCounts{7, 0, 2}));
    EXPECT_EQ(found.sources[0].base.odd_lines, 7U);
    EXPECT_EQ(found.sources[0].now.odd_lines, 7U);
    EXPECT_EQ(found.sources[0].now.poll_every, base::Duration{2s});
    const auto events = state_->load_events(10);
    ASSERT_EQ(events->size(), 1U);
    EXPECT_EQ((*events)[0].kind, event::kMark);
    EXPECT_EQ((*events)[0].at, kBegin - kSkew);
    EXPECT_EQ((*events)[0].detail, "brownout begin: night");
}

TEST_F(MarksTest, WhatFailedBeforeIsTakenAsItStands) {
    fail("day before", kBegin - 24h - 2min);
    fail("before", kBegin - 23h, 2);
    fail("before", kBegin - 2min);
    fail("minute before", kBegin - 59s);
    mark(MarkKind::brownout_begin, kBegin);
    EXPECT_EQ(clients(), (Clients{"minute before 0/1/0"}));
    fail("before", kBegin + 1s);
    EXPECT_EQ(clients(), (Clients{"before 3/1/1", "minute before 0/1/0"}));
}

TEST_F(MarksTest, FailuresGoIntoTheTimeThatTheyAreOf) {
    mark(MarkKind::brownout_begin, kBegin);
    fail("read late", kBegin - 2min);
    fail("read late", kBegin + 1s, 2);
    fail("long ago", kBegin - 25h);
    fail("long ago", kBegin + 1s);
    mark(MarkKind::brownout_end, kEnd);
    fail("last", kEnd + 2min);
    fail("after it", kEnd + 3min);
    fail("read late", kEnd - 1min);
    EXPECT_EQ(clients(), (Clients{"last 0/1/0", "long ago 0/1/1", "read late 1/3/3"}));
    for (const domain::MarkedClient& client : window().clients) {
        if (client.client != "read late") continue;
        EXPECT_EQ(client.reason, Event::failure_unknown_key);
        EXPECT_EQ(client.first_at, kBegin + 1s);
        EXPECT_EQ(client.last_at, kEnd - 1min);
    }
}

TEST_F(MarksTest, OfWhatIsReadAtOnceOnlyWhatFailedUntilItsEndIsOfIt) {
    mark(MarkKind::brownout_begin, kBegin);
    mark(MarkKind::brownout_end, kEnd);
    domain::FailureTally tally;
    tally.add(Event::failure_unknown_key, "a", "", "", kEnd);
    tally.add(Event::failure_unknown_key, "a", "", "", kEnd + 5min);
    tally.add(Event::failure_unknown_key, "b", "", "", kEnd + 5min);
    daemon([&](Transaction& to) { to.add_failures(kLog, tally); });
    EXPECT_EQ(clients(), (Clients{"a 0/1/1"}));
}

TEST_F(MarksTest, WithoutASourceItIsSettledWhenItIsOver) {
    for (const MarkKind kind : {MarkKind::brownout_begin, MarkKind::brownout_end})
        beside([&](Transaction& to) { to.set_mark({0, kind, kEnd, kEnd, "anna", ""}, {}, {}); });
    daemon([](Transaction& to) { to.follow_marks({}, {}, kEnd + 2min - 1us); });
    EXPECT_FALSE(window().settled);
    daemon([](Transaction& to) { to.follow_marks({}, {}, kEnd + 2min); });
    EXPECT_TRUE(window().settled);
}

TEST_F(MarksTest, TwoBrownoutsInADayEachHaveTheirOwn) {
    mark(MarkKind::brownout_begin, kBegin);
    fail("a", kBegin + 1s);
    mark(MarkKind::brownout_end, kEnd);
    mark(MarkKind::brownout_begin, kEnd + 1h);
    fail("b", kEnd + 1h);
    fail("a", kEnd + 61min);
    const auto windows = state_->load_mark_windows();
    ASSERT_EQ(windows->size(), 2U);
    EXPECT_EQ((*windows)[0].end->at, kEnd - kSkew);
    EXPECT_EQ((*windows)[0].until, kEnd);
    EXPECT_FALSE((*windows)[1].end);
    ASSERT_EQ((*windows)[0].clients.size(), 1U);
    EXPECT_EQ((*windows)[0].clients[0].since, 1U);
    EXPECT_EQ(clients(), (Clients{"a 1/1/1", "b 0/1/1"}));
}

TEST_F(MarksTest, SourcesAreFollowedUntilTheyWereReadBehindTheEnd) {
    mark(MarkKind::brownout_begin, kBegin);
    follow(counts(9, kBegin + 1min), kBegin + 1min);
    EXPECT_EQ(window().sources[0].now.counts[0], 9U);
    EXPECT_EQ(window().sources[0].base.counts[0], 7U);
    EXPECT_EQ(window().sources[0].now.odd_lines, 9U);
    EXPECT_EQ(window().sources[0].base.odd_lines, 7U);
    mark(MarkKind::brownout_end, kEnd);
    follow(counts(10, kEnd + 119s), kEnd + 2min);
    EXPECT_FALSE(window().settled);
    EXPECT_EQ(state_->marks_version()->unsettled, 1);
    EXPECT_EQ(state_->load_events(10)->size(), 2U);
    follow(counts(11, kEnd + 2min), kEnd + 2min);
    EXPECT_EQ(state_->load_events(10)->size(), 3U);
    EXPECT_EQ(state_->load_events(1)->at(0).at, kEnd + 2min - kSkew);
    EXPECT_EQ(
        state_->load_events(1)->at(0).detail,
        "brownout of 2026-01-09T23:59:57Z, 10m: cannot tell who failed: 4 failures counted by access_log, "
        "and no log names the clients of all of them");
    EXPECT_TRUE(window().settled);
    EXPECT_EQ(state_->marks_version()->unsettled, 0);
    follow(counts(12, kEnd + 1h), kEnd + 1h);
    EXPECT_EQ(window().sources[0].now.counts[0], 11U) << "what came later is not of it";
    EXPECT_EQ(window().sources[0].now.complete_at, kEnd + 2min);
}

TEST_F(MarksTest, ASourceThatIsNeverReadAgainIsNotWaitedForForEver) {
    mark(MarkKind::brownout_begin, kBegin);
    mark(MarkKind::brownout_end, kEnd);
    daemon([](Transaction& to) { to.follow_marks({}, {}, kEnd + 1h); });
    EXPECT_FALSE(window().settled);
    daemon([](Transaction& to) { to.follow_marks({}, {}, kEnd + 1h + 1s); });
    EXPECT_TRUE(window().settled);
}

TEST_F(MarksTest, ACutoverIsWatchedUntilItsTimeIsOver) {
    mark(MarkKind::cutover, kBegin, kBegin + 7 * 24h);
    follow(counts(9, kBegin + 24h), kBegin + 24h);
    EXPECT_FALSE(window().settled);
    fail("late", kBegin + 6 * 24h);
    fail("later", kBegin + 8 * 24h);
    EXPECT_EQ(clients(), (Clients{"late 0/1/1"}));
    follow(counts(9, kBegin + 7 * 24h + 2min), kBegin + 7 * 24h + 2min);
    EXPECT_TRUE(window().settled);
}

TEST_F(MarksTest, AUseOfALegacyKeyInItsTimeIsNoted) {
    mark(MarkKind::brownout_begin, kBegin);
    const Time at = kBegin - kSkew;
    follow(counts(7, kBegin + 2min), kBegin + 2min, at + 1min);
    EXPECT_FALSE(window().used_at) << "it may have been on until then";
    follow(counts(7, kBegin + 2min), kBegin + 2min, at + 1min + 1us);
    EXPECT_EQ(window().used_at, at + 1min + 1us);
    mark(MarkKind::brownout_end, kEnd);
    follow(counts(7, kEnd), kEnd, kEnd - kSkew + 1us);
    EXPECT_EQ(window().used_at, at + 1min + 1us);
    follow(counts(7, kEnd), kEnd, kEnd - kSkew);
    EXPECT_EQ(window().used_at, kEnd - kSkew);
}

TEST_F(MarksTest, AnEndThatIsTakenBackOpensTheBrownoutAgain) {
    mark(MarkKind::brownout_begin, kBegin);
    mark(MarkKind::brownout_end, kEnd);
    follow(counts(7, kEnd + 2min), kEnd + 2min);
    fail("in between", kEnd + 4min);
    EXPECT_EQ(clients(), Clients{});
    const auto version = *state_->marks_version();
    beside([&](Transaction& to) { to.remove_mark(state_->load_marks()->back(), kEnd + 5min); });
    EXPECT_NE(*state_->marks_version(), version);
    EXPECT_EQ(state_->load_marks()->size(), 1U);
    EXPECT_FALSE(window().until || window().settled || window().end);
    EXPECT_EQ(clients(), (Clients{"in between 0/1/0"}));
    EXPECT_EQ(state_->load_events(1)->at(0).detail, "taken back: brownout end: night");
    beside([&](Transaction& to) { to.remove_mark(state_->load_marks()->back(), kEnd + 6min); });
    EXPECT_TRUE(state_->load_marks()->empty());
    EXPECT_FALSE(*state_->load_last_mark_window());
}

TEST_F(MarksTest, ClientsBeyondTheLimitLoseTheirNames) {
    mark(MarkKind::brownout_begin, kBegin);
    for (int part = 0; part < 13; ++part) {
        domain::FailureTally tally(2'000);
        for (int i = 0; i < 2'000; ++i)
            tally.add(Event::failure_unknown_key, std::to_string(part * 2'000 + i), "", "", kBegin + 1s);
        daemon([&](Transaction& to) { to.add_failures(kLog, tally); });
    }
    std::uint64_t named = 0;
    std::uint64_t unnamed = 0;
    for (const domain::MarkedClient& client : window().clients)
        (client.client.empty() ? unnamed : named) += client.since;
    EXPECT_EQ(named, 25'000U);
    EXPECT_EQ(unnamed, 1'000U);
    fail("0", kBegin + 2s);
    fail("new", kBegin + 2s);
    EXPECT_EQ(window().clients.size(), 25'001U);
}

TEST_F(MarksTest, OldOnesAreForgotten) {
    mark(MarkKind::brownout_begin, kBegin);
    fail("a", kBegin + 1s);
    mark(MarkKind::brownout_end, kEnd);
    daemon([](Transaction& to) { to.forget_before(kEnd + 1h); });
    EXPECT_EQ(state_->load_mark_windows()->size(), 1U) << "it is not settled";
    follow(counts(7, kEnd + 2min), kEnd + 2min);
    daemon([](Transaction& to) { to.forget_before(kBegin - kSkew); });
    EXPECT_EQ(state_->load_marks()->size(), 2U);
    daemon([](Transaction& to) { to.forget_before(kEnd + 1h); });
    EXPECT_TRUE(state_->load_marks()->empty());
    const auto database = Sqlite::open(directory_ / "keyshift.db");
    EXPECT_EQ(*(*database)->integer("SELECT (SELECT count(*) FROM mark_source) + (SELECT count(*) FROM "
                                    "mark_client)"),
              0);
}

TEST_F(MarksTest, AChangedByteIsNoticed) {
    mark(MarkKind::brownout_begin, kBegin);
    fail("a", kBegin + 1s);
    state_.reset();
    {
        const auto database = Sqlite::open(directory_ / "keyshift.db");
        ASSERT_TRUE((*database)->execute("UPDATE mark_client SET since = 9"));
    }
    const auto opened = State::open(directory_);
    ASSERT_TRUE(opened);
    EXPECT_NE((*opened)->take_notice(), "");
}

}  // namespace
}  // namespace keyshift::store
