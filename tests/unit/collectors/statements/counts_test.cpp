// SPDX-License-Identifier: Apache-2.0
// What statistics of statements come to, through the same meter as in the daemon.
#include "collectors/statements/counts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/collectors/statements/classes_fixture.hpp"

namespace keyshift::collectors {
namespace {

using domain::Event;

const config::Gateway kGateway = gateway("");
const char* const kById = "statements: {by_id: 'select * from virtual_keys where id = $1'}";

const std::map<std::string, std::string> kTexts{
    {"lookup", "select * from virtual_keys where key_lookup_hash = $1"},
    {"by_id", "select * from virtual_keys where id = $1"},
    {"touch", "update virtual_keys set last_used_at = now() where id = $1"},
    {"scan", "select * from virtual_keys"},
    {"remove", "delete from virtual_keys where id = $1"},
    {"promote", "update virtual_keys set key_lookup_hash = $1 where id = $2"},
    {"promote and touch", "update virtual_keys set key_lookup_hash = $1, last_used_at = now() where id = $2"},
    {"throttled", "update virtual_keys set last_used_at = now() where id = $1 and last_used_at < $2"},
    {"find and touch", "update virtual_keys set last_used_at = now() where key_lookup_hash = $1 returning *"},
    {"legacy", "select * from virtual_keys where key_hash = $1"},
    {"riddle", "select * from virtual_keys where key_lookup_hash = $1 or key_hash = '$2b$10$secret'"},
    {"other", "select count(*) from virtual_keys"},
    {"insert", "insert into virtual_keys (id) values ($1)"},
};

/// A server whose statements are named by their class.
class Server {
 public:
    StatementStatistics statistics{"db", {}, "r1", 0, false, {}};
    int texts_read = 0;
    std::map<std::string, std::string> roles;  // by id; otherwise "gateway"
    std::string gone_meanwhile;                // between the reading of the counters and that at the texts
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
    domain::Meter::Growth poll(StatementCounts& counts) {
        if (counts.needs_texts(statistics)) {
            ++texts_read;
            std::vector<StatementText> texts;
            const auto role_of = [&](const std::string& id) {
                const auto role = roles.find(id);
                return role == roles.end() ? std::string("gateway") : role->second;
            };
            for (const auto& e : statistics.entries) {
                if (e.id == gone_meanwhile) continue;
                const auto text = kTexts.find(e.id.substr(0, e.id.find('/')));
                if (text != kTexts.end()) {
                    texts.push_back({e.id, text->second, role_of(e.id)});
                } else {
                    texts.push_back(
                        {e.id, e.id == "lost" ? std::nullopt : std::optional<std::string>(""), {}});
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

StatementCounts fresh(const config::Gateway& gateway = kGateway) {
    return StatementCounts({gateway, {"virtual_keys"}}, gateway.statements.roles);
}

bool countable(const Counted& counted, Event event) {
    return counted.countable.test(index_of(event));
}

TEST(StatementCounts, EveryEventByItsWeights) {
    Server server;
    auto counts = fresh(gateway(kById));
    server.poll(counts);
    server.run("lookup", 10, 7);
    server.run("lookup/other user", 5, 5);
    server.run("touch", 6, 6);
    server.run("by_id", 15, 11);
    server.run("remove", 4, 2);
    server.run("legacy", 8, 1);
    server.run("riddle", 2, 2);
    server.run("scan", 2, 60);
    server.run("other", 50, 50);
    const auto growth = server.poll(counts);
    const std::map<Event, std::int64_t> expected{
        {Event::lookup_found, 12},         {Event::lookup_not_found, 3},      {Event::failure_unknown_key, 3},
        {Event::auth_attempt, 9 + 3},      {Event::verification, 6},          {Event::auth_cache_miss, 6},
        {Event::auth_cache_hit, 9 - 6},    {Event::fallback_scan, 2},         {Event::fallback, 1},
        {Event::fallback_scanned_key, 60}, {Event::statement_unclassified, 2}};
    for (std::size_t i = 0; i < domain::kEventCount; ++i) {
        const auto found = expected.find(domain::event_at(i));
        EXPECT_EQ(growth.events.at(i), found == expected.end() ? 0 : found->second)
            << event_name(domain::event_at(i));
        EXPECT_EQ(StatementCounts::measures(counts.classes()).test(i), found != expected.end());
    }
}

/// What five calls and three rows of these statements add.
std::map<Event, std::int64_t> five(const std::vector<std::string>& ids, const std::string& yaml = "") {
    Server server;
    auto counts = fresh(gateway(yaml));
    server.poll(counts);
    for (const std::string& id : ids) server.run(id, 5, 3);
    const auto growth = server.poll(counts);
    std::map<Event, std::int64_t> out;
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        if (growth.events.at(i) != 0) out[domain::event_at(i)] = growth.events.at(i);
    return out;
}
using Grown = std::map<Event, std::int64_t>;

TEST(StatementCounts, APromotionAndItsTouchAreOneVerification) {
    const std::string promotes = "promotes_in_place: true";
    const Grown touch{{Event::verification, 3}, {Event::auth_cache_miss, 3}, {Event::auth_cache_hit, -3}};
    EXPECT_EQ(five({"touch"}), touch);
    Grown both = touch;
    both[Event::fallback] = 3;
    EXPECT_EQ(five({"promote", "touch"}, promotes), both);
    EXPECT_EQ(five({"promote and touch"}, promotes), both);
    EXPECT_EQ(five({"promote"}, promotes + ", statements: {touch: none}"),
              (Grown{{Event::fallback, 3}, {Event::verification, 3}}));
}

TEST(StatementCounts, APromotionThatIsNotDeclaredIsAUseIfTheLastUseIsSetWithIt) {
    EXPECT_EQ(five({"promote"}), Grown{}) << "it may be a backfill";
    EXPECT_EQ(five({"promote and touch"}).at(Event::fallback), 3);
    const auto undeclared = gateway(
        "preset: custom, table: virtual_keys, columns: {id: id, lookup_hash: "
        "key_lookup_hash, created_at: made, last_used_at: last_used_at}");
    EXPECT_TRUE(StatementCounts::measures(fresh(undeclared).classes()).test(index_of(Event::fallback)));
}

TEST(StatementCounts, AThrottledTouchIsSentForEachUse) {
    EXPECT_EQ(five({"throttled"}).at(Event::verification), 5);
}

TEST(StatementCounts, ATouchByTheHashIsALookup) {
    const Grown grown = five({"find and touch"});
    EXPECT_EQ(grown.at(Event::lookup_found), 3);
    EXPECT_EQ(grown.at(Event::lookup_not_found), 2);
    EXPECT_EQ(grown.at(Event::verification), 3);
}

TEST(StatementCounts, WhereLookupsServeAllKeysTheyTellNothing) {
    const std::string all = "statements: {lookup_serves: all}";
    EXPECT_EQ(five({"lookup"}, all), Grown{});
    const auto measured = StatementCounts::measures(fresh(gateway(all)).classes());
    for (const Event event :
         {Event::lookup_found, Event::lookup_not_found, Event::failure_unknown_key, Event::fallback_scan})
        EXPECT_FALSE(measured.test(index_of(event))) << event_name(event);
}

TEST(StatementCounts, ReadsByIdAreCacheHitsOnlyWhereSomeoneSaysSo) {
    const auto hits = [](const std::string& yaml) {
        return StatementCounts::measures(fresh(gateway(yaml)).classes())
            .test(index_of(Event::auth_cache_hit));
    };
    EXPECT_FALSE(hits("")) << "a login by other means reads keys by id, too";
    EXPECT_TRUE(hits(kById));
}

TEST(StatementCounts, WhatOtherRolesRunIsLeftOutOnceTheGatewayIsKnown) {
    Server server;
    auto counts = fresh();
    server.roles = {{"scan/admin", "admin"}, {"riddle", "admin"}};
    server.poll(counts);
    server.run("scan/admin", 2, 20);
    EXPECT_EQ(Server::of(server.poll(counts), Event::fallback_scan), 2) << "who is the gateway?";
    EXPECT_EQ(server.last.ground.left_out, "");
    server.run("touch", 1, 1);
    server.run("scan/admin", 1, 10);
    server.run("scan", 4, 40);
    server.run("riddle", 1, 1);
    const auto growth = server.poll(counts);
    EXPECT_EQ(Server::of(growth, Event::fallback_scan), 4);
    EXPECT_EQ(Server::of(growth, Event::statement_unclassified), 0);
    EXPECT_EQ(growth.resets, 0U) << "what is left out has not gone";
    EXPECT_EQ(server.last.ground.doubt, "");
    EXPECT_EQ(server.last.ground.left_out, "by role (gateway.statements.roles) 2 statements of admin");
}

TEST(StatementCounts, OfManyRolesThatAreLeftOutSomeAreNamedAndNoneDrivesATerminal) {
    Server server;
    auto counts = fresh(gateway("statements: {roles: [gateway]}"));
    server.roles = {{"scan/admin", "\x1b[31madmin"}};
    server.poll(counts);
    server.run("scan/admin", 1, 10);
    server.poll(counts);
    EXPECT_EQ(server.last.ground.left_out.find('\x1b'), std::string::npos);
    EXPECT_NE(server.last.ground.left_out.find("[31madmin"), std::string::npos);
    for (int i = 0; i < 12; ++i) {
        const std::string id = "scan/person" + std::to_string(i);
        server.roles[id] = "person" + std::to_string(i);
        server.run(id, 1, 10);
    }
    server.poll(counts);
    EXPECT_NE(server.last.ground.left_out.find("person4 and 5 more roles"), std::string::npos)
        << server.last.ground.left_out;
}

TEST(StatementCounts, TheRolesOfTheConfigurationAreTheGateway) {
    Server server;
    auto counts = fresh(gateway("statements: {roles: [api, gateway]}"));
    server.roles = {{"scan/admin", "admin"}};
    server.poll(counts);
    server.run("scan/admin", 2, 20);
    server.run("scan", 1, 10);
    EXPECT_EQ(Server::of(server.poll(counts), Event::fallback_scan), 1);
}

TEST(StatementCounts, WhatFitsNoClassIsDoubtAndShownWithoutItsValues) {
    Server server;
    auto counts = fresh();
    server.poll(counts);
    server.run("touch", 1, 1);
    server.poll(counts);
    EXPECT_EQ(server.last.ground.doubt, "") << "all is known";
    server.run("riddle", 1, 0);
    server.poll(counts);
    EXPECT_NE(server.last.ground.doubt.find("select * from virtual_keys where key_lookup_hash = $1 or "
                                            "key_hash = '...'"),
              std::string::npos)
        << server.last.ground.doubt;
    EXPECT_NE(server.last.ground.doubt.find("gateway.statements.ignore"), std::string::npos);
    server.poll(counts);
    EXPECT_NE(server.last.ground.doubt, "") << "it has not been named";
    EXPECT_EQ(counts.seen(StatementClass::unclassified).unclassified.size(), 1U);
}

TEST(StatementCounts, TheGroundIsTheGatewaysOwnStatementsAtWork) {
    Server server;
    server.run("touch", 5, 5);
    auto counts = fresh();
    server.poll(counts);
    EXPECT_FALSE(server.last.ground.at_work) << "nobody knows when that was";
    server.run("other", 1, 1);
    server.poll(counts);
    EXPECT_FALSE(server.last.ground.at_work) << "anybody may count keys";
    for (const std::string id : {"touch", "lookup", "scan", "by_id", "legacy", "promote"}) {
        server.run(id, 1, 0);
        server.poll(counts);
        EXPECT_TRUE(server.last.ground.at_work) << id;
        server.poll(counts);
        EXPECT_FALSE(server.last.ground.at_work) << id;
    }
    const std::string version = server.last.ground.version;
    auto other = fresh(gateway("columns: {bcrypt_hash: hash}"));
    server.poll(other);
    EXPECT_NE(server.last.ground.version, version);
}

TEST(StatementCounts, ADeclaredLegacyPathShowsThatItIsSeenWhetherItFindsAKeyOrNot) {
    const auto path_seen = [](const config::Gateway& gateway) {
        Server server;
        server.run("legacy", 1, 0);
        auto counts = fresh(gateway);
        server.poll(counts);
        EXPECT_FALSE(server.last.ground.path_seen) << "nobody knows when that was";
        server.run("legacy", 1, 0);
        server.poll(counts);
        const bool seen = server.last.ground.path_seen;
        server.poll(counts);
        EXPECT_FALSE(server.last.ground.path_seen) << "it has not run again";
        return seen;
    };
    const std::string text = "select * from virtual_keys where key_hash = $1";
    EXPECT_TRUE(path_seen(gateway("statements: {legacy_lookup: '" + text + "'}")));
    EXPECT_TRUE(path_seen(gateway("statements: {scan: '" + text + "'}")));
    EXPECT_FALSE(path_seen(kGateway)) << "an equality may be anybody's";
}

TEST(StatementCounts, StatementsOfOthersShowThatTheGatewayHasHadRequests) {
    Server server;
    server.statistics.user = "other";  // as ids begin
    auto counts = fresh();
    for (const char* const id : {"other/own", "insert", "unrelated"}) server.run(id, 1, 1);
    server.poll(counts);
    EXPECT_EQ(counts.others(), 0U);
    for (const char* const id : {"other", "touch"}) server.run(id, 1, 1);
    server.poll(counts);
    EXPECT_EQ(counts.others(), 2U);
}

TEST(StatementCounts, AFunctionThatReadsTheTableMayBeTheFallback) {
    StatementClasses classes(kGateway, {"virtual_keys"});
    classes.know_functions({"candidates"});
    const auto is = [&classes](std::string_view sql) { return classes.of(sql); };
    for (const char* const call : {"SELECT * FROM candidates($1)", "select public.\"candidates\" ($1)"})
        EXPECT_EQ(is(call), Classified{StatementClass::unclassified}) << call;
    for (const char* const other :
         {"SELECT candidates FROM votes", "SELECT * FROM my_candidates($1)", "SELECT 1"})
        EXPECT_EQ(is(other), std::nullopt) << other;
    EXPECT_THAT(classes.needed_names(), ::testing::Contains("candidates"));
    EXPECT_NE(classes.scope(), StatementClasses(kGateway, {"virtual_keys"}).scope());
}

TEST(StatementCounts, AResetIsNoticedWhereNoStatementWasKnown) {
    Server server;
    auto counts = fresh();
    server.poll(counts);
    EXPECT_EQ(server.poll(counts).resets, 0U);
    server.statistics.reset_at = "r2";
    EXPECT_EQ(server.poll(counts).resets, 1U);
    EXPECT_EQ(server.poll(counts).resets, 0U);
    // PostgreSQL 13 tells of none; keyshift's own calls have become fewer.
    server.statistics.reset_at.clear();
    server.statistics.evictions.reset();
    auto old = fresh();
    server.statistics.own_calls = 40;
    server.poll(old);
    server.statistics.own_calls = 44;
    EXPECT_EQ(server.poll(old).resets, 0U);
    server.statistics.own_calls = 3;
    EXPECT_EQ(server.poll(old).resets, 1U);
}

TEST(StatementCounts, WhatWasCountedBeforeTheFirstPollIsNobodys) {
    Server server;
    server.run("scan", 5, 500);
    auto counts = fresh();
    EXPECT_EQ(Server::of(server.poll(counts), Event::fallback_scan), 0);
    server.run("touch", 3, 3);  // a statement not seen before: all of it is new
    const auto growth = server.poll(counts);
    EXPECT_EQ(Server::of(growth, Event::verification), 3);
    EXPECT_EQ(growth.resets, 0U);
}

TEST(StatementCounts, WithAScanAnUnknownKeyMayBeALegacyOne) {
    Server server;
    auto counts = fresh();
    server.run("scan", 0, 0);
    server.poll(counts);
    EXPECT_TRUE(countable(server.last, Event::failure_unknown_key));
    EXPECT_TRUE(countable(server.last, Event::auth_attempt));
    server.run("scan", 1, 3);
    server.poll(counts);
    EXPECT_FALSE(countable(server.last, Event::failure_unknown_key));
    EXPECT_FALSE(countable(server.last, Event::auth_attempt));
    EXPECT_TRUE(countable(server.last, Event::fallback));
    EXPECT_TRUE(countable(server.last, Event::lookup_not_found));
}

TEST(StatementCounts, TextsAreReadOnlyWhenThereIsSomethingNew) {
    Server server;
    auto counts = fresh();
    server.run("lookup", 1, 1);
    server.run("other", 1, 1);
    for (int i = 0; i < 5; ++i) server.poll(counts);
    EXPECT_EQ(server.texts_read, 1);
    server.run("unrelated", 1, 1);
    for (int i = 0; i < 5; ++i) server.poll(counts);
    EXPECT_EQ(server.texts_read, 2);
}

TEST(StatementCounts, ResetsStartFromZeroAndAreNoticed) {
    Server server;
    auto counts = fresh();
    server.run("touch", 10, 10);
    server.entry("touch").since = "earlier";
    server.poll(counts);
    server.statistics.reset_at = "r2";
    server.entry("touch").rows = 12;  // more than before: the number alone would not tell
    const auto all = server.poll(counts);
    EXPECT_EQ(Server::of(all, Event::verification), 12);
    EXPECT_EQ(all.resets, 1U);
    server.entry("touch").since = "later";  // PostgreSQL 17, one entry
    server.entry("touch").rows = 13;
    const auto one = server.poll(counts);
    EXPECT_EQ(Server::of(one, Event::verification), 13);
    EXPECT_EQ(one.resets, 1U);
}

TEST(StatementCounts, AnExtensionThatNowTellsSinceWhenCountsNothingTwice) {
    Server server;
    server.statistics.reset_at.clear();
    auto counts = fresh();
    server.run("touch", 10, 10);
    server.poll(counts);
    server.statistics.reset_at = "r1";  // as from 1.9 on
    server.entry("touch").rows = 12;
    EXPECT_EQ(Server::of(server.poll(counts), Event::verification), 2);
    server.entry("touch").since = "earlier";  // as from 1.11 on
    server.entry("touch").rows = 13;
    EXPECT_EQ(Server::of(server.poll(counts), Event::verification), 1);
}

TEST(StatementCounts, AnEvictionIsALossEvenOfWhatWasNeverSeenAndOverARestart) {
    Server server;
    server.run("touch", 10, 10);
    auto counts = fresh();
    server.poll(counts);
    EXPECT_EQ(server.poll(counts).resets, 0U);
    ++*server.statistics.evictions;
    EXPECT_EQ(server.poll(counts).resets, 1U);
    EXPECT_EQ(server.poll(counts).resets, 0U);
    auto restarted = fresh();
    EXPECT_EQ(server.poll(restarted).resets, 0U) << "nothing was evicted meanwhile";
    ++*server.statistics.evictions;
    auto again = fresh();
    EXPECT_EQ(server.poll(again).resets, 1U);
    server.run("touch", 1, 1);
    server.evict("touch");
    EXPECT_EQ(server.poll(again).resets, 1U);
    server.run("touch", 4, 4);
    EXPECT_EQ(Server::of(server.poll(again), Event::verification), 4);
}

TEST(StatementCounts, WhereEvictionsAreNotCountedAFullTableMayHaveLostSome) {
    Server server;
    server.statistics.evictions.reset();
    server.run("touch", 1, 1);
    auto counts = fresh();
    server.poll(counts);
    EXPECT_FALSE(server.last.lossy);
    server.statistics.may_have_evicted = true;
    server.poll(counts);
    EXPECT_TRUE(server.last.lossy);
}

TEST(StatementCounts, ALostTextCouldBeAScan) {
    Server server;
    auto counts = fresh();
    server.poll(counts);
    server.run("lost", 1, 1);
    server.poll(counts);
    EXPECT_TRUE(server.last.lossy);
    server.poll(counts);
    EXPECT_FALSE(server.last.lossy) << "it did not run again";
    server.run("lost", 1, 1);
    server.poll(counts);
    EXPECT_TRUE(server.last.lossy);
    EXPECT_EQ(server.texts_read, 1);
}

TEST(StatementCounts, WhatGoesWhileItsTextIsAskedForIsKnownWhenItComesBack) {
    Server server;
    auto counts = fresh();
    server.poll(counts);
    server.run("scan", 1, 10);
    server.gone_meanwhile = "scan";
    EXPECT_EQ(Server::of(server.poll(counts), Event::fallback_scan), 0);
    server.gone_meanwhile.clear();
    EXPECT_EQ(Server::of(server.poll(counts), Event::fallback_scan), 1);
}

TEST(StatementCounts, AnotherDatabaseIsAnotherScope) {
    Server server;
    server.run("touch", 1, 1);
    auto counts = fresh();
    server.poll(counts);
    server.statistics.database = "restored";
    server.run("scan", 500, 500);
    EXPECT_EQ(Server::of(server.poll(counts), Event::fallback_scan), 0);
}

}  // namespace
}  // namespace keyshift::collectors
