// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_line.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "domain/assess.hpp"

namespace keyshift::daemon {
namespace {

const base::Time kNow{std::chrono::seconds{1'768'003'200}};

TEST(StatusLine, SaysWhatIsWatchedBeforeThereAreNumbers) {
    domain::Model model;
    EXPECT_EQ(status_line(model, kNow), "watching without the key table");
    model.sources[domain::kKeysSource];
    EXPECT_EQ(status_line(model, kNow), "the key table has not been read yet");
}

TEST(StatusLine, SaysHowMuchIsLeftAndTheVerdict) {
    domain::Model model;
    model.sources[domain::kKeysSource].up = true;
    domain::KeyPoll& keys = model.keys.emplace();
    keys.inventory.legacy_keys = 13;
    keys.inventory.baseline = 19;
    const std::string verdict(verdict_name(assess(model, kNow).judgement.verdict));
    EXPECT_NE(verdict, "SAFE");
    EXPECT_EQ(status_line(model, kNow), "13 of 19 legacy keys left, verdict " + verdict);
}

TEST(StatusLine, NamesWhatIsDownButNotWhatHasNotBeenTried) {
    domain::Model model;
    model.sources["a"].up = false;
    model.sources["b"].up = true;
    model.sources["c"];
    EXPECT_EQ(status_line(model, kNow), "watching without the key table; down: a");
    model.sources["c"].up = false;
    EXPECT_EQ(status_line(model, kNow), "watching without the key table; down: a, c");
}

TEST(StatusLine, SaysThatTheFileIsNotValid) {
    domain::Model model;
    model.config_valid = false;
    EXPECT_EQ(status_line(model, kNow),
              "watching without the key table; the configuration file is not valid, the one before stays");
}

}  // namespace
}  // namespace keyshift::daemon
