// SPDX-License-Identifier: Apache-2.0
// described_configuration.hpp: what two who judge the same gateway compare, in the words of a configuration
// file.
#include "journal/described_configuration.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::journal {
namespace {

using namespace std::chrono_literals;

config::Config configured(const std::string& text, const config::Environment& environment) {
    const auto loaded = config::parsed(text, environment, collectors::catalog_types());
    EXPECT_EQ(config::messages(loaded.problems), "");
    return loaded.config;
}

config::Config configured(const std::string& text) {
    return configured(text, config::variables({{"DATABASE_URL", "postgres://keyshift:hunter2@db/gateway"}}));
}

TEST(DescribedConfiguration, SettingsAreInTheWordsOfTheFile) {
    const api::Configuration usual = described(configured("collectors: [{type: keys}]\n"), {}, {});
    EXPECT_EQ(usual.file, std::nullopt);
    EXPECT_EQ(usual.loaded_at, std::nullopt);
    EXPECT_EQ(usual.inventory, "lenient");
    EXPECT_EQ(usual.fallback, "detect");
    const api::Configuration other = described(
        configured("gateway: {fallback: absent, last_used_delay: 2h}\n"
                   "migration: {drain_window: 3d, dormant_after: 9d, inventory: strict, quiet_period: 5h, "
                   "failure_budget: 0.25}\n"
                   "collectors: [{type: statements}, {type: keys}]\n"),
        "/etc/keyshift/../keyshift.yaml", base::Time{1s});
    EXPECT_EQ(other.file, "/etc/keyshift.yaml");
    EXPECT_EQ(other.loaded_at, base::Time{1s});
    EXPECT_EQ(other.drain_window, "3d");
    EXPECT_EQ(other.dormant_after, "9d");
    EXPECT_EQ(other.inventory, "strict");
    EXPECT_EQ(other.fallback, "absent");
    EXPECT_EQ(other.last_used_delay, "2h");
    EXPECT_EQ(other.quiet_period, "5h");
    EXPECT_EQ(other.failure_budget, 0.25);
    EXPECT_EQ(other.collectors, (std::vector<std::string>{"keys", "statements"})) << "in alphabetical order";
}

TEST(DescribedConfiguration, AFileIsNamedByItsWholePath) {
    const config::Config config = configured("collectors: [{type: keys}]\n");
    EXPECT_EQ(described(config, "k.yaml", {}).file, (std::filesystem::current_path() / "k.yaml").string());
}

TEST(DescribedConfiguration, OfTheDatabaseWithoutItsSecretAndWhoNamesIt) {
    const api::Configuration named = described(configured("collectors: [{type: keys}]\n"), {}, {});
    ASSERT_TRUE(named.database);
    EXPECT_NE(named.database->find("db"), std::string::npos);
    EXPECT_EQ(named.database->find("hunter2"), std::string::npos);
    EXPECT_TRUE(named.database_by_environment);
    const api::Configuration by_file = described(
        configured("collectors: [{type: keys, database_url: 'postgres://u@other/gateway'}]\n"), {}, {});
    EXPECT_NE(by_file.database, named.database);
    EXPECT_FALSE(by_file.database_by_environment);
}

TEST(DescribedConfiguration, ColumnsAreThoseThatTheTableHas) {
    config::Config config = configured("collectors: [{type: keys}]\n");
    config.gateway = {};
    config.gateway.table = {{}, "keys"};
    config.gateway.columns.id = config::Identifier{"id"};
    config.gateway.columns.created_at = config::Identifier{"made"};
    EXPECT_EQ(described(config, {}, {}).table, "keys");
    EXPECT_EQ(described(config, {}, {}).columns,
              (std::map<std::string, std::string>{{"id", "id"}, {"created_at", "made"}}));
    config.gateway.table.schema = "auth";
    config.gateway.columns.lookup_hash = config::Identifier{"h"};
    config.gateway.columns.lookup_shape = {64, config::HashShape::Characters::hex, "v2:"};
    config.gateway.columns.blocked = {config::Identifier{"revoked_at"}, config::FlagIs::set};
    config.gateway.legacy_when = {config::Identifier{"h"}, {"a", "b"}};
    const api::Configuration all = described(config, {}, {});
    EXPECT_EQ(all.table, "auth.keys");
    EXPECT_EQ(all.columns.at("lookup_hash"), "h");
    EXPECT_EQ(all.columns.at("lookup_hash shape"), "hex, 64 long, begins with v2:");
    EXPECT_EQ(all.columns.at("blocked"), "revoked_at is set");
    EXPECT_EQ(all.columns.at("legacy_when"), "h begins with a begins with b");
    config.gateway.columns.blocked = {config::Identifier{"blocked"}, config::FlagIs::yes};
    config.gateway.legacy_when = {config::Identifier{"h"}, {}, 12};
    EXPECT_EQ(described(config, {}, {}).columns.at("blocked"), "blocked");
    EXPECT_EQ(described(config, {}, {}).columns.at("legacy_when"), "h is 12 long");
    config.gateway.legacy_when = {config::Identifier{"h"}, {}, {}, config::FlagIs::null};
    EXPECT_EQ(described(config, {}, {}).columns.at("legacy_when"), "h is null");
}

}  // namespace
}  // namespace keyshift::journal
