// SPDX-License-Identifier: Apache-2.0
#include "collectors/catalog.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

TEST(Catalog, EachCollectorIsFoundByItsType) {
    for (const Entry& entry : catalog()) EXPECT_EQ(catalog_entry(entry.name).name, entry.name);
    EXPECT_THROW(catalog_entry("nonsense"), std::logic_error);
}

TEST(Catalog, EachSaysWhatItCannotReach) {
    const auto loaded = config::parse(
        "collectors: [{type: keys, database_url: 'host=/nowhere'}, {type: statements}]", "k.yaml",
        [](std::string_view) { return std::nullopt; }, catalog_types());
    drivers::Interrupt interrupt;
    for (const auto& listed : loaded.config.collectors) {
        const auto collector = configured(listed).make(loaded.config.gateway, listed.schedule, interrupt);
        const auto findings = collector->examine(base::Deadline::in(std::chrono::seconds{5}));
        ASSERT_EQ(findings.size(), 1U) << listed.type;
        EXPECT_EQ(findings[0].kind, Finding::Kind::failure);
        EXPECT_NE(findings[0].what.find("/nowhere"), std::string::npos) << findings[0].what;
    }
}

TEST(Catalog, AProbeAnnouncesItsCanaryWhetherItsTurnHasComeOrNot) {
    const auto causes = [](const std::string& options) {
        const auto loaded = config::parse(
            "collectors: [{type: probe, url: 'http://gateway/v1'" + options + "}]", "k.yaml",
            [](std::string_view) { return std::nullopt; }, catalog_types());
        drivers::Interrupt interrupt;
        const auto& listed = loaded.config.collectors.at(0);
        domain::Events out;
        for (const domain::Event event :
             configured(listed).make(loaded.config.gateway, listed.schedule, interrupt)->may_cause())
            out.set(index_of(event));
        return out;
    };
    const auto scan = index_of(domain::Event::fallback_scan);
    EXPECT_TRUE(causes(", canary_key: sk-abc, canary_id: k").test(scan));
    EXPECT_FALSE(causes("").test(scan));
}

}  // namespace
}  // namespace keyshift::collectors
