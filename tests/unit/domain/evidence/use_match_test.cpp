// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence/use_match.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};

TEST(UseMatch, AUseThatWasCountedIsNoOther) {
    UseMatch match;
    EXPECT_EQ(match.hits(3, kNow), 3U);
    EXPECT_EQ(match.uses(2, kNow - 1h, kNow + 30s), 0U);
    EXPECT_EQ(match.uses(2, kNow - 1h, kNow + 1min), 1U);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 1U);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 0U) << "each once";
}

TEST(UseMatch, AHitThatCameLaterIsNoOther) {
    UseMatch match;
    EXPECT_EQ(match.uses(2, kNow - 1h, kNow), 2U);
    EXPECT_EQ(match.hits(3, kNow + 1min), 1U);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 0U);
}

TEST(UseMatch, HitsOfLongBeforeTheUseDoNotStandForIt) {
    UseMatch match;
    match.hits(1, kNow);
    EXPECT_EQ(match.uses(1, kNow + 11s, kNow + 30s), 1U);
    match = {};
    match.hits(1, kNow);
    EXPECT_EQ(match.uses(1, kNow + 10s, kNow + 30s), 0U);
    match = {};
    match.in_vain(1, kNow);
    match.uses(0, kNow + 11s, kNow + 30s);
    match.uses(1, kNow - 1h, kNow + 30s);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 1U) << "a poll without uses forgets too";
}

TEST(UseMatch, AScanInVainStandsForAUseThatRaisesAllTheSame) {
    UseMatch match;
    match.in_vain(1, kNow);
    EXPECT_EQ(match.uses(2, kNow - 1h, kNow), 2U);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 1U);
    match.uses(1, kNow - 1h, kNow);
    match.in_vain(5, kNow);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 0U);
}

TEST(UseMatch, PatienceIsAQuarterOfAnHourOrLonger) {
    const auto overdue = [](base::Duration patience, base::Time at) {
        UseMatch match;
        match.uses(1, kNow - 1h, kNow);
        return match.overdue(patience, at);
    };
    EXPECT_EQ(overdue(0s, kNow + 15min - 1us), 0U);
    EXPECT_EQ(overdue(0s, kNow + 15min), 1U);
    EXPECT_EQ(overdue(1h, kNow + 1h - 1us), 0U);
    EXPECT_EQ(overdue(1h, kNow + 1h), 1U);
    EXPECT_EQ(overdue(0s, kNow - 1h), 0U) << "the clock was set back";
}

TEST(UseMatch, AnExcuseIsForWhatWaitsAtThatMoment) {
    UseMatch match;
    match.uses(1, kNow - 1h, kNow);
    match.excuse();
    match.uses(2, kNow - 1h, kNow + 1s);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 2U);
}

TEST(UseMatch, AfterTheClockWasSetBackWhatWaitedIsForgottenAndWhatComesIsNot) {
    UseMatch match;
    match.uses(1, kNow - 1h, kNow);
    match.uses(2, kNow - 2h, kNow - 1h);
    EXPECT_EQ(match.overdue({}, kNow - 45min), 2U);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 0U) << "nobody knows how long it waited";
}

TEST(UseMatch, AnExcusedUseIsStillTheHitThatIsCountedLater) {
    UseMatch match;
    EXPECT_EQ(match.uses(1, kNow - 1h, kNow), 1U);
    match.excuse();
    EXPECT_EQ(match.uses(1, kNow - 1h, kNow + 1s), 1U);
    EXPECT_EQ(match.hits(2, kNow + 2s), 0U);
}

TEST(UseMatch, AnotherEvidenceIsWaitedForToTellWhatItHasNotToldYet) {
    UseMatch beside;
    EXPECT_EQ(beside.uses(2, kNow - 1h, kNow), 2U);
    UseMatch match;
    match.uses(5, kNow - 1h, kNow);
    match.wait_for(beside);
    EXPECT_EQ(match.overdue({}, kNow + 15min - 1us), 0U);
    EXPECT_EQ(match.hits(3, kNow + 1s), 1U);
    EXPECT_EQ(beside.hits(1, kNow + 1s), 1U) << "waits for nothing any more";
    UseMatch blamed;
    blamed.uses(1, kNow - 1h, kNow);
    match.wait_for(blamed);
    EXPECT_EQ(match.overdue({}, kNow + 1h), 0U) << "it may have told of it before";
}

TEST(UseMatch, RemembersABoundedNumberOfHits) {
    UseMatch match;
    base::Time now = kNow;
    for (int i = 0; i < 5000; ++i, now += 10s) match.hits(1, now);
    EXPECT_EQ(match.uses(5000, kNow - 1h, now), 4000U);
    UseMatch dense;
    for (int i = 0; i < 5000; ++i) dense.hits(1, kNow);
    EXPECT_EQ(dense.uses(5000, kNow - 1h, kNow), 0U);
    UseMatch quiet;
    quiet.hits(1, kNow);
    for (int i = 0; i < 5000; ++i, now += 10s) quiet.hits(0, now);
    EXPECT_EQ(quiet.uses(1, kNow, now), 0U) << "nothing takes no place";
    UseMatch restored;
    restored.remember(2, kNow);
    EXPECT_EQ(restored.uses(3, kNow - 1h, kNow), 1U);
}

}  // namespace
}  // namespace keyshift::domain
