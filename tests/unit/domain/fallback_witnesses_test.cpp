// SPDX-License-Identifier: Apache-2.0
#include "domain/fallback_witnesses.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/assess.hpp"
#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // a full hour
constexpr base::Duration kWeek = 168h;
constexpr auto kFallback = index_of(Event::fallback);

/// A source that has counted everything for 30 days, and proved it 25 days ago.
SourceCounts& counting(Model& model, const std::string& name) {
    SourceCounts& counts = model.evidence.sources[name];
    counts.countable.set();
    counts.counted_since = kNow - 720h;
    counts.read_at = counts.complete_at = kNow - 10s;
    counts.poll_every = 30s;
    prove(counts.proof, kNow - 600h);
    model.policy.measurable[name].set();
    return counts;
}

Model counted(const std::string& evidence = "statements") {
    Model model = usual_model();
    counting(model, evidence);
    for (Headline& headline : model.evidence.headlines) headline.evidence = evidence;
    return model;
}

FallbackWitness first(const Model& model) {
    return fallback_watch(model, kNow).witnesses.at(0);
}

// ---- sources ----

TEST(FallbackWitnesses, ASourceCoversSinceItWasProvedWithoutABreak) {
    Model model = counted();
    EXPECT_TRUE(first(model).proved);
    EXPECT_TRUE(first(model).answers);
    EXPECT_FALSE(first(model).by_key_table);
    EXPECT_EQ(first(model).covered_since, kNow - 600h);
    EXPECT_EQ(first(model).last_hit, std::nullopt);
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.counted_since = kNow - 1h;
    EXPECT_EQ(first(model).covered_since, kNow - 1h);
    counts.lost_at = kNow - 2h;
    EXPECT_EQ(first(model).lost_at, kNow - 2h);
    counts.counted_since.reset();
    EXPECT_EQ(first(model).covered_since, std::nullopt) << "never complete";
}

TEST(FallbackWitnesses, ASourceThatHasCountedNoHitIsNotProved) {
    Model model = counted();
    model.evidence.sources.at("statements").proof = {};
    EXPECT_FALSE(first(model).proved);
    EXPECT_EQ(first(model).unproved, "");
    EXPECT_EQ(first(model).covered_since, std::nullopt);
    model.evidence.sources.clear();
    EXPECT_EQ(first(model).unproved, "it was not read yet");
    EXPECT_FALSE(first(model).answers);
    model.evidence.sources["statements"];
    EXPECT_EQ(first(model).unproved, "it was not read yet") << "nothing of it is known but that it is there";
}

TEST(FallbackWitnesses, WhyASourceIsNotProvedAnyMoreIsSaid) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    lapse(counts.proof, "the gateway is another one");
    EXPECT_EQ(first(model).unproved, "the gateway is another one");
    counts.proof.doubt = "a statement fits nothing";
    EXPECT_EQ(first(model).unproved, "not measured: a statement fits nothing");
    prove(counts.proof, kNow - 1h);
    EXPECT_FALSE(first(model).proved) << "as long as the doubt lasts";
    model.evidence.contradicted = "statements";
    model.evidence.contradicted_at = kNow - 2h;
    EXPECT_THAT(first(model).unproved,
                HasSubstr("keys were used 2026-01-09T22:00:00Z or shortly before that it"));
    counts.proof.doubt.clear();
    EXPECT_FALSE(first(model).proved);
    model.evidence.contradicted_at = kNow - kWeek;
    EXPECT_TRUE(first(model).proved) << "nothing was missed within the drain window";
    model.evidence.contradicted_at = kNow - 2h;
    model.evidence.contradicted = "gateway_log";
    EXPECT_TRUE(first(model).proved) << "another one was";
}

