// SPDX-License-Identifier: Apache-2.0
// described_configuration.hpp on a file with a secret, which can go after the configuration was read.
#include "journal/described_configuration.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "contract/temporary_directory.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::journal {
namespace {

TEST(DescribedConfiguration, TheDatabaseIsUnknownWhileItsSecretCannotBeRead) {
    const TemporaryDirectory directory("secret");
    const std::filesystem::path file = directory.path() / "url";
    std::ofstream(file) << "postgres://keyshift:hunter2@db/gateway\n";
    const auto loaded =
        config::parsed("collectors: [{type: keys, database_url_file: " + file.string() + "}]\n",
                       config::variables({}), collectors::catalog_types());
    ASSERT_EQ(config::messages(loaded.problems), "");
    const auto database = [&] { return described(loaded.config, {}, {}).database; };
    ASSERT_TRUE(database());
    EXPECT_EQ(database()->find("hunter2"), std::string::npos) << *database();
    std::filesystem::remove(file);
    EXPECT_EQ(database(), std::nullopt) << "which is compared with nothing";
    std::ofstream(file) << "postgres://keyshift@other/gateway\n";
    ASSERT_TRUE(database());
    EXPECT_NE(database()->find("other"), std::string::npos) << "it is read anew";
}

}  // namespace
}  // namespace keyshift::journal
