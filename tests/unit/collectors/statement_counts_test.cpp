// SPDX-License-Identifier: Apache-2.0
// What statistics of statements come to, through the same meter as in the daemon.
#include "collectors/statement_counts.hpp"

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using domain::Event;

const config::Gateway kGateway =
    config::parse("{}", "k.yaml", [](std::string_view) { return std::nullopt; }, {}).config.gateway;

const std::map<std::string, std::string> kTexts{
    {"lookup", "select * from virtual_keys where key_lookup_hash = $1"},
    {"by_id", "select * from virtual_keys where id = $1"},
    {"touch", "update virtual_keys set last_used_at = now() where id = $1"},
    {"scan", "select * from virtual_keys"},
    {"manage", "delete from virtual_keys where id = $1"},
    {"other", "select count(*) from virtual_keys"},
};

/// A server whose statements are named by their class.
class Server {
 public:
    StatementStatistics statistics{"db", {}, "r1", 0, false, {}};
    int texts_read = 0;
    std::string gone_meanwhile;  // between the look at the counters and that at the texts
    domain::Meter meter;
    Counted last;

    StatementEntry& entry(const std::string& id) {
        for (auto& e : statistics.entries)
            if (e.id == id) return e;
        return statistics.entries.emplace_back(StatementEntry{id, "", 0, 0});
    }
    void run(const std::string& id, std::uint64_t calls, std::uint64_t rows) {
        entry(id).calls += calls;
        entry(id).rows += rows;
    }
    void evict(const std::string& id) {
        std::erase_if(statistics.entries, [&](const auto& e) { return e.id == id; });
        ++*statistics.evictions;
    }
    domain::Meter::Growth look(StatementCounts& counts) {
        if (counts.needs_texts(statistics)) {
            ++texts_read;
            std::vector<StatementText> texts;
            for (const auto& e : statistics.entries) {
                if (e.id == gone_meanwhile) continue;
                const auto text = kTexts.find(e.id.substr(0, e.id.find('/')));
                if (text != kTexts.end()) {
                    texts.push_back({e.id, text->second});
                } else {
                    texts.push_back({e.id, e.id == "lost" ? std::nullopt : std::optional<std::string>("")});
                }
            }
            counts.learn(statistics, texts);
        }
        last = counts.count(statistics);
        return meter.advance(last.readings, {});
    }
    static std::int64_t of(const domain::Meter::Growth& growth, Event event) {
        return growth.events.at(index_of(event));
    }
};

StatementCounts fresh() {
    return StatementCounts({kGateway, {"virtual_keys"}});
}

bool offers(const Counted& counted, Event event) {
    return counted.offers.test(index_of(event));
}

TEST(StatementCounts, EveryEventByItsWeights) {
    Server server;
    auto counts = fresh();
    server.look(counts);
    server.run("lookup", 10, 7);
    server.run("lookup/other user", 5, 5);
    server.run("touch", 6, 6);
    server.run("by_id", 15, 11);
    server.run("manage", 4, 2);
    server.run("scan", 2, 60);
    server.run("other", 50, 50);
    const auto growth = server.look(counts);
    const std::map<Event, std::int64_t> expected{
        {Event::lookup_found, 12},        {Event::lookup_not_found, 3}, {Event::failure_unknown_key, 3},
        {Event::auth_attempt, 9 + 3},     {Event::verification, 6},     {Event::auth_cache_miss, 6},
        {Event::auth_cache_hit, 9 - 6},   {Event::fallback_scan, 2},    {Event::fallback, 2},
        {Event::fallback_scanned_key, 60}};
    for (std::size_t i = 0; i < domain::kEventCount; ++i) {
        const auto found = expected.find(domain::event_at(i));
        EXPECT_EQ(growth.events.at(i), found == expected.end() ? 0 : found->second)
            << event_name(domain::event_at(i));
        EXPECT_EQ(StatementCounts::measures(counts.classes()).test(i), found != expected.end());
    }
}

TEST(StatementCounts, WhatWasCountedBeforeTheFirstLookIsNobodys) {
    Server server;
    server.run("scan", 5, 500);
    auto counts = fresh();
    EXPECT_EQ(Server::of(server.look(counts), Event::fallback_scan), 0);
    server.run("touch", 3, 3);  // a statement not seen before: all of it is new
    const auto growth = server.look(counts);
    EXPECT_EQ(Server::of(growth, Event::verification), 3);
    EXPECT_EQ(growth.resets, 0U);
}

