// SPDX-License-Identifier: Apache-2.0
// How many of the known keys a census finds: what tells another table from the same one.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "domain/ledger/ledger.hpp"
#include "unit/domain/ledger/keys.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

class Recognise : public ::testing::Test {
 protected:
    Recognise() {
        begin();
        for (const char* const id : {"a", "b", "c"}) ledger_.observe(legacy(id, kNow - 20 * 24h));
        ledger_.observe(legacy("in use", kNow - 1h));
        end();
    }
    void begin() {
        ledger_.set_view({kNow, {}, {}}, kNow);
        ledger_.begin_census();
    }
    void end() {
        ledger_.finish_census();
        ledger_.settle({kNow, {}, {}}, [](const Settled&) {});
    }
    Ledger ledger_;
};

TEST_F(Recognise, KeysThatAreThereAgain) {
    begin();
    ledger_.observe(legacy("a", kNow - 20 * 24h));
    ledger_.observe(legacy("in use", kNow - 1h));
    ledger_.observe(legacy("new", kNow - 1h));
    const Recognised seen = ledger_.recognise();
    EXPECT_EQ(seen.known, 4U) << "the new one was not known";
    EXPECT_EQ(seen.found, 2U);
    EXPECT_EQ(seen.missing_in_use, 0U);
}

TEST_F(Recognise, AKeyThatWasUpgradedIsThere) {
    begin();
    ledger_.observe_modern(modern("a", kNow - 9000h, kNow - 1h));
    EXPECT_EQ(ledger_.recognise().found, 1U);
    EXPECT_EQ(ledger_.recognise().missing_in_use, 1U);
}

TEST_F(Recognise, KeysThatHadGoneDoNotCount) {
    begin();
    ledger_.observe(legacy("in use", kNow - 1h));
    end();
    // The deleted ones are back, in a copy from before; the one that was there is not.
    begin();
    for (const char* const id : {"a", "b", "c"}) ledger_.observe(legacy(id, kNow - 20 * 24h));
    const Recognised seen = ledger_.recognise();
    EXPECT_EQ(seen.known, 1U);
    EXPECT_EQ(seen.found, 0U);
    end();
    begin();
    ledger_.observe(legacy("a", kNow - 20 * 24h));
    EXPECT_EQ(ledger_.recognise().known, 3U) << "now they were there at the last poll";
}

TEST_F(Recognise, AKeyThatIsStillWatchedAfterItsEndIsNotExpected) {
    begin();
    for (const char* const id : {"a", "b", "c"}) ledger_.observe(legacy(id, kNow - 20 * 24h));
    end();  // "in use" was deleted while in use, and is watched
    begin();
    EXPECT_EQ(ledger_.recognise().known, 3U);
}

}  // namespace
}  // namespace keyshift::domain
