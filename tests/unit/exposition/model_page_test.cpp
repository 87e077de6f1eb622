// SPDX-License-Identifier: Apache-2.0
// The page of a model in which nearly everything has a value, against tests/golden/metrics/model.*, byte for
// byte in both dialects: an order, a number or an escape that changes is seen. KEYSHIFT_UPDATE_GOLDEN=1
// writes the files anew; look at the diff.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "domain/assess.hpp"
#include "domain/model.hpp"
#include "exposition/families/model_metrics.hpp"
#include "exposition/families/of_collectors.hpp"
#include "exposition/families/own_metrics.hpp"
#include "exposition/page.hpp"
#include "unit/domain/evidence/source_fixture.hpp"
#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

using namespace std::chrono_literals;
using domain::Model;
using domain::SourceStatus;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z

void add_inventory(domain::Inventory& inventory) {
    inventory.legacy_keys = 12;
    inventory.modern_keys = 1'234'567;
    inventory.legacy_owners = 5;
    inventory.baseline = 20;
    inventory.used = {1, 2, 3, 4, 5};
    inventory.by_bcrypt_cost = {{4, 1}, {10, 11}};
    inventory.legacy_last_used_at = kNow - 90s;
    inventory.oldest_modern_created_at = kNow - 1000h - 250ms;
    inventory.implausible.front() = 3;
}

void add_migration(domain::Migration& migration) {
    migration.polled_at = migration.clock_at = kNow - 10s;
    migration.census_at = kNow - 10s;
    migration.poll_every = 30s;
    for (std::size_t i = 0; i < migration.tally.phases.size(); ++i) migration.tally.phases.at(i) = i;
    migration.tally.upgraded_unused = 1;
    migration.detected = {domain::FallbackMode::present, kNow - 720h, {}, "it was seen"};
    migration.last_removal = kNow - 24h;
    migration.live_before = 4;
    migration.forecast = {kNow + 100h, kNow + 200h + 500ms, {}};
}

void add_keys(Model& model) {
    domain::KeyPoll& keys = model.keys.emplace();
    add_inventory(keys.inventory);
    add_migration(keys.migration);
    keys.totals.legacy_keys_created = 3;
    keys.totals.legacy_uses_observed = 41;
    keys.totals.table_changes = 1;
    keys.totals.transitions.back() = 7;
    keys.key_series = {
        {"key-1", "say \"hi\"\\\n", "sk-\xFF", "caf\xC3\xA9", domain::Phase::overlap, kNow - 1h},
        {"key-2", {}, {}, {}, domain::Phase::retired, {}}};
}

/// Each source might count everything, so that every counter is there.
void add_source(Model& model, const std::string& name, std::uint64_t step) {
    model.policy.measurable[name].set();
    domain::SourceCounts& counts = model.evidence.sources[name];
    counts.countable.set();
    for (std::size_t i = 0; i < domain::kEventCount; ++i) counts.totals.at(i) = i * step;
    counts.resets = step;
}

