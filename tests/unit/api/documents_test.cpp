// SPDX-License-Identifier: Apache-2.0
// verdict.hpp and status.hpp: the documents as they are sent, and read back.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/status.hpp"
#include "api/verdict.hpp"
#include "domain/assess.hpp"
#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z

Configuration configuration() {
    Configuration out;
    out.file = "/etc/keyshift/keyshift.yaml";
    out.loaded_at = kNow - 1h;
    out.drain_window = "7d";
    out.dormant_after = "30d";
    out.inventory = "lenient";
    out.fallback = "present";
    out.failure_budget = 0.01;
    out.table = "virtual_keys";
    out.columns = {{"id", "id"}, {"owner", "user_id"}};
    out.database = "db:5432/gateway as keyshift";
    out.collectors = {"keys", "statements"};
    return out;
}

domain::Model model() {
    domain::Model out = domain::usual_model();
    domain::SourceStatus& keys = out.sources[domain::kKeysSource];
    keys.up = true;
    keys.last_success_at = kNow - 10s;
    keys.observation_start = kNow - 720h;
    out.state_begun_at = kNow - 720h;
    out.state_begun_because = "it was damaged";
    domain::Migration& migration = out.keys.emplace().migration;
    migration.polled_at = migration.clock_at = kNow - 10s;
    migration.census_at = kNow - 10s;
    migration.poll_every = 30s;
    migration.tally.phases.at(static_cast<std::size_t>(domain::Phase::drained)) = 3;
    migration.tally.phases.at(static_cast<std::size_t>(domain::Phase::retired)) = 1;
    migration.detected = {domain::FallbackMode::present, kNow - 720h, {}, "it was \"seen\""};
    domain::Inventory& inventory = out.keys->inventory;
    migration.live_before = 4;
    migration.last_removal = kNow - 24h;
    inventory.legacy_keys = 3;
    inventory.modern_keys = 5;
    inventory.baseline = 4;
    inventory.oldest_modern_created_at = kNow - 1000h;
    inventory.used = {0, 0, 1, 2, 3};
    out.evidence.headlines.front().evidence = "statements";
    out.policy.deadline = kNow + 1000h;
    out.keys->judged_by = out.policy;
    return out;
}

TEST(VerdictDocument, IsWhatTheContractSays) {
    Verdict document;
    document.at = kNow;
    document.read_at = kNow - 10s;
    document.from = "daemon";
    document.answer.verdict = "NOT_YET";
    document.answer.earliest_safe = kNow + 24h;
    document.answer.not_measured = {"failures_normal"};
    document.answer.checks = {{"coverage", "NOT_YET", "observed", kNow + 24h},
                              {"inventory", "pass", "0 \x1b", {}}};
    document.configuration = configuration();
    document.differences = {{"drain_window", "/f.yaml", "20s", "7d"}};
    EXPECT_EQ(
        encode(document),
        R"({"schema_version":1,"verdict":"NOT_YET","reason":null,"headline":null,"earliest_safe":"2026-01-11T00:00:00Z",)"
        R"("not_measured":["failures_normal"],"caveats":[],"last_mark":null,"checks":[)"
        R"({"check":"coverage","outcome":"NOT_YET","evidence":"observed","passes_at":"2026-01-11T00:00:00Z"},)"
        R"({"check":"inventory","outcome":"pass","evidence":"0 \u001b","passes_at":null}],)"
        R"("at":"2026-01-10T00:00:00Z","read_at":"2026-01-09T23:59:50Z","from":"daemon",)"
        R"("configuration":{"file":"/etc/keyshift/keyshift.yaml","loaded_at":"2026-01-09T23:00:00Z",)"
        R"("drain_window":"7d","dormant_after":"30d","inventory":"lenient","fallback":"present",)"
        R"("last_used_delay":"","quiet_period":"","promotes_in_place":false,"failure_budget":0.01,"table":"virtual_keys",)"
        R"("columns":{"id":"id","owner":"user_id"},"database":"db:5432/gateway as keyshift",)"
        R"("collectors":["keys","statements"]},)"
        R"("differences":[{"setting":"drain_window","says":"/f.yaml","configured":"20s","daemon":"7d"}]})"
        "\n");
}

