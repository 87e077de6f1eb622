// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence/proof.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};
const Ground kAtWork{true, "1", ""};
const Ground kIdle{false, "1", ""};

Proof proved() {
    Proof proof;
    stand_on(proof, kAtWork, 24h, kNow);
    prove(proof, kNow);
    return proof;
}

TEST(Proof, BeginsWithTheFirstHitAndIsNotBegunAgain) {
    Proof proof;
    stand_on(proof, kAtWork, 24h, kNow);
    EXPECT_FALSE(proof.since);
    lapse(proof, "why");
    EXPECT_EQ(proof.lapsed, "") << "there was none";
    prove(proof, kNow);
    prove(proof, kNow + 1h);
    EXPECT_EQ(proof.since, kNow);
    lapse(proof, "why");
    EXPECT_FALSE(proof.since);
    EXPECT_EQ(proof.lapsed, "why");
    prove(proof, kNow + 2h);
    EXPECT_EQ(proof.since, kNow + 2h);
}

TEST(Proof, LapsesWhereItsGroundIsNotAtWork) {
    Proof proof = proved();
    stand_on(proof, kIdle, 24h, kNow + 24h - 1us);
    EXPECT_TRUE(proof.since);
    Proof longer = proof;
    stand_on(proof, kIdle, 24h, kNow + 24h);
    EXPECT_FALSE(proof.since);
    EXPECT_EQ(proof.lapsed, "what a use would be counted by was not at work for 1d");
    stand_on(longer, kIdle, 72h, kNow + 24h);
    EXPECT_TRUE(longer.since) << "nobody need call for three days";
    Proof shorter = proved();
    stand_on(shorter, kIdle, 1h, kNow + 2h);
    EXPECT_TRUE(shorter.since) << "two hours are no day";
    stand_on(longer, kIdle, 1h, kNow + 24h);
    EXPECT_FALSE(longer.since) << "a day is never too long";
    Proof working = proved();
    for (int day = 1; day < 9; ++day) stand_on(working, kAtWork, 24h, kNow + day * 24h);
    EXPECT_EQ(working.since, kNow);
    Proof late = {kNow};
    stand_on(late, kIdle, 24h, kNow + 24h - 1us);
    EXPECT_TRUE(late.since) << "a hit is work enough";
}

TEST(Proof, AClockThatWasSetBackKeepsNothingForEver) {
    Proof proof = proved();
    proof.at_work_at = kNow + 9000h;
    stand_on(proof, kIdle, 24h, kNow + 1h);
    EXPECT_EQ(proof.at_work_at, kNow + 1h);
    stand_on(proof, kIdle, 24h, kNow + 25h);
    EXPECT_FALSE(proof.since);
}

TEST(Proof, LapsesWithAnotherVersion) {
    Proof proof = proved();
    stand_on(proof, {true, "", ""}, 24h, kNow);
    EXPECT_TRUE(proof.since) << "nothing tells";
    stand_on(proof, kAtWork, 24h, kNow);
    EXPECT_TRUE(proof.since);
    stand_on(proof, {true, "2", ""}, 24h, kNow);
    EXPECT_FALSE(proof.since);
    EXPECT_EQ(proof.version, "2");
    Proof unknown = {kNow};
    stand_on(unknown, kAtWork, 24h, kNow);
    EXPECT_TRUE(unknown.since) << "the first that is known";
}

TEST(Proof, ADoubtStaysNoLongerThanItIsGiven) {
    Proof proof = proved();
    stand_on(proof, {true, "1", "why"}, 24h, kNow);
    EXPECT_EQ(proof.doubt, "why");
    EXPECT_TRUE(proof.since);
    stand_on(proof, kAtWork, 24h, kNow);
    EXPECT_EQ(proof.doubt, "");
}

}  // namespace
}  // namespace keyshift::domain