TEST(FallbackWitnesses, ASourceAnswersWhileAllOfItCanBeRead) {
    const auto answers = [](void (*change)(SourceCounts&)) {
        Model model = counted();
        change(model.evidence.sources.at("statements"));
        return first(model).answers;
    };
    EXPECT_TRUE(answers([](SourceCounts&) {}));
    EXPECT_FALSE(answers([](SourceCounts& c) { c.missing = {"a"}; }));
    EXPECT_FALSE(answers([](SourceCounts& c) { c.read_at = kNow - 90s; }));
    EXPECT_FALSE(answers([](SourceCounts& c) { c.countable.reset(kFallback); }));
    EXPECT_FALSE(answers([](SourceCounts& c) { restore(c, kNow); })) << "not read since the start";
}

TEST(FallbackWitnesses, AreTheConfiguredSourcesTheBestFirst) {
    Model model = usual_model();
    EXPECT_TRUE(fallback_watch(model, kNow).witnesses.empty());
    for (const char* const name : {"prometheus", "statements", "gateway_metrics", "access_log"})
        counting(model, name);
    model.policy.measurable.at("access_log").reset(kFallback);
    model.policy.measurable.at("access_log").reset(index_of(Event::fallback_scan));
    model.evidence.sources.at("access_log").countable.reset();
    model.evidence.sources["gateway_log"] = model.evidence.sources.at("statements");
    std::vector<std::string> names;
    for (const FallbackWitness& witness : fallback_watch(model, kNow).witnesses)
        names.push_back(witness.name);
    EXPECT_EQ(names, (std::vector<std::string>{"gateway_metrics", "statements", "prometheus"}));
}

TEST(FallbackWitnesses, TimesAreTheDatabases) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    counts.read_at = counts.complete_at = kNow;
    counts.grew_at.at(kFallback) = kNow - 167h;  // by this host's clock, which is ahead by a day
    counts.lost_at = kNow - 2h;
    model.evidence.hourly.add(kHourlyFallback, kNow - 190h, 1);
    model.evidence.hourly.add(kHourlyFallback, kNow - 167h, 3);
    model.skew = 24h;
    const base::Time now = kNow - 24h;
    const FallbackWatch watch = fallback_watch(model, now);
    EXPECT_EQ(watch.witnesses.at(0).covered_since, now - 600h);
    EXPECT_EQ(watch.witnesses.at(0).last_hit, now - 167h);
    EXPECT_EQ(watch.witnesses.at(0).lost_at, now - 2h);
    EXPECT_EQ(watch.last_hit, now - 167h);
    EXPECT_EQ(watch.within_window, 3U);
    EXPECT_EQ(watch.hours_from, now - kWeek) << "kNow begins an hour";
    EXPECT_FALSE(fallback_watch(model, kNow).witnesses.at(0).answers)
        << "read long ago by the database's clock";
}

TEST(FallbackWitnesses, WhatTheConfigurationLeavesOutIsTold) {
    Model model = counted();
    model.evidence.sources.at("statements").left_out = "by gateway.statements.ignore 1";
    EXPECT_EQ(fallback_watch(model, kNow).witnesses.at(0).left_out, "by gateway.statements.ignore 1");
}

TEST(FallbackWitnesses, TheLastHitIsTheLastThatAnySourceSaw) {
    Model model = counted();
    model.evidence.sources.at("statements").grew_at.at(kFallback) = kNow - 400h;
    model.evidence.sources["gateway_log"].grew_at.at(kFallback) = kNow - 300h;
    EXPECT_EQ(fallback_watch(model, kNow).last_hit, kNow - 300h);
    EXPECT_EQ(fallback_watch(model, kNow).within_window, 0U);
    model.evidence.sources["gateway_metrics"].grew_at.at(kFallback) = kNow - 1h;
    EXPECT_EQ(fallback_watch(model, kNow).last_hit, kNow - 1h) << "also one that is not configured any more";
    EXPECT_EQ(fallback_watch(model, kNow).within_window, 1U) << "at least";
}

