// SPDX-License-Identifier: Apache-2.0
// judging.hpp: each setting that the verdict depends on comes from its own key.
#include "journal/judging.hpp"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::journal {
namespace {

using namespace std::chrono_literals;
using config::Config;
using domain::Policy;

struct Row {
    const char* what;
    void (*configure)(Config&);
    void (*expect)(Policy&);  ///< what is then other than by default
};

const std::vector<Row> kRows{
    {"drain_window", [](Config& c) { c.migration.drain_window = 5h; },
     [](Policy& p) { p.windows.drain = 5h; }},
    {"dormant_after", [](Config& c) { c.migration.dormant_after = 6h; },
     [](Policy& p) { p.windows.dormant = 6h; }},
    {"inventory", [](Config& c) { c.migration.strict_inventory = true; },
     [](Policy& p) { p.inventory = domain::InventoryPolicy::strict; }},
    {"present", [](Config& c) { c.gateway.fallback = config::FallbackAssertion::present; },
     [](Policy& p) { p.asserted = domain::FallbackMode::present; }},
    {"absent", [](Config& c) { c.gateway.fallback = config::FallbackAssertion::absent; },
     [](Policy& p) { p.asserted = domain::FallbackMode::absent; }},
    {"no last uses", [](Config& c) { c.gateway.columns.last_used_at.reset(); },
     [](Policy& p) { p.uses_recorded = false; }},
    {"last_used_delay", [](Config& c) { c.gateway.last_used_delay = 2h; },
     [](Policy& p) { p.last_used_delay = 2h; }},
    {"quiet_period", [](Config& c) { c.migration.quiet_period = 3h; },
     [](Policy& p) { p.quiet_period = 3h; }},
    {"promotes_in_place", [](Config& c) { c.gateway.promotes_in_place = true; },
     [](Policy& p) { p.promotes_in_place = true; }},
    {"canary", [](Config& c) { c.gateway.canary = "id"; }, [](Policy& p) { p.canary = "id"; }},
    {"start", [](Config& c) { c.migration.start = base::Time{1s}; },
     [](Policy& p) { p.start = base::Time{1s}; }},
    {"deadline", [](Config& c) { c.migration.deadline = base::Time{2s}; },
     [](Policy& p) { p.deadline = base::Time{2s}; }},
    {"failure_budget", [](Config& c) { c.migration.failure_budget = 0.5; },
     [](Policy& p) { p.failure_budget = 0.5; }},
};

Config without_collectors() {
    Config out;
    out.gateway.columns.last_used_at = config::Identifier{"last_used_at"};
    out.migration.drain_window = 168h;
    out.migration.dormant_after = 720h;
    return out;
}

TEST(Judging, EachSettingChangesOnePartOfThePolicy) {
    const Policy usual = judging(without_collectors());
    EXPECT_EQ(usual.asserted, domain::FallbackMode::unknown) << "detect asserts nothing";
    EXPECT_TRUE(usual.measurable.empty());
    for (const Row& row : kRows) {
        Config config = without_collectors();
        row.configure(config);
        Policy expected = usual;
        row.expect(expected);
        EXPECT_FALSE(expected == usual) << row.what;
        EXPECT_TRUE(judging(config) == expected) << row.what;
    }
}

TEST(Judging, WhatCollectorsMeasureIsAskedOfTheirEntries) {
    const auto loaded = config::parsed(
        "collectors: [{type: keys}, {type: statements}, {type: redis, url: 'redis://cache'}]\n",
        config::variables({{"DATABASE_URL", "postgres://db"}}), collectors::catalog_types());
    ASSERT_EQ(config::messages(loaded.problems), "");
    Policy policy = judging(loaded.config);
    EXPECT_TRUE(policy.measurable["keys"].none()) << "it reads a table, and counts nothing";
    ASSERT_EQ(policy.measurable.count("statements"), 1U);
    EXPECT_TRUE(policy.measurable.at("statements").test(index_of(domain::Event::fallback_scan)));
    EXPECT_FALSE(policy.measurable.at("statements").test(index_of(domain::Event::redis_hit)));
    ASSERT_EQ(policy.measurable.count("redis"), 1U);
    EXPECT_TRUE(policy.measurable.at("redis").test(index_of(domain::Event::redis_hit)));
}

TEST(Judging, TheJournalNamesKeysOnlyWhereTheyAreWanted) {
    Config config = without_collectors();
    config.state.retention = 48h;
    EXPECT_EQ(journal_settings(config).key_series, 0U);
    EXPECT_EQ(journal_settings(config).retention, 48h);
    EXPECT_TRUE(journal_settings(config).policy == judging(config));
    config.web.per_key_series = true;
    EXPECT_EQ(journal_settings(config).key_series, domain::kMostKeySeries);
}

}  // namespace
}  // namespace keyshift::journal
