// SPDX-License-Identifier: Apache-2.0
// As of when the data of a standby are, from what it says of itself at each poll.
#include "collectors/key_table/standby.hpp"

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using base::Time;
using namespace std::chrono_literals;

constexpr Time kStart{base::Duration{1'780'000'000'000'000}};

class StandbyAgeTest : public testing::Test {
 protected:
    static Recovery primary(Time moment) {
        Recovery out;
        out.moment = moment;
        return out;
    }
    /// A standby that streams and has replayed everything.
    static Recovery streaming(Time moment = kStart) {
        return {.in_recovery = true,
                .system = "7412345678901234567",
                .moment = moment,
                .receives = true,
                .may_see = true,
                .streams = true,
                .silent_for = 2s,
                .caught_up = true,
                .last_commit_at = moment - 1h,
                .replayed = 1'000,
                .user = "keyshift"};
    }
    /// ... and has lost its receiver since.
    static Recovery lonely(Time moment = kStart) {
        Recovery out = streaming(moment);
        out.receives = out.streams = false;
        out.silent_for.reset();
        out.last_commit_at = kStart - 1h;
        return out;
    }
    Time at(const Recovery& recovery) { return standby_.data_at(recovery).value(); }

    Standby standby_;
};

TEST_F(StandbyAgeTest, DataOfAPrimaryAreOfNow) {
    EXPECT_EQ(at(primary(kStart)), kStart);
}

TEST_F(StandbyAgeTest, DataAreOfNowWhileItStreamsAndHasReplayedAll) {
    EXPECT_EQ(at(streaming()), kStart) << "although the last commit was an hour ago: the primary is idle";
}

TEST_F(StandbyAgeTest, ElseTheyAreOfTheLastCommit) {
    for (void (*const change)(Recovery&) : {
             +[](Recovery& r) { r.streams = false; },
             +[](Recovery& r) { r.caught_up = false; },
             +[](Recovery& r) { r.silent_for = 60s; },
             +[](Recovery& r) { r.silent_for = -1us; },
             +[](Recovery& r) { r.silent_for.reset(); },
             +[](Recovery& r) { r = lonely(); },
         }) {
        Recovery recovery = streaming();
        change(recovery);
        EXPECT_EQ(Standby().data_at(recovery).value(), kStart - 1h);
    }
}

TEST_F(StandbyAgeTest, APrimaryWithNothingToSendMaySayNothingForAMinute) {
    Recovery recovery = streaming();
    recovery.silent_for = 60s - 1us;
    EXPECT_EQ(at(recovery), kStart);
}

TEST_F(StandbyAgeTest, WhatWasAsOfATimeOnceIsNotOlderNow) {
    EXPECT_EQ(at(streaming()), kStart);
    EXPECT_EQ(at(lonely(kStart + 1min)), kStart) << "it had all until then, whenever the last commit was";
    EXPECT_EQ(at(lonely(kStart + 8 * 24h)), kStart) << "and no longer";
}

TEST_F(StandbyAgeTest, ACommitThatIsReplayedLaterMakesThemYounger) {
    at(streaming());
    Recovery archive = lonely(kStart + 2h);
    archive.replayed = 2'000;
    archive.last_commit_at = kStart + 1h;
    EXPECT_EQ(at(archive), kStart + 1h);
    archive.moment += 1h;
    EXPECT_EQ(at(archive), kStart + 1h);
}

TEST_F(StandbyAgeTest, AServerThatWentBackIsAnotherOne) {
    at(streaming());
    Recovery restored = lonely(kStart + 1min);
    restored.replayed = 999;
    EXPECT_EQ(at(restored), kStart - 1h) << "what had been replayed is not there any more";
    EXPECT_EQ(at(lonely(kStart + 2min)), kStart - 1h) << "and is not believed again when as much is there";
}

TEST_F(StandbyAgeTest, AnotherSystemIsAnotherOne) {
    at(streaming());
    Recovery other = lonely(kStart + 1min);
    other.system = "7499999999999999999";
    other.replayed = 5'000;
    EXPECT_EQ(at(other), kStart - 1h);
}

TEST_F(StandbyAgeTest, AStandbyOfTheSamePrimaryThatIsFurtherKeepsTheTime) {
    at(streaming());
    Recovery second = lonely(kStart + 1min);
    second.replayed = 1'001;
    EXPECT_EQ(at(second), kStart) << "it has all that the first one had";
}

TEST_F(StandbyAgeTest, ACommitAheadBySomeSecondsIsOfNow) {
    Recovery ahead = lonely();
    ahead.last_commit_at = kStart + 5s;
    EXPECT_EQ(at(ahead), kStart) << "clocks differ a little";
}

TEST_F(StandbyAgeTest, ACommitOfTheFutureTellsNothing) {
    Recovery ahead = lonely();
    ahead.last_commit_at = kStart + 1h;
    EXPECT_FALSE(standby_.data_at(ahead)) << "else the data were of now for an hour";
    at(streaming());
    ahead.moment = kStart + 1min;
    EXPECT_EQ(at(ahead), kStart);
}

TEST_F(StandbyAgeTest, WhatWasSeenBeforeTheClockWasSetBackTellsNothing) {
    at(streaming(kStart + 1h));
    EXPECT_EQ(at(lonely(kStart)), kStart - 1h) << "else the data were of now for an hour";
    EXPECT_EQ(at(lonely(kStart + 8 * 24h)), kStart - 1h);
}

TEST_F(StandbyAgeTest, AnHourAfterItsClockWasSetBackDataAreStillOfNow) {
    at(streaming(kStart + 1h));
    EXPECT_EQ(at(streaming(kStart)), kStart);
    EXPECT_EQ(at(streaming(kStart + 1min)), kStart + 1min);
    EXPECT_EQ(at(streaming(kStart + 1min - 3s)), kStart + 1min - 3s);
    EXPECT_EQ(at(lonely(kStart + 2min)), kStart + 1min - 3s)
        << "not what was said before the clock was corrected";
}

TEST_F(StandbyAgeTest, ARoleThatMaySeeNothingIsToldTheGrant) {
    Recovery recovery = streaming();
    recovery.may_see = recovery.streams = false;
    recovery.silent_for.reset();
    recovery.user = "o'Neil \"x\"";
    recovery.grant = "GRANT pg_read_all_stats TO \"o'Neil \"\"x\"\"\" WITH INHERIT TRUE;";
    const auto age = standby_.data_at(recovery);
    ASSERT_FALSE(age);
    EXPECT_EQ(age.error().code, base::Errc::permission);
    EXPECT_NE(age.error().hint.find(recovery.grant), std::string::npos) << age.error().hint;
    EXPECT_NE(age.error().hint.find("keys.standby: ignore"), std::string::npos);
    EXPECT_NE(age.error().hint.find("database_url"), std::string::npos);
}

TEST_F(StandbyAgeTest, TheRightIsNotNeededWhereThereIsNoReceiver) {
    Recovery recovery = lonely();
    recovery.may_see = false;
    EXPECT_EQ(at(recovery), kStart - 1h) << "everybody may see the last commit";
}

TEST_F(StandbyAgeTest, WithoutACommitNothingTellsTheAge) {
    Recovery recovery = lonely();
    recovery.last_commit_at.reset();
    const auto age = standby_.data_at(recovery);
    ASSERT_FALSE(age);
    EXPECT_EQ(age.error().code, base::Errc::other);
    EXPECT_NE(age.error().hint.find("keys.standby: ignore"), std::string::npos);
    EXPECT_EQ(at(streaming()), kStart) << "until it streams";
    recovery.moment += 1min;
    EXPECT_EQ(at(recovery), kStart) << "from then on it is known";
}

TEST_F(StandbyAgeTest, TheErrorSaysWhetherItStreams) {
    Recovery recovery = streaming();
    recovery.last_commit_at.reset();
    recovery.caught_up = false;
    EXPECT_NE(standby_.data_at(recovery).error().what.find("has not replayed all"), std::string::npos);
    recovery.streams = false;
    EXPECT_NE(standby_.data_at(recovery).error().what.find("does not stream"), std::string::npos);
}

TEST_F(StandbyAgeTest, APromotedServerIsAPrimary) {
    at(lonely());
    EXPECT_EQ(at(primary(kStart + 1min)), kStart + 1min);
}

}  // namespace
}  // namespace keyshift::collectors