TEST(StatusDocument, IsWhatTheContractSays) {
    Status document = status(model(), kNow, "daemon");
    EXPECT_EQ(document.answer.checks.size(), domain::kCheckCount);
    document.answer = {};
    EXPECT_EQ(
        encode(document),
        R"({"schema_version":1,"at":"2026-01-10T00:00:00Z","read_at":"2026-01-09T23:59:50Z","from":"daemon",)"
        R"("migration":{"state":"draining","removed_ratio":0.25,"drained_ratio":1,"legacy_keys":3,)"
        R"("modern_keys":5,"baseline":4,"began":"2025-11-29T08:00:00Z","deadline":"2026-02-20T16:00:00Z",)"
        R"("eta_point":null,"eta_p50":null,"eta_p85":null},)"
        R"("used":{"1h":0,"24h":1,"30d":3,"5m":0,"7d":2},)"
        R"("phases":{"dormant":0,"drained":3,"expired":0,"issued":0,"overlap":0,"pending":0,"quarantined":0,)"
        R"("retired":1,"retired_in_use":0,"stranded":0,"upgraded":0},"upgraded_unused":0,)"
        R"("fallback":{"mode":"present","because":"it was \"seen\"","contradicted":false,)"
        R"("evidence":"statements","hits":0,"hits_24h":0,)"
        R"("maybe_locked_out":0,"maybe_locked_out_since":null,"promotion_doubt":null},)"
        R"("auth_cache":{"evidence":"","hit_ratio":null,"hits":0,"misses":0,"redis_hits_unused":false},)"
        R"("auth_failures":{"evidence":"","reasons":{},"failures":0,"failures_24h":0},)"
        R"("sources":[{"source":"keys","up":true,"not_measured":null,"failure":null,"read_at":"2026-01-09T23:59:50Z",)"
        R"("watched_since":"2025-12-11T00:00:00Z","missing":[],"lines":0,"lines_not_understood":0}],)"
        R"("history_begins":"2025-12-11T00:00:00Z","history_begins_because":"it was damaged",)"
        R"("verdict":{"verdict":"UNKNOWN","reason":null,"headline":null,"earliest_safe":null,"not_measured":[],"caveats":[],"last_mark":null,)"
        R"("checks":[]},"configuration":null,"differences":[]})"
        "\n");
}

TEST(Documents, AreReadBackAsTheyWere) {
    Status shown = status(model(), kNow, "daemon");
    shown.configuration = configuration();
    const auto again = decode_status(encode(shown));
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(encode(*again), encode(shown));
    Verdict judged = verdict(model(), kNow, "daemon");
    judged.configuration = configuration();
    make_unknown(judged, "nobody watches");
    const auto read = decode_verdict(encode(judged));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(encode(*read), encode(judged));
    EXPECT_EQ(read->answer.checks.size(), domain::kCheckCount);
}

TEST(Documents, BeforeTheFirstPollThereIsLess) {
    const Status document = status(domain::Model{}, kNow, "daemon");
    EXPECT_THAT(encode(document), HasSubstr(R"("read_at":null)"));
    EXPECT_THAT(encode(document), HasSubstr(R"("migration":null,"used":{},"phases":{})"));
    EXPECT_EQ(document.answer.verdict, "UNKNOWN");
    EXPECT_TRUE(decode_status(encode(document)));
}

TEST(Documents, OfAnotherVersionAreNotGuessedAt) {
    for (const char* const text :
         {"", "[]", "{}", R"({"schema_version":2,"verdict":"SAFE"})",
          R"({"schema_version":"1","verdict":"SAFE"})", R"({"schema_version":1,"verdict":true})",
          R"({"schema_version":1,"checks":{}})", R"({"schema_version":1,"at":"yesterday"})"}) {
        const auto read = decode_verdict(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, base::Errc::parse);
    }
    const auto more = decode_verdict(R"({"schema_version":1,"verdict":"SAFE","new":{"a":[1]}})");
    ASSERT_TRUE(more) << "members are added without another version";
    EXPECT_EQ(more->answer.verdict, "SAFE");
}

}  // namespace
}  // namespace keyshift::api