TEST(FallbackWitnesses, HitsOfTheWindowAreThoseOfItsHours) {
    Model model = counted();
    SourceCounts& counts = model.evidence.sources.at("statements");
    model.evidence.hourly.add(kHourlyFallback, kNow - kWeek - 1us, 1);
    model.evidence.hourly.add(kHourlyFallback, kNow - kWeek, 2);
    model.evidence.hourly.add(kHourlyFallback, kNow - 1h, 4);
    counts.grew_at.at(kFallback) = kNow - 1h;
    EXPECT_EQ(fallback_watch(model, kNow).within_window, 6U);
    counts.grew_at.at(kFallback) = kNow - kWeek;
    EXPECT_EQ(fallback_watch(model, kNow).within_window, 0U) << "the hour has them, the window has not";
    model.policy.windows.drain = kWeek + 1h;
    EXPECT_EQ(fallback_watch(model, kNow).within_window, 7U);
    model.policy.windows.drain = 1min;
    counts.grew_at.at(kFallback) = kNow - 30s;
    EXPECT_EQ(fallback_watch(model, kNow).hours_from, kNow - 1h) << "more are told of than the minute holds";
    EXPECT_EQ(fallback_watch(model, kNow).within_window, 4U);
}

TEST(FallbackWitnesses, AStatementThatMayBeTheFallbackIsTheLastThatRan) {
    Model model = counted();
    const auto doubt = [&model](const std::string& name, const char* why, std::optional<base::Time> ran) {
        SourceCounts& counts = counting(model, name);
        counts.proof.doubt = why;
        counts.grew_at.at(index_of(Event::statement_unclassified)) = ran;
    };
    doubt("statements", "of the statements", {});
    EXPECT_EQ(fallback_watch(model, kNow).unclassified_at, std::nullopt);
    EXPECT_EQ(fallback_watch(model, kNow).unclassified, "") << "another doubt";
    doubt("statements", "", kNow - 1h);
    EXPECT_EQ(fallback_watch(model, kNow).unclassified_at, std::nullopt) << "somebody has said what it is";
    doubt("statements", "of the statements", kNow - 200h);
    doubt("gateway_log", "of the log", kNow - 1h);
    model.skew = 1min;
    EXPECT_EQ(fallback_watch(model, kNow).unclassified_at, kNow - 1h - 1min);
    EXPECT_EQ(fallback_watch(model, kNow).unclassified, "of the log");
    doubt("statements", "of the statements", kNow);
    EXPECT_EQ(fallback_watch(model, kNow).unclassified, "of the statements");
}

// ---- the key table ----

/// A legacy key was used an hour ago, and seen to be.
Model used() {
    Model model = usual_model();
    Migration& migration = model.keys.emplace().migration;
    migration.poll_every = 30s;
    migration.polled_at = kNow - 10s;
    migration.observed_since = kNow - 480h;
    migration.last_used_proved_at = kNow - 400h;
    migration.evidence.newest_legacy_use = migration.evidence.newest_modern_use = kNow - 1h;
    model.keys->inventory.legacy_keys = 1;
    return model;
}

TEST(LastUsed, IsAWitnessOnceItIsProved) {
    Model model = used();
    EXPECT_EQ(first(model).name, kLastUsed);
    EXPECT_TRUE(first(model).proved && first(model).answers && first(model).by_key_table);
    EXPECT_EQ(first(model).covered_since, kNow - 400h);
    EXPECT_EQ(first(model).last_hit, kNow - 1h);
    model.keys->migration.last_used_proved_at.reset();
    EXPECT_FALSE(first(model).proved);
    EXPECT_EQ(first(model).last_hit, std::nullopt) << "of before there was anything to fall back from";
    EXPECT_EQ(first(model).unproved, "no legacy key's last use was seen to move");
    model.policy.uses_recorded = false;
    EXPECT_TRUE(fallback_watch(model, kNow).witnesses.empty());
}

/// Modern keys are used, as statements show, and the newest last use is an hour old.
Model counting_uses() {
    Model model = used();
    counting(model, "statements").grew_at.at(index_of(Event::lookup_found)) = kNow - 1s;
    watch_last_use(model, kNow);
    return model;
}

