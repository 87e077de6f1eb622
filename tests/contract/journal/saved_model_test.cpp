// SPDX-License-Identifier: Apache-2.0
// saved_model.hpp on a real state: a verdict after a restart rests on the same facts as before it.
#include "journal/saved_model.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"
#include "domain/assess.hpp"

namespace keyshift::journal {
namespace {

using base::Time;
using domain::Migration;
using namespace std::chrono_literals;

constexpr Time kNow{1'768'003'200s};

/// Each member has a value of its own.
Migration full_migration() {
    int next = 0;
    const auto number = [&next] { return static_cast<std::uint64_t>(++next); };
    const auto time = [&number] { return kNow + std::chrono::microseconds{number()}; };
    Migration out;
    out.polled_at = time();
    out.clock_at = time();
    out.poll_every = 30s;
    out.observed_since = time();
    for (auto& count : out.tally.phases) count = number();
    out.tally.live_use = {number(), number(), time()};
    out.tally.drained_by_owner_only = number();
    out.tally.dormant_unacknowledged = number();
    out.tally.dormant_blocked_recently = number();
    out.tally.blocked_long_enough_at = time();
    out.tally.upgraded_unused = number();
    out.tally.beside = number();
    out.tally.used_and_legacy = number();
    out.evidence.modern_use_began = time();
    out.evidence.newest_modern_use = time();
    out.evidence.newest_legacy_use = time();
    out.evidence.newest_legacy_use_before_modern = time();
    out.evidence.silent_without_reason = number();
    out.evidence.newest_upgrade = time();
    out.detected = {domain::FallbackMode::absent, time(), time(), "nobody \"used\" one\n"};
    out.newest_legacy_created_at = time();
    out.last_used_proved_at = time();
    out.census_at = time();
    out.upgrades_by_use = number();
    out.last_removal = time();
    out.live_before = number();
    out.forecast = {time(), time(), time()};
    return out;
}

void expect_same_tally(const domain::Tally& a, const domain::Tally& b) {
    EXPECT_EQ(a.phases, b.phases);
    EXPECT_EQ(a.live_use.keys, b.live_use.keys);
    EXPECT_EQ(a.live_use.unswitched, b.live_use.unswitched);
    EXPECT_EQ(a.live_use.quiet_at, b.live_use.quiet_at);
    EXPECT_EQ(a.drained_by_owner_only, b.drained_by_owner_only);
    EXPECT_EQ(a.dormant_unacknowledged, b.dormant_unacknowledged);
    EXPECT_EQ(a.dormant_blocked_recently, b.dormant_blocked_recently);
    EXPECT_EQ(a.blocked_long_enough_at, b.blocked_long_enough_at);
    EXPECT_EQ(a.upgraded_unused, b.upgraded_unused);
    EXPECT_EQ(a.beside, b.beside);
    EXPECT_EQ(a.used_and_legacy, b.used_and_legacy);
}

void expect_same(const Migration& a, const Migration& b) {
    EXPECT_EQ(a.polled_at, b.polled_at);
    EXPECT_EQ(a.clock_at, b.clock_at);
    EXPECT_EQ(a.poll_every, b.poll_every);
    EXPECT_EQ(a.observed_since, b.observed_since);
    expect_same_tally(a.tally, b.tally);
    EXPECT_EQ(a.evidence.modern_use_began, b.evidence.modern_use_began);
    EXPECT_EQ(a.evidence.newest_modern_use, b.evidence.newest_modern_use);
    EXPECT_EQ(a.evidence.newest_legacy_use, b.evidence.newest_legacy_use);
    EXPECT_EQ(a.evidence.newest_legacy_use_before_modern, b.evidence.newest_legacy_use_before_modern);
    EXPECT_EQ(a.evidence.silent_without_reason, b.evidence.silent_without_reason);
    EXPECT_EQ(a.evidence.newest_upgrade, b.evidence.newest_upgrade);
    EXPECT_EQ(a.detected.mode, b.detected.mode);
    EXPECT_EQ(a.detected.since, b.detected.since);
    EXPECT_EQ(a.detected.absent_since, b.detected.absent_since);
    EXPECT_EQ(a.detected.evidence, b.detected.evidence);
    EXPECT_EQ(a.newest_legacy_created_at, b.newest_legacy_created_at);
    EXPECT_EQ(a.last_used_proved_at, b.last_used_proved_at);
    EXPECT_EQ(a.census_at, b.census_at);
    EXPECT_EQ(a.upgrades_by_use, b.upgrades_by_use);
    EXPECT_EQ(a.last_removal, b.last_removal);
    EXPECT_EQ(a.live_before, b.live_before);
    EXPECT_EQ(a.forecast.point, b.forecast.point);
    EXPECT_EQ(a.forecast.p50, b.forecast.p50);
    EXPECT_EQ(a.forecast.p85, b.forecast.p85);
}

class SavedModel : public testing::Test {
 protected:
    template <class Write>
    void write(const Write& what) {
        auto transaction = state_->begin();
        ASSERT_TRUE(transaction);
        what(*transaction);
        ASSERT_TRUE(transaction->commit());
    }
    void save(const Migration& migration) {
        write([&](store::Transaction& to) { save_migration(migration, to); });
    }
    domain::Model load() {
        auto model = load_model(*state_);
        EXPECT_TRUE(model) << (model ? "" : model.error().text());
        return std::move(*model);
    }

    const TemporaryDirectory directory_{"model"};
    std::unique_ptr<store::State> state_ = *store::State::open(directory_.path());
};

TEST_F(SavedModel, AMigrationComesBackAsItWas) {
    EXPECT_FALSE(load_migration(*state_->load_facts())) << "none was ever saved";
    save(full_migration());
    const auto again = load_migration(*state_->load_facts());
    ASSERT_TRUE(again);
    expect_same(*again, full_migration());
}

TEST_F(SavedModel, WhatIsEmptyComesBackEmptyAndReplacesWhatWasThere) {
    save(full_migration());
    Migration empty;
    empty.polled_at = empty.clock_at = kNow;
    save(empty);
    const auto again = load_migration(*state_->load_facts());
    ASSERT_TRUE(again);
    expect_same(*again, empty);
}

TEST_F(SavedModel, WithoutAMigrationThereIsNoPollButWhatWasCounted) {
    write([](store::Transaction& to) { to.set_observation_start(domain::kKeysSource, kNow); });
    const domain::Model model = load();
    EXPECT_FALSE(model.keys);
    EXPECT_TRUE(model.sources.empty());
    EXPECT_GT(model.state_size_bytes, 0U);
    EXPECT_TRUE(model.state_begun_at);
}

TEST_F(SavedModel, TheInventoryComesBackAsItWas) {
    domain::Inventory inventory;
    inventory.taken_at = kNow;
    inventory.legacy_keys = 1;
    inventory.modern_keys = 2;
    inventory.legacy_owners = 3;
    inventory.baseline = 4;
    inventory.used = {5, 6, 7, 8, 9};
    inventory.legacy_last_used_at = kNow - 1s;
    inventory.oldest_modern_created_at = kNow - 2s;
    for (std::size_t i = 0; i < inventory.implausible.size(); ++i) inventory.implausible.at(i) = 10 + i;
    save(full_migration());
    write([&](store::Transaction& to) { save_inventory(inventory, to); });
    const domain::Model model = load();
    ASSERT_TRUE(model.keys);
    const domain::Inventory& again = model.keys->inventory;
    EXPECT_EQ(again.taken_at, inventory.taken_at);
    EXPECT_EQ(again.legacy_keys, 1U);
    EXPECT_EQ(again.modern_keys, 2U);
    EXPECT_EQ(again.legacy_owners, 3U);
    EXPECT_EQ(again.baseline, 4U);
    EXPECT_EQ(again.used, inventory.used);
    EXPECT_EQ(again.legacy_last_used_at, inventory.legacy_last_used_at);
    EXPECT_EQ(again.oldest_modern_created_at, inventory.oldest_modern_created_at);
    EXPECT_EQ(again.implausible, inventory.implausible);
    expect_same(model.keys->migration, full_migration());
}

/// A command must not show an old picture as one of a source that answers.
TEST_F(SavedModel, TheKeyTableIsUpOnlyWhereItsLastPollWasSavedAsASuccess) {
    save(full_migration());
    EXPECT_EQ(load().sources.at(domain::kKeysSource).up, false) << "nothing was said of it";
    write([](store::Transaction& to) { save_keys_up(true, to); });
    EXPECT_EQ(load().sources.at(domain::kKeysSource).up, true);
    EXPECT_EQ(load().sources.at(domain::kKeysSource).last_success_at, full_migration().polled_at);
    write([](store::Transaction& to) { save_keys_up(false, to); });
    EXPECT_EQ(load().sources.at(domain::kKeysSource).up, false);
    write([](store::Transaction& to) { to.set_observation_start("redis", kNow - 5h); });
    EXPECT_EQ(load().sources.at("redis").observation_start, kNow - 5h);
}

}  // namespace
}  // namespace keyshift::journal