void add_evidence(Model& model) {
    std::uint64_t step = 0;
    for (const char* name : {"statements", "redis", "gateway_log", "gateway_metrics", "access_log"})
        add_source(model, name, step++);
    for (std::size_t i = 0; i < domain::kEventCount; ++i) model.evidence.totals.at(i) = 1000 + i;
    for (domain::Headline& headline : model.evidence.headlines) headline.evidence = "statements";
    model.gauges.cache_entries = {{"auth", 17}, {"jwt", 0}};
    model.gauges.gateways_up = {{"http://a:9090/metrics", true}, {"http://b:9090/metrics", false}};
    model.gauges.failing_clients = {{"unknown_key", 9}};
    model.logs["gateway_log"] = {{1, 2, 3, 4, 5'000'000'000}, 77, true};
    model.logs["access_log"] = {{9, 8, 7, 6, 5}, 0, false};
}

void add_statuses(Model& model) {
    for (const char* name : {"statements", "redis", "gateway_log", "gateway_metrics", "access_log"})
        model.sources[name].up = false;
    SourceStatus& keys = model.sources[domain::kKeysSource];
    keys.up = true;
    keys.last_success_at = kNow - 10s;
    keys.observation_start = kNow - 720h;
    model.sources["statements"].add_error(base::Errc::timeout);
}

Model rich_model() {
    Model out = domain::usual_model();
    add_keys(out);
    add_evidence(out);
    add_statuses(out);
    out.policy.deadline = kNow + 1000h;
    out.marks.last_at = {kNow - 3h, kNow - 2h, kNow - 1h};
    out.keys->judged_by = out.policy;
    out.state_size_bytes = 409'600;
    out.config_loaded_at = kNow - 1h - 250ms;
    return out;
}

void count_own(OwnMetrics& own) {
    for (const auto took : {1us, 5000us, 5001us, 119'999'999us, 120'000'000us, 120'000'001us})
        own.count_poll(domain::kKeysSource, took);
    own.count_poll("redis", 33ms);
    own.count_poll("not_configured_any_more", 1s);
    own.count_state_write_error();
    own.count_state_write_error();
}

std::string rendered(Dialect dialect) {
    OwnMetrics own;
    count_own(own);
    Page page;
    EXPECT_EQ(page.set_stable(Snapshot(ModelMetrics(rich_model(), kNow, own))), 0U);
    const Body body = page.body(Fixed({}), dialect, Encoding::identity);
    std::string text = *body.stable + body.rest;
    const std::string build = "keyshift_build_info{version=\"" KEYSHIFT_VERSION "\",revision=\"";
    const std::size_t at = text.find(build);
    EXPECT_NE(at, std::string::npos);
    const std::size_t end = text.find("} 1", at);
    EXPECT_NE(text.substr(at, end - at).find("\",compiler=\""), std::string::npos);
    return text.replace(at, end - at, "keyshift_build_info{~");
}

void expect_golden(const std::string& actual, const std::string& name) {
    const std::string path = KEYSHIFT_SOURCE_DIR "/tests/golden/metrics/" + name;
    if (std::getenv("KEYSHIFT_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << actual;
    std::ifstream file(path, std::ios::binary);
    const std::string expected{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(actual, expected);
}

TEST(ModelPage, InText) {
    expect_golden(rendered(Dialect::text), "model.text");
}

TEST(ModelPage, InOpenMetrics) {
    expect_golden(rendered(Dialect::open_metrics), "model.openmetrics");
}

/// Else a new family would be in every answer, whatever was asked for.
TEST(ModelPage, OfNoCollectorOnlyWhatKeyshiftTellsOfItselfIsLeft) {
    OwnMetrics own;
    count_own(own);
    const Model model = rich_model();
    std::string left;
    for (const MetricFamily& one : families_of(ModelMetrics(model, kNow, own).Collect(), {}))
        if (!one.metric.empty()) left += one.name + "\n";
    EXPECT_EQ(
        left,
        "keyshift_config_last_reload_successful\nkeyshift_config_last_reload_success_timestamp_seconds\n"
        "keyshift_state_write_errors_total\nkeyshift_notifications_total\nkeyshift_state_size_bytes\n"
        "keyshift_build_info\n");
}

TEST(ModelPage, OfACollectorItsFamiliesAndItsSeriesAlone) {
    OwnMetrics own;
    count_own(own);
    const Model model = rich_model();
    const auto kept = families_of(ModelMetrics(model, kNow, own).Collect(), {"keys"});
    EXPECT_NE(series(kept, "keyshift_keys{"), "");
    EXPECT_NE(series(kept, "keyshift_source_up{source=\"keys\"}"), "");
    EXPECT_EQ(series(kept, "keyshift_source_up"), series(kept, "keyshift_source_up{source=\"keys\"}"));
    EXPECT_EQ(series(kept, "keyshift_fallback_removal_safe"), "");
}

}  // namespace
}  // namespace keyshift::exposition
