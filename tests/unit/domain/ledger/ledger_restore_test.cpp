// SPDX-License-Identifier: Apache-2.0
// A ledger put back from what the journal keeps goes on as if it had never been away.
#include <array>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "unit/domain/ledger/watch.hpp"

namespace keyshift::domain {
namespace {

/// What may happen to a key, drawn by chance.
class Fate {
 public:
    explicit Fate(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t end) { return random_() % end; }
    bool one_in(std::uint64_t count) { return below(count) == 0; }
    Duration pause() {
        return std::array<Duration, 6>{30s, 1h, kDay, 3 * kDay, 8 * kDay, 31 * kDay}.at(below(6));
    }
    Time past(Time now) { return now - pause() - 1s; }

 private:
    std::mt19937_64 random_;
};

void change_key(Key& key, Time now, Fate& fate) {
    switch (fate.below(6)) {
        case 0:
            key.blocked = !key.blocked;
            break;
        case 1:
            key.over_budget = !key.over_budget;
            break;
        case 2:
            key.last_used_at = fate.past(now);
            break;
        case 3:
            if (fate.one_in(4)) key.legacy = !key.legacy;
            break;
        default:
            key.last_used_at = now;
    }
}

void change_world(Watch& watch, Fate& fate) {
    switch (fate.below(8)) {
        case 0:
            watch.links["k"] = {.id = fate.one_in(2) ? "m" : "n",
                                .used = fate.one_in(2) ? Used{} : watch.now,
                                .rule = fate.one_in(2) ? PairRule::name : PairRule::owner};
            break;
        case 1:
            watch.links.clear();
            break;
        case 2:
            watch.acknowledged["k"] = fate.past(watch.now);
            break;
        case 3:
            watch.fallback = {FallbackMode::absent, fate.past(watch.now)};
            break;
        case 4:
            watch.fallback = {FallbackMode::present, {}};
            break;
        case 5:
            if (watch.table.erase("k") == 0)
                watch.add("k", fate.one_in(3) ? Used{} : Used{fate.past(watch.now)});
            break;
        default:
            break;
    }
}

void live_on(Watch& watch, Fate& fate) {
    const Duration pause = fate.pause();
    watch.now += pause;
    if (fate.one_in(3)) change_world(watch, fate);
    const auto key = watch.table.find("k");
    const bool changes = key != watch.table.end() && fate.one_in(3);
    if (changes) change_key(key->second, watch.now, fate);
    if (fate.one_in(2)) return watch.census();
    watch.pulse(changes ? std::vector<std::string>{"k"} : std::vector<std::string>{});
}

/// All that a poll has told.
auto outcome(Watch& watch) {
    const auto of_key = [](const Settled& key) {
        return std::tuple(key.row, key.phase, key.was, key.unpaired, key.over, key.with_owner);
    };
    const auto of_gone = [](const Gone& key) {
        return std::tuple(key.row, key.upgraded, key.in_use, key.rule);
    };
    const Tally& tally = watch.tally;
    const Inventory inventory = watch.ledger.inventory(watch.now);
    return std::tuple(
        watch.settled.empty() ? std::nullopt : std::optional(of_key(watch.settled.front())),
        watch.gone.empty() ? std::nullopt : std::optional(of_gone(watch.gone.front())),
        watch.news.empty() ? std::nullopt : std::optional(watch.news.front().another), tally.phases,
        std::tuple(tally.live_use.keys, tally.live_use.unswitched, tally.live_use.quiet_at),
        tally.drained_by_owner_only, tally.dormant_unacknowledged, tally.dormant_blocked_recently,
        tally.blocked_long_enough_at, std::tuple(tally.upgraded_unused, tally.beside, tally.used_and_legacy),
        std::tuple(inventory.legacy_keys, inventory.used),
        watch.ledger.silent_without_reason(watch.now, watch.now), watch.ledger.newest_use_until(watch.now));
}

TEST(LedgerRestore, WhatIsRestoredIsRecalled) {
    const KeyMemory memory{.row = 3,
                           .last_used = 4,
                           .longest_gap = 5,
                           .since = 6,
                           .phase = Phase::overlap,
                           .candidate = Phase::issued,
                           .advanced = true,
                           .gone = true,
                           .upgraded = true,
                           .in_use = true,
                           .with_owner = true,
                           .proved = true,
                           .beside = true,
                           .behind = true,
                           .rule = PairRule::name,
                           .replacement = 7,
                           .replacement_used = 8};
    Ledger ledger;
    Key key;
    key.id = "k";
    ledger.restore(key, memory);
    const KeyMemory out = ledger.recall(hash_id("k"));
    EXPECT_EQ(std::tuple(out.row, out.last_used, out.longest_gap, out.since, out.phase, out.candidate),
              std::tuple(3U, 4U, 5U, 6U, std::optional(Phase::overlap), Phase::issued));
    EXPECT_TRUE(out.advanced && out.gone && out.upgraded && out.in_use && out.with_owner);
    EXPECT_TRUE(out.proved && out.beside && out.behind);
    EXPECT_EQ(std::tuple(out.rule, out.replacement_used), std::tuple(PairRule::name, 8U));
    key.id = "nothing is known of it";
    ledger.restore(key, {});
    const KeyMemory none = ledger.recall(hash_id(key.id));
    EXPECT_FALSE(none.advanced || none.gone || none.upgraded || none.in_use || none.with_owner);
    EXPECT_FALSE(none.proved || none.beside || none.behind);
    EXPECT_EQ(none.last_used, 0U) << "a creation is no use";
}

TEST(LedgerRestore, AKeyWithoutAPhaseGetsItsFirst) {
    Watch watch;
    watch.add("k").blocked = true;
    watch.ledger.restore(watch.table.at("k"), {.row = 1, .last_used = to_seconds(kNow - 1h)});
    watch.pulse();
    EXPECT_EQ(watch.memory().phase, Phase::quarantined);
    EXPECT_EQ(watch.told(), Told{"quarantined"});
}

TEST(LedgerRestore, AnExpiredKeyIsExpiredStill) {
    Watch watch;
    watch.add("k").expires_at = kNow - 1h;
    watch.census();
    EXPECT_EQ(watch.phase(), "expired");
    watch.fallback = {FallbackMode::absent, kNow};
    watch.restart();
    watch.pulse();  // which does not show the key
    EXPECT_EQ(watch.phase(), "expired");
    EXPECT_EQ(watch.memory().candidate, Phase::expired);
}

TEST(LedgerRestore, ACensusThatBrokeOffLosesNoReplacement) {
    Watch watch;
    watch.add("k");
    watch.links["k"] = {.used = kNow};
    watch.census();
    KeyMemory memory = watch.memory();
    memory.replacement = hash_id("m");
    watch.ledger.begin_census();
    watch.ledger.finish_census();  // ... and this census breaks off
    watch.ledger.clear();
    watch.ledger.restore(watch.table.at("k"), memory);
    watch.pulse();
    EXPECT_EQ(watch.memory().rule, PairRule::name);
}

TEST(LedgerRestore, ARestartAfterAnyPollChangesNothing) {
    std::set<std::string> phases;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Watch steady;
        Watch restarted;
        Fate fate(seed);
        Fate same_fate(seed);
        for (Watch* const watch : {&steady, &restarted}) watch->add("k", seed % 2 == 0 ? Used{} : kNow);
        for (int poll = 0; poll < 60; ++poll) {
            live_on(steady, fate);
            live_on(restarted, same_fate);
            phases.insert(steady.phase());
            ASSERT_TRUE(outcome(steady) == outcome(restarted))
                << "seed " << seed << ", poll " << poll << ": " << steady.phase() << ", restarted "
                << restarted.phase();
            restarted.restart();
        }
    }
    for (const Phase phase : kPhases)
        EXPECT_EQ(phases.count(std::string(phase_name(phase))), 1U) << phase_name(phase) << " was never seen";
}

}  // namespace
}  // namespace keyshift::domain
