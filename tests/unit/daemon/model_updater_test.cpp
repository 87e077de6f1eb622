// SPDX-License-Identifier: Apache-2.0
// What cycles of sources, a reload and the state file change in the model.
#include "daemon/model_updater.hpp"

#include <gtest/gtest.h>

namespace keyshift::daemon {
namespace {

using namespace std::chrono_literals;
using domain::Event;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};
const base::Error kNobody{base::Errc::connect, "nobody answers", "start it"};
const base::Error kNoExtension{base::Errc::schema, "there is no pg_stat_statements", "create it"};

Cycle seen(base::Time at = kNow) {
    Cycle cycle;
    cycle.observation.emplace().taken_at = at;
    return cycle;
}

Cycle hits(std::uint64_t value, std::uint64_t own = 0) {
    Cycle cycle = seen();
    collectors::Counted& counted = cycle.observation->counted.emplace();
    counted.readings.scope = "scope";
    counted.readings.instances.push_back({"", false, {{"s", value, "", {{Event::fallback, 1}}}}});
    counted.countable.set();
    for (std::uint64_t i = 0; i < own; ++i) cycle.observation->caused.push_back(Event::fallback);
    return cycle;
}

Cycle failed(const base::Error& error) {
    Cycle cycle;
    cycle.error = error;
    return cycle;
}

Cycle polled(std::uint64_t legacy, std::uint64_t table_changes = 0) {
    Cycle cycle = seen();
    cycle.keys.emplace();
    cycle.keys->inventory.legacy_keys = legacy;
    cycle.keys->totals.table_changes = table_changes;
    cycle.keys->totals.legacy_keys_created = 7;
    cycle.keys->migration.clock_at = cycle.keys->migration.polled_at = kNow;
    cycle.keys->key_series.emplace_back();
    return cycle;
}

const ModelUpdater::Polled kKeys{"keys", 30s, true};
const ModelUpdater::Polled kRedis{"redis", 30s, false};
const ModelUpdater::Polled kStatements{"statements", 30s, false};

class ModelUpdaterTest : public ::testing::Test {
 protected:
    const domain::SourceStatus& status(const std::string& name) const {
        return updater_.model().sources.at(name);
    }
    std::uint64_t fallback_seen_by(const std::string& name) const {
        return updater_.model().evidence.sources.at(name).totals.at(domain::index_of(Event::fallback));
    }