TEST(LastUsed, LapsesWhileNoneIsWrittenAlthoughKeysAreUsed) {
    Model model = counting_uses();
    const base::Time late = kNow + 25h;  // a day, and as late as it may be written
    EXPECT_FALSE(last_use_stands_still(model, late));
    EXPECT_TRUE(last_use_stands_still(model, late + 1us));
    EXPECT_THAT(fallback_watch(model, late + 1us).witnesses.at(1).unproved,
                HasSubstr("no key's last use has moved for 1d although keys are used"));
    const auto stands = [late](void (*change)(Model&)) {
        Model changed = counting_uses();
        change(changed);
        return last_use_stands_still(changed, late + 1us);
    };
    EXPECT_FALSE(stands([](Model& m) { m.policy.quiet_period = 25h; }));
    EXPECT_FALSE(stands([](Model& m) { m.policy.last_used_delay = 2h; }));
    EXPECT_FALSE(stands([](Model& m) { m.keys->migration.poll_every = 9h; })) << "uses are seen that late";
    EXPECT_FALSE(stands([](Model& m) { m.policy.uses_recorded = false; }));
    EXPECT_FALSE(stands([](Model& m) { m.keys.reset(); }));
    EXPECT_FALSE(stands([](Model& m) { m.skew = -1h; })) << "by this host's clock";
}

TEST(LastUsed, DoesNotLapseOnceOneIsWrittenAgainOrWhereNobodyCalls) {
    Model model = counting_uses();
    EXPECT_EQ(model.evidence.last_use.unwritten_since, kNow);
    watch_last_use(model, kNow + 20h);
    EXPECT_EQ(model.evidence.last_use.unwritten_since, kNow);
    EXPECT_EQ(model.evidence.last_use.stood_still_at, std::nullopt);
    watch_last_use(model, kNow + 26h);
    EXPECT_EQ(model.evidence.last_use.stood_still_at, kNow + 26h);
    model.keys->migration.evidence.newest_modern_use = kNow + 26h;
    watch_last_use(model, kNow + 27h);
    EXPECT_EQ(model.evidence.last_use.unwritten_since, std::nullopt);
    EXPECT_FALSE(last_use_stands_still(model, kNow + 100h))
        << "what was counted is older than what was written";
    model.evidence.sources.at("statements").grew_at.at(index_of(Event::lookup_found)) = kNow + 28h;
    watch_last_use(model, kNow + 30h);
    model.keys->migration.evidence.newest_legacy_use = kNow + 29h;
    watch_last_use(model, kNow + 29h);
    EXPECT_EQ(model.evidence.last_use.unwritten_since, std::nullopt) << "it was written later";
    Model never = used();
    never.keys->migration.evidence = {};
    counting(never, "statements").grew_at.at(index_of(Event::lookup_found)) = kNow - 1s;
    watch_last_use(never, kNow);
    EXPECT_EQ(never.evidence.last_use.unwritten_since, kNow) << "none was ever written";
    watch_last_use(never, kNow - 1h);
    EXPECT_EQ(never.evidence.last_use.unwritten_since, kNow - 1h) << "the clock was set back";
}

TEST(LastUsed, CoversAnewAfterItStoodStill) {
    Model model = used();
    model.evidence.last_use.stood_still_at = kNow - 3h;
    EXPECT_TRUE(first(model).proved);
    EXPECT_EQ(first(model).covered_since, kNow - 3h);
    model.skew = 1min;
    EXPECT_EQ(first(model).covered_since, kNow - 3h - 1min) << "by the database's clock";
}

TEST(LastUsed, CoversSinceItIsKnownWhereThatCameLater) {
    Model model = used();
    model.keys->migration.observed_since = kNow - 4h;
    model.sources[kKeysSource].observation_start = kNow - 2h;
    EXPECT_EQ(first(model).covered_since, kNow - 4h);
    model.keys->migration.observed_since.reset();
    EXPECT_EQ(first(model).covered_since, kNow - 2h);
    model.sources.clear();
    EXPECT_EQ(first(model).covered_since, std::nullopt);
}

TEST(LastUsed, IsNotWatchedWhereNoneIsRecorded) {
    Model model = used();
    model.policy.uses_recorded = false;
    counting(model, "statements").grew_at.at(index_of(Event::lookup_found)) = kNow - 1s;
    watch_last_use(model, kNow);
    EXPECT_EQ(model.evidence.last_use.unwritten_since, std::nullopt);
}

