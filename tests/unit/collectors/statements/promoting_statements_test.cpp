// SPDX-License-Identifier: Apache-2.0
// Statements of gateways that give a legacy key its lookup hash when it is used: Langfuse's as Prisma sends
// them and as pg_stat_statements shows them, and those of others, by their structure.
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "collectors/statements/counts.hpp"
#include "unit/collectors/statements/classes_fixture.hpp"

namespace keyshift::collectors {
namespace {

using domain::Event;

struct Recorded {
    std::string sent, counted;
};

std::map<std::string, Recorded> prisma() {
    std::map<std::string, Recorded> out;
    std::ifstream file(std::string(KEYSHIFT_SOURCE_DIR) + "/tests/fixtures/langfuse/statements.txt");
    for (std::string line; std::getline(file, line);) {
        const auto first = line.find('\t');
        const auto second = line.find('\t', first + 1);
        if (line.starts_with('#') || second == std::string::npos) continue;
        out[line.substr(0, first)] = {line.substr(first + 1, second - first - 1), line.substr(second + 1)};
    }
    return out;
}

const std::map<std::string, std::string> kExpected{
    {"create", "insert"},       {"lookup", "lookup"},         {"by_public_key", "other"},
    {"promote", "promote"},     {"list_of_project", "owned"}, {"list_of_organization", "other"},
    {"list_for_page", "other"}, {"rename", "block"},          {"find_to_delete", "other"},
    {"find_by_id", "other"},    {"delete", "remove"}};

TEST(LangfuseStatements, AsPrismaSendsThemAndPostgresShowsThem) {
    const auto recorded = prisma();
    ASSERT_EQ(recorded.size(), 11U);
    const StatementClasses classes(gateway("preset: langfuse"), {"api_keys"});
    for (const auto& [name, text] : recorded) {
        EXPECT_EQ(class_of(classes, text.sent), kExpected.at(name)) << name;
        EXPECT_EQ(class_of(classes, text.counted), kExpected.at(name)) << name;
    }
    EXPECT_EQ(classes.needed_names(), std::vector<std::string>{"api_keys"});
}

TEST(LangfuseStatements, WithoutJoinsAndAsOlderReleasesWriteThem) {
    const StatementClasses classes(gateway("preset: langfuse"), {"api_keys"});
    EXPECT_EQ(class_of(classes,
                       R"(SELECT "public"."api_keys"."id" FROM "public"."api_keys" WHERE )"
                       R"(("public"."api_keys"."fast_hashed_secret_key" = $1 AND 1=1) LIMIT $2 OFFSET $3)"),
              "lookup");
    EXPECT_EQ(class_of(classes, R"(UPDATE "public"."api_keys" SET "fast_hashed_secret_key" = $1 WHERE )"
                                R"(("public"."api_keys"."id" IN ($2) AND 1=1))"),
              "promote");
    EXPECT_EQ(class_of(classes, R"(SELECT id FROM api_keys WHERE fast_hashed_secret_key IS NULL)"), "other");
}

TEST(LangfuseStatements, WhatTheDatabaseDoesNotSeeIsNotMeasured) {
    const StatementClasses classes(gateway("preset: langfuse"), {"api_keys"});
    const auto events = StatementCounts::measures(classes);
    for (const Event event :
         {Event::fallback, Event::lookup_found, Event::lookup_not_found, Event::verification}) {
        EXPECT_TRUE(events.test(index_of(event))) << domain::event_name(event);
    }
    EXPECT_EQ(events.count(), 5U) << "and what fits no class";
}

const char* const kPromoting = "promotes_in_place: true";

TEST(Promotions, CountWhereTheGatewayPromotes) {
    const StatementClasses without(gateway(""), {"virtual_keys"});
    EXPECT_FALSE(without.promotions_are_uses());
    const StatementClasses with(
        gateway(std::string(kPromoting) + ", statements: {promote: 'update virtual_keys set *'}"),
        {"virtual_keys"});
    EXPECT_TRUE(with.promotions_are_uses());
    EXPECT_EQ(class_of(with, "UPDATE virtual_keys SET a = 1"), "promote");
    EXPECT_TRUE(with.needed_names().empty()) << "any text may match a pattern";
}

TEST(Promotions, NoneOfAShapeIsNotMeasured) {
    const StatementClasses classes(gateway("statements: {touch: none, scan: none}"), {"virtual_keys"});
    EXPECT_EQ(class_of(classes, "update virtual_keys set last_used_at = now() where id = $1"), "other");
    EXPECT_EQ(class_of(classes, "select * from virtual_keys"), "other");
    EXPECT_FALSE(classes.knows(StatementClass::touch));
    EXPECT_TRUE(classes.knows(StatementClass::by_id));
    EXPECT_FALSE(classes.is_sent(StatementClass::touch));
    EXPECT_TRUE(classes.is_sent(StatementClass::by_id));
    const auto events = StatementCounts::measures(classes);
    for (const Event event :
         {Event::verification, Event::auth_cache_hit, Event::auth_cache_miss, Event::fallback_scan}) {
        EXPECT_FALSE(events.test(index_of(event))) << domain::event_name(event);
    }
    EXPECT_TRUE(events.test(index_of(Event::failure_unknown_key)));
}

/// What each statement adds, once run: by name of the event.
std::map<std::string, std::int64_t> counted(const std::string& yaml, const std::vector<std::string>& sql) {
    StatementCounts counts({gateway(yaml), {"virtual_keys"}});
    StatementStatistics statistics{"db", {}, "r1", 0, false, {}};
    std::vector<StatementText> texts;
    for (const std::string& text : sql) {
        statistics.entries.push_back({text, "", 0, 0});
        texts.push_back({text, text});
    }
    domain::Meter meter;
    counts.learn(statistics, texts);
    meter.advance(counts.count(statistics).readings, {});
    for (auto& entry : statistics.entries) {
        entry.calls += 5;
        entry.rows += 3;
    }
    const auto growth = meter.advance(counts.count(statistics).readings, {});
    std::map<std::string, std::int64_t> out;
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        if (growth.events.at(i) != 0)
            out[std::string(domain::event_name(domain::event_at(i)))] = growth.events.at(i);
    return out;
}

TEST(Promotions, AreTheFallbackAndTheScansBeforeThemAreNot) {
    const std::string scan = "select * from virtual_keys";
    const std::string promote = "update virtual_keys set key_lookup_hash = $1 where id = $2";
    using Growth = std::map<std::string, std::int64_t>;
    EXPECT_EQ(counted(kPromoting, {promote}), (Growth{{"fallback", 3}}));
    EXPECT_EQ(counted(kPromoting, {scan, promote}),
              (Growth{{"fallback", 3}, {"fallback_scan", 5}, {"fallback_scanned_key", 3}}));
    EXPECT_EQ(counted("", {scan, promote}), (Growth{{"fallback_scan", 5}, {"fallback_scanned_key", 3}}))
        << "which of the scans found a key, the domain knows";
}

}  // namespace
}  // namespace keyshift::collectors
