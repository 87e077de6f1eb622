// SPDX-License-Identifier: Apache-2.0
#include "collectors/catalog.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "collectors/logs/collector.hpp"
#include "domain/assess.hpp"
#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::collectors {
namespace {

using domain::Signal;

constexpr std::array kSignals{Signal::fallback, Signal::auth_cache, Signal::auth_failures};
constexpr std::array kPresets{
#define PRESET(name) #name,
#include "config/presets.def"
#undef PRESET
};

/// As configured by its type alone, with each preset: what it wants and does not get is a problem, which is
/// none here.
std::vector<config::Loaded> by_type_alone(const Entry& entry) {
    std::vector<config::Loaded> out;
    for (const std::string preset : kPresets)
        out.push_back(config::parse(
            "gateway: {preset: " + preset + "}\ncollectors: [{type: " + entry.name + "}]", "k.yaml",
            [](std::string_view) { return std::nullopt; }, catalog_types()));
    return out;
}

/// What it can count with one preset or another.
std::vector<domain::Events> measured(const Entry& entry) {
    std::vector<domain::Events> out;
    for (const config::Loaded& loaded : by_type_alone(entry))
        out.push_back(configured(loaded.config.collectors.at(0)).measures(loaded.config.gateway));
    return out;
}

bool can_tell(const Entry& entry, Signal signal) {
    const auto all = measured(entry);
    return std::ranges::any_of(
        all, [signal](const domain::Events& events) { return (needed_for(signal) & ~events).none(); });
}

TEST(Catalog, EachIsCalledAsCollectorsDefCallsIt) {
    const std::vector<std::string> listed{
#define COLLECTOR(name) #name,
#include "collectors/collectors.def"
#undef COLLECTOR
    };
    std::vector<std::string> names;
    for (const Entry& entry : catalog()) names.push_back(entry.name);
    EXPECT_EQ(names, listed);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

TEST(Catalog, EachHasAScheduleAndReadsItsSection) {
    for (const Entry& entry : catalog()) {
        EXPECT_GT(entry.schedule.interval, base::Duration::zero()) << entry.name;
        EXPECT_GT(entry.schedule.timeout, base::Duration::zero()) << entry.name;
        for (const config::Loaded& loaded : by_type_alone(entry))
            EXPECT_NE(loaded.config.collectors.at(0).options, nullptr) << entry.name;
    }
}

TEST(Catalog, ALogIsSaidToBeOneAndCountsLines) {
    std::size_t logs = 0;
    for (const Entry& entry : catalog()) {
        logs += entry.reads_log ? 1 : 0;
        for (const config::Loaded& loaded : by_type_alone(entry)) {
            const ConfiguredLog* const log = configured(loaded.config.collectors.at(0)).log();
            ASSERT_EQ(log != nullptr, entry.reads_log) << entry.name;
            EXPECT_TRUE(log == nullptr || log->line_counter(loaded.config.gateway)) << entry.name;
        }
    }
    EXPECT_GE(logs, 2U);
}

TEST(Catalog, OneReadsTheKeyTable) {
    for (const Entry& entry : catalog())
        for (const config::Loaded& loaded : by_type_alone(entry))
            EXPECT_EQ(configured(loaded.config.collectors.at(0)).key_table() != nullptr,
                      entry.name == domain::kKeysSource)
                << entry.name;
}

TEST(Catalog, NoTwoAreOfTheSameRank) {
    for (const Signal signal : kSignals) {
        std::map<int, std::string> places;
        for (const Entry& entry : catalog()) {
            const auto& rank = entry.traits.ranks.of(signal);
            if (!rank) continue;
            EXPECT_GT(rank->place, 0) << entry.name;
            const auto [first, is_new] = places.emplace(rank->place, entry.name);
            EXPECT_TRUE(is_new) << signal_name(signal) << ": " << entry.name << " and " << first->second;
        }
        EXPECT_FALSE(places.empty()) << signal_name(signal);
    }
}

TEST(Catalog, WhoCanTellOfASignalHasARankForIt) {
    for (const Entry& entry : catalog())
        for (const Signal signal : kSignals)
            EXPECT_TRUE(!can_tell(entry, signal) || entry.traits.ranks.of(signal))
                << entry.name << " and " << signal_name(signal) << ": it could be no headline's evidence";
}

TEST(Catalog, WhoCountsNothingHasNoRank) {
    for (const Entry& entry : catalog()) {
        const auto all = measured(entry);
        const bool counts = std::ranges::any_of(all, [](const domain::Events& one) { return one.any(); });
        for (const Signal signal : kSignals)
            EXPECT_TRUE(counts || !entry.traits.ranks.of(signal)) << entry.name;
    }
}

TEST(Catalog, AnUpperBoundComesAfterAllThatCountExactly) {
    for (const Signal signal : kSignals) {
        const auto order = evidence_order(known_sources(), signal);
        const auto bound = [signal](std::string_view name) {
            return is_upper_bound(known_sources(), name, signal);
        };
        EXPECT_TRUE(std::is_partitioned(order.begin(), order.end(), std::not_fn(bound)))
            << signal_name(signal);
    }
}

/// The domain's tests are about these. Whoever changes a rank decides which source a headline follows.
TEST(Catalog, TheTraitsAreThoseOfTheDomainsTests) {
    for (const auto& [name, traits] : domain::usual_sources())
        EXPECT_EQ(catalog_entry(name).traits, traits) << name;
}

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
        for (const domain::Event event : configured(listed)
                                             .make(loaded.config.gateway, listed.schedule, interrupt)
                                             ->expected_side_effects())
            out.set(index_of(event));
        return out;
    };
    const auto scan = index_of(domain::Event::fallback_scan);
    EXPECT_TRUE(causes(", canary_key: sk-abc, canary_id: k").test(scan));
    EXPECT_FALSE(causes("").test(scan));
}

}  // namespace
}  // namespace keyshift::collectors