// ---- gateways that upgrade a key when it is used ----

TEST(Upgrades, AreUsesWhereTheGatewayPromotes) {
    Model model = used();
    model.policy.uses_recorded = false;
    model.policy.promotes_in_place = true;
    EXPECT_FALSE(first(model).proved);
    EXPECT_THAT(first(model).unproved, HasSubstr("no key was seen to be upgraded"));
    model.keys->migration.evidence.newest_upgrade = kNow - 2h;
    EXPECT_EQ(first(model).name, kUpgrades);
    EXPECT_TRUE(first(model).proved && first(model).by_key_table);
    EXPECT_EQ(first(model).covered_since, kNow - 480h);
    EXPECT_EQ(first(model).last_hit, kNow - 2h);
    EXPECT_EQ(fallback_watch(model, kNow).within_window, 1U);
    model.policy.promotes_in_place = false;
    EXPECT_TRUE(fallback_watch(model, kNow).witnesses.empty());
}

// ---- scans ----

TEST(ScanTold, ByLastUsesThatAreProved) {
    Model model = used();
    LegacyUse use = legacy_use(model, kNow);
    EXPECT_TRUE(use.proved);
    EXPECT_EQ(use.data_at, kNow - 10s);
    EXPECT_EQ(use.newest, kNow - 1h);
    model.skew = 1min;
    EXPECT_EQ(legacy_use(model, kNow).newest, kNow - 59min) << "by this host's clock";
    EXPECT_EQ(legacy_use(model, kNow).data_at, kNow + 50s);
    model.policy.uses_recorded = false;
    EXPECT_FALSE(legacy_use(model, kNow).proved);
    model = used();
    model.keys->migration.last_used_proved_at.reset();
    EXPECT_FALSE(legacy_use(model, kNow).proved);
    EXPECT_FALSE(legacy_use(counting_uses(), kNow + 25h + 1us).proved) << "it stands still";
}

TEST(ScanTold, ByThereBeingNoLegacyKey) {
    Model model = used();
    model.keys->migration.last_used_proved_at.reset();
    model.keys->inventory.legacy_keys = 0;
    EXPECT_TRUE(legacy_use(model, kNow).proved);
    EXPECT_EQ(legacy_use(model, kNow).newest, kNow - 1h);
    model.keys->migration.evidence.newest_upgrade = kNow - 1min;
    EXPECT_EQ(legacy_use(model, kNow).newest, kNow - 1min) << "the last one may have gone by its use";
    model.policy.promotes_in_place = true;
    EXPECT_FALSE(legacy_use(model, kNow).proved) << "promotions are never in vain";
    EXPECT_EQ(legacy_use(model, kNow).newest, kNow - 1min) << "and each is a use";
    model.policy.promotes_in_place = false;
    model.keys->inventory.legacy_keys = 1;
    EXPECT_EQ(legacy_use(model, kNow).newest, kNow - 1h) << "which it is not elsewhere";
}

TEST(ScanTold, NotBeforeTheKeyTableWasReadAndNeverWhereItIsNot) {
    Model model = usual_model();
    EXPECT_EQ(legacy_use(model, kNow).data_at, kNow) << "a host that reads logs alone";
    EXPECT_FALSE(legacy_use(model, kNow).proved);
    model.sources[kKeysSource];
    EXPECT_EQ(legacy_use(model, kNow).data_at, std::nullopt);
}

TEST(ScanTold, OtherwiseEachScanIsAHitAndTheTextSaysWhatWouldTell) {
    Model model = used();
    counting(model, "statements").scan_hits = 1;
    model.evidence.headlines.front().evidence = "statements";
    EXPECT_FALSE(fallback_watch(model, kNow).of_scans);
    model.keys->migration.last_used_proved_at.reset();
    EXPECT_TRUE(fallback_watch(model, kNow).of_scans);
    model.evidence.sources.at("statements").scan_hits = 0;
    EXPECT_FALSE(fallback_watch(model, kNow).of_scans);
}

}  // namespace
}  // namespace keyshift::domain
