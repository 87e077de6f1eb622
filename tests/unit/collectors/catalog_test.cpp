// SPDX-License-Identifier: Apache-2.0
// The real collectors against the documentation and the sample configuration.
#include "collectors/catalog.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

std::string read(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

TEST(Catalog, TheSampleConfigurationIsValidAndEveryKeyIsDocumented) {
    const std::filesystem::path root(KEYSHIFT_SOURCE_DIR);
    const auto environment = [](std::string_view name) {
        return name == "DATABASE_URL" ? std::optional<std::string>("postgresql://u@h/d") : std::nullopt;
    };
    const auto loaded = config::load(root / "config/keyshift.yaml", environment, catalog_types());
    for (const config::Problem& problem : loaded.problems) ADD_FAILURE() << problem.text();
    const std::string documentation = read(root / "docs/configuration.md");
    ASSERT_GT(loaded.known.size(), 30U);
    for (const config::KnownKey& key : loaded.known)
        EXPECT_NE(documentation.find("`" + key.path + "`"), std::string::npos)
            << key.path << " is not documented";
}

TEST(Catalog, EachCollectorIsFoundByItsType) {
    for (const Entry& entry : catalog()) EXPECT_EQ(catalog_entry(entry.type.name).type.name, entry.type.name);
    EXPECT_THROW(catalog_entry("nonsense"), std::logic_error);
}

TEST(Catalog, EachSaysWhatItCannotReach) {
    const auto loaded = config::parse(
        "collectors: [{type: keys, database_url: 'host=/nowhere'}, {type: statements}]", "k.yaml",
        [](std::string_view) { return std::nullopt; }, catalog_types());
    drivers::Interrupt interrupt;
    for (const auto& listed : loaded.config.collectors) {
        const auto collector = catalog_entry(listed.type).make(loaded.config.gateway, listed, interrupt);
        const auto findings = collector->examine(base::Deadline::in(std::chrono::seconds{5}));
        ASSERT_EQ(findings.size(), 1U) << listed.type;
        EXPECT_EQ(findings[0].kind, Finding::Kind::failure);
        EXPECT_NE(findings[0].what.find("/nowhere"), std::string::npos) << findings[0].what;
    }
}

}  // namespace
}  // namespace keyshift::collectors