    ModelUpdater updater_;
};

TEST_F(ModelUpdaterTest, APollThatSucceedsOrFailsIsNewsOnlyTheFirstTime) {
    EXPECT_TRUE(updater_.apply(kRedis, seen()));
    EXPECT_FALSE(updater_.apply(kRedis, seen(kNow + 30s)));
    EXPECT_EQ(status("redis").last_success_at, kNow + 30s);
    EXPECT_TRUE(updater_.apply(kRedis, failed(kNobody)));
    EXPECT_FALSE(updater_.apply(kRedis, failed(kNobody)));
    EXPECT_EQ(status("redis").errors.at(base::Errc::connect), 2U) << "each counts";
    EXPECT_EQ(status("redis").polls, 4U);
    EXPECT_TRUE(updater_.apply(kRedis, seen()));
}

TEST_F(ModelUpdaterTest, ASourceThatComesAlongIsNotMissed) {
    ModelUpdater::Statuses statuses;
    statuses["statements"].implicit = true;
    updater_.reconfigure({}, statuses);
    EXPECT_FALSE(updater_.apply(kStatements, failed(kNoExtension)));
    EXPECT_EQ(status("statements").up, std::nullopt);
    EXPECT_NE(status("statements").not_measured, "");
    EXPECT_TRUE(updater_.apply(kStatements, failed(kNobody)));
    EXPECT_EQ(status("statements").up, false);
}

TEST_F(ModelUpdaterTest, WhatWasCountedIsThereOnceApplied) {
    updater_.apply(kRedis, hits(5));
    updater_.apply(kRedis, hits(8));
    EXPECT_EQ(fallback_seen_by("redis"), 3U) << "from the first poll on";
}

TEST_F(ModelUpdaterTest, APollOfTheKeyTableIsTakenWhole) {
    EXPECT_FALSE(updater_.model().keys);
    updater_.apply(kKeys, polled(12));
    ASSERT_TRUE(updater_.model().keys);
    EXPECT_EQ(updater_.model().keys->inventory.legacy_keys, 12U);
    ASSERT_TRUE(updater_.model().watch);
    EXPECT_EQ(updater_.model().watch->since, kNow);
    updater_.apply(kKeys, failed(kNobody));
    EXPECT_EQ(updater_.model().keys->inventory.legacy_keys, 12U) << "a failed poll changes nothing";
}

TEST_F(ModelUpdaterTest, CountersOfAnotherTableCoverFromThenOn) {
    updater_.apply(kRedis, hits(5));
    updater_.apply(kKeys, polled(12));
    const auto before = updater_.model().evidence.sources.at("redis").counted_since;
    updater_.apply(kKeys, polled(3, 1));
    const auto after = updater_.model().evidence.sources.at("redis").counted_since;
    ASSERT_TRUE(before && after);
    EXPECT_LT(*before, *after);
    EXPECT_EQ(updater_.model().totals().table_changes, 1U);
}

TEST_F(ModelUpdaterTest, ASourceThatIsTakenAwayShowsNothingAndComesBackWhereItWas) {
    updater_.reconfigure({}, {{"redis", {}}});
    Cycle cycle = seen();
    cycle.observation->gauges.emplace().cache_entries["auth"] = 4;
    updater_.apply(kRedis, std::move(cycle));
    updater_.apply(kRedis, failed(kNobody));
    EXPECT_EQ(updater_.model().gauges.cache_entries.count("auth"), 1U);
    updater_.reconfigure({}, {});
    EXPECT_FALSE(updater_.model().sources.contains("redis"));
    EXPECT_TRUE(updater_.model().gauges.cache_entries.empty());
    updater_.reconfigure({}, {{"redis", {}}});
    EXPECT_EQ(status("redis").errors.at(base::Errc::connect), 1U) << "counters do not step back";
}

TEST_F(ModelUpdaterTest, WithoutTheKeyTableItsCountersStay) {
    updater_.reconfigure({}, {{"keys", {}}});
    updater_.apply(kKeys, polled(12));
    updater_.reconfigure({}, {});
    EXPECT_FALSE(updater_.model().keys) << "its gauges go";
    EXPECT_EQ(updater_.model().totals().legacy_keys_created, 7U);
}

TEST_F(ModelUpdaterTest, WhoeverCausesRequestsWaitsForTheOthers) {
    updater_.reconfigure({}, {{"probe", {}}, {"redis", {}}, {"keys", {}}});
    EXPECT_TRUE(updater_.others_unpolled("probe"));
    updater_.apply(kRedis, failed(kNobody));
    EXPECT_FALSE(updater_.others_unpolled("probe"))
        << "tried is enough, and the key table counts none of them";
    EXPECT_FALSE(updater_.all_polled());
    updater_.apply(kKeys, polled(1));
    EXPECT_FALSE(updater_.all_polled());
    updater_.apply({"probe", 30s, false}, seen());
    EXPECT_TRUE(updater_.all_polled());
}

TEST_F(ModelUpdaterTest, AnInvalidConfigurationLeavesWhenTheLastValidOneWasRead) {
    updater_.note_configuration(true);
    const base::Time read = updater_.model().config_loaded_at;
    EXPECT_NE(read, base::Time{});
    updater_.note_configuration(false);
    EXPECT_FALSE(updater_.model().config_valid);
    EXPECT_EQ(updater_.model().config_loaded_at, read);
    updater_.note_configuration(true);
    EXPECT_TRUE(updater_.model().config_valid);
}

TEST_F(ModelUpdaterTest, AStateFileThatIsNotAsItWasIsWrittenWhole) {
    updater_.apply(kRedis, hits(5));
    updater_.apply(kRedis, hits(8));
    EXPECT_FALSE(updater_.take_unsaved().empty());
    EXPECT_TRUE(updater_.take_unsaved().empty()) << "nothing is saved twice";
    EXPECT_FALSE(updater_.note_state("", {}));
    EXPECT_TRUE(updater_.take_unsaved().empty());
    EXPECT_TRUE(updater_.note_state("it was gone", {.at = kNow, .because = "the file was gone"}));
    EXPECT_FALSE(updater_.take_unsaved().empty());
    EXPECT_EQ(updater_.model().state_begun_at, kNow);
    EXPECT_EQ(updater_.model().state_begun_because, "the file was gone");
}

}  // namespace
}  // namespace keyshift::daemon