TEST(StatementCounts, WithAScanAnUnknownKeyMayBeALegacyOne) {
    Server server;
    auto counts = fresh();
    server.run("scan", 0, 0);
    server.look(counts);
    EXPECT_TRUE(offers(server.last, Event::failure_unknown_key));
    EXPECT_TRUE(offers(server.last, Event::auth_attempt));
    server.run("scan", 1, 3);
    server.look(counts);
    EXPECT_FALSE(offers(server.last, Event::failure_unknown_key));
    EXPECT_FALSE(offers(server.last, Event::auth_attempt));
    EXPECT_TRUE(offers(server.last, Event::fallback));
    EXPECT_TRUE(offers(server.last, Event::lookup_not_found));
}

TEST(StatementCounts, TextsAreReadOnlyWhenThereIsSomethingNew) {
    Server server;
    auto counts = fresh();
    server.run("lookup", 1, 1);
    server.run("other", 1, 1);
    for (int i = 0; i < 5; ++i) server.look(counts);
    EXPECT_EQ(server.texts_read, 1);
    server.run("unrelated", 1, 1);
    for (int i = 0; i < 5; ++i) server.look(counts);
    EXPECT_EQ(server.texts_read, 2);
}

TEST(StatementCounts, ResetsStartFromZeroAndAreNoticed) {
    Server server;
    auto counts = fresh();
    server.run("touch", 10, 10);
    server.look(counts);
    server.statistics.reset_at = "r2";
    server.entry("touch").calls = 12;  // more than before: the number alone would not tell
    const auto all = server.look(counts);
    EXPECT_EQ(Server::of(all, Event::verification), 12);
    EXPECT_EQ(all.resets, 1U);
    server.entry("touch").since = "later";  // PostgreSQL 17, one entry
    server.entry("touch").calls = 13;
    const auto one = server.look(counts);
    EXPECT_EQ(Server::of(one, Event::verification), 13);
    EXPECT_EQ(one.resets, 1U);
}

TEST(StatementCounts, AnEvictionIsALossEvenOfWhatWasNeverSeenAndOverARestart) {
    Server server;
    server.run("touch", 10, 10);
    auto counts = fresh();
    server.look(counts);
    EXPECT_EQ(server.look(counts).resets, 0U);
    ++*server.statistics.evictions;
    EXPECT_EQ(server.look(counts).resets, 1U);
    EXPECT_EQ(server.look(counts).resets, 0U);
    auto restarted = fresh();
    EXPECT_EQ(server.look(restarted).resets, 0U) << "nothing was evicted meanwhile";
    ++*server.statistics.evictions;
    auto again = fresh();
    EXPECT_EQ(server.look(again).resets, 1U);
    server.run("touch", 1, 1);
    server.evict("touch");
    EXPECT_EQ(server.look(again).resets, 1U);
    server.run("touch", 4, 4);
    EXPECT_EQ(Server::of(server.look(again), Event::verification), 4);
}

TEST(StatementCounts, WhereEvictionsAreNotCountedAFullTableMayHaveLostSome) {
    Server server;
    server.statistics.evictions.reset();
    server.run("touch", 1, 1);
    auto counts = fresh();
    server.look(counts);
    EXPECT_FALSE(server.last.lossy);
    server.statistics.may_have_evicted = true;
    server.look(counts);
    EXPECT_TRUE(server.last.lossy);
}

TEST(StatementCounts, ALostTextCouldBeAScan) {
    Server server;
    auto counts = fresh();
    server.look(counts);
    server.run("lost", 1, 1);
    server.look(counts);
    EXPECT_TRUE(server.last.lossy);
    server.look(counts);
    EXPECT_FALSE(server.last.lossy) << "it did not run again";
    server.run("lost", 1, 1);
    server.look(counts);
    EXPECT_TRUE(server.last.lossy);
    EXPECT_EQ(server.texts_read, 1);
}

TEST(StatementCounts, WhatGoesWhileItsTextIsAskedForIsKnownWhenItComesBack) {
    Server server;
    auto counts = fresh();
    server.look(counts);
    server.run("scan", 1, 10);
    server.gone_meanwhile = "scan";
    EXPECT_EQ(Server::of(server.look(counts), Event::fallback_scan), 0);
    server.gone_meanwhile.clear();
    EXPECT_EQ(Server::of(server.look(counts), Event::fallback_scan), 1);
}

TEST(StatementCounts, AnotherDatabaseIsAnotherScope) {
    Server server;
    server.run("touch", 1, 1);
    auto counts = fresh();
    server.look(counts);
    server.statistics.database = "restored";
    server.run("scan", 500, 500);
    EXPECT_EQ(Server::of(server.look(counts), Event::fallback_scan), 0);
}

}  // namespace
}  // namespace keyshift::collectors
