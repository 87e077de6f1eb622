// SPDX-License-Identifier: Apache-2.0
#include "domain/ledger/ledger.hpp"

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "domain/ledger/key_slot.hpp"
#include "unit/domain/ledger/keys.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint32_t> rows(const std::vector<Gone>& gone) {
    std::vector<std::uint32_t> out;
    for (const Gone& key : gone) out.push_back(key.row);
    return out;
}

TEST(Ledger, FirstCensusCreatesEveryLegacyKeyUnderItsOwnRow) {
    Ledger ledger;
    ledger.begin_census();
    const Change a = ledger.observe(legacy("a"));
    const Change b = ledger.observe(legacy("b"));
    EXPECT_TRUE(a.created && b.created);
    EXPECT_EQ(a.row, 1U);
    EXPECT_EQ(b.row, 2U);
    EXPECT_FALSE(ledger.observe_modern(modern("c")));
    EXPECT_TRUE(ledger.finish_census().empty());
    const Inventory inventory = ledger.inventory(kNow);
    EXPECT_EQ(inventory.legacy_keys, 2U);
    EXPECT_EQ(inventory.modern_keys, 1U);
    EXPECT_EQ(inventory.legacy_owners, 1U);
    EXPECT_EQ(inventory.oldest_modern_created_at, kNow);
    EXPECT_EQ(inventory.legacy_last_used_at, std::nullopt);
}

TEST(Ledger, SeesUseAlterationAndSteppingBack) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("a", kNow));
    ledger.finish_census();

    EXPECT_FALSE(ledger.observe(legacy("a", kNow)).any());
    ledger.observe(legacy("never used"));
    EXPECT_FALSE(ledger.observe(legacy("never used")).any());
    const Change used = ledger.observe(legacy("a", kNow + 1s));
    EXPECT_TRUE(used.used);
    EXPECT_FALSE(used.altered || used.created);

    Key blocked = legacy("a", kNow + 1s);
    blocked.blocked = true;
    EXPECT_TRUE(ledger.observe(blocked).altered);
    Key renamed = blocked;
    renamed.name = "new name";
    EXPECT_TRUE(ledger.observe(renamed).altered);
    Key expiring = renamed;
    expiring.expires_at = kNow;
    EXPECT_TRUE(ledger.observe(expiring).altered);
    Key moved = expiring;
    moved.owner = "o2";
    EXPECT_TRUE(ledger.observe(moved).altered);
    EXPECT_FALSE(ledger.observe(moved).any());

    Key back = moved;
    back.last_used_at = kNow - 15min;
    const Change stepped = ledger.observe(back);
    EXPECT_TRUE(stepped.set_back);
    EXPECT_FALSE(stepped.used || stepped.altered);
}

TEST(Ledger, AReplicaThatLagsTakesNoUseBack) {
    Ledger ledger;
    ledger.observe(legacy("a", kNow));
    EXPECT_FALSE(ledger.observe(legacy("a", kNow - 15min)).any());
    EXPECT_EQ(ledger.inventory(kNow).legacy_last_used_at, kNow);
    EXPECT_TRUE(ledger.observe(legacy("a", kNow - 15min - 1s)).set_back);
    EXPECT_EQ(ledger.inventory(kNow).legacy_last_used_at, kNow - 15min - 1s);
}

TEST(Ledger, ACensusReportsWhatIsGoneAndAPulseDoesNot) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("a"));
    ledger.observe(legacy("b"));
    ledger.finish_census();

    ledger.observe(legacy("a", kNow));  // a pulse sees only what changed
    EXPECT_EQ(ledger.inventory(kNow).legacy_keys, 2U);

    ledger.begin_census();
    ledger.observe(legacy("b"));
    EXPECT_EQ(rows(ledger.finish_census()), std::vector<std::uint32_t>{1});
    EXPECT_EQ(ledger.inventory(kNow).legacy_keys, 1U);
    ledger.begin_census();
    EXPECT_EQ(rows(ledger.finish_census()), std::vector<std::uint32_t>{2}) << "told once";
}

TEST(Ledger, AnUpgradeInPlaceIsRecognised) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("a"));
    ledger.finish_census();
    ledger.begin_census();
    EXPECT_TRUE(ledger.observe_modern(modern("a")));
    const auto gone = ledger.finish_census();
    ASSERT_EQ(rows(gone), std::vector<std::uint32_t>{1});
    EXPECT_TRUE(gone.front().upgraded);
}

TEST(Ledger, RestoredKeysKeepTheirRowsAndNewOnesComeAfterAll) {
    Ledger ledger;
    for (const std::uint32_t row : {5U, 3U}) ledger.restore(legacy(std::to_string(row)), {.row = row});
    EXPECT_EQ(ledger.observe(legacy("new")).row, 6U);
    ledger.clear();
    ledger.restore(legacy("a", kNow),
                   {.row = 7, .last_used = static_cast<std::uint32_t>(kNow.time_since_epoch() / 1s)});
    ledger.next_row(12);
    ledger.begin_census();
    EXPECT_FALSE(ledger.observe(legacy("a", kNow)).any());
    EXPECT_EQ(ledger.observe(legacy("b")).row, 12U);
    EXPECT_TRUE(ledger.finish_census().empty());
}

TEST(Ledger, UseWindowsEndAtTheDatabasesNow) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("just inside", kNow - 5min + 1s));
    ledger.observe(legacy("on the edge", kNow - 5min));
    ledger.observe(legacy("a day", kNow - 23h));
    ledger.observe(legacy("a month", kNow - 24h * 29));
    ledger.observe(legacy("long ago", kNow - 24h * 31));
    ledger.observe(legacy("never"));
    ledger.finish_census();
    const Inventory inventory = ledger.inventory(kNow);
    EXPECT_EQ(inventory.used, (std::array<std::uint64_t, 5>{1, 2, 3, 3, 4}));
    EXPECT_EQ(inventory.legacy_last_used_at, kNow - 5min + 1s);
}

TEST(Ledger, CostsAreCountedOnlyWhereKnown) {
    Ledger ledger;
    ledger.begin_census();
    for (const int cost : {10, 10, 12}) {
        const std::string id = "k" + std::to_string(ledger.inventory(kNow).legacy_keys);
        Key key = legacy(id);
        key.bcrypt_cost = cost;
        ledger.observe(key);
    }
    ledger.observe(legacy("unknown"));
    Key wrong = legacy("too low");
    wrong.bcrypt_cost = -1;
    ledger.observe(wrong);
    wrong.id = "too high";
    wrong.bcrypt_cost = 99;
    ledger.observe(wrong);
    ledger.finish_census();
    EXPECT_EQ(ledger.inventory(kNow).by_bcrypt_cost,
              (std::map<int, std::uint64_t>{{10, 2}, {12, 1}, {31, 1}}));
}

TEST(Ledger, OwnersAreCountedOnceAndOwnerlessNot) {
    Ledger ledger;
    ledger.begin_census();
    for (int i = 0; i < 50'000; ++i) {
        const std::string id = "k" + std::to_string(i);
        const std::string owner = "o" + std::to_string(i % 20'000);
        ledger.observe(legacy(id, {}, owner));
    }
    Key system = legacy("s");
    system.owner.reset();
    ledger.observe(system);
    ledger.finish_census();
    EXPECT_EQ(ledger.inventory(kNow).legacy_owners, 20'000U);
}

TEST(Ledger, ReplacementsAreNewsOnceAndWhenFirstUsed) {
    Ledger ledger;
    ledger.begin_census();
    const std::uint32_t row = ledger.observe(legacy("a")).row;
    ledger.finish_census();
    const std::uint64_t a = hash_id("a");
    const auto another = [&](const char* id, std::uint32_t used, PairRule rule) {
        const auto news = ledger.pair(a, hash_id(id), used, rule);
        if (!news) return std::string("no news");
        EXPECT_EQ(news->row, row);
        return std::string(news->another ? "another" : "use");
    };
    EXPECT_EQ(another("m", 0, PairRule::owner), "another");
    EXPECT_EQ(another("m", 0, PairRule::owner), "no news");
    EXPECT_EQ(another("m", 5, PairRule::owner), "use");
    EXPECT_EQ(another("m", 6, PairRule::owner), "no news");
    EXPECT_EQ(ledger.recall(a).replacement_used, 5U) << "the journal has that one";
    EXPECT_EQ(another("m", 6, PairRule::name), "another") << "by another rule";
    EXPECT_EQ(ledger.recall(a).rule, PairRule::name);
    EXPECT_EQ(another("n", 7, PairRule::name), "another");
    EXPECT_EQ(another("n", 0, PairRule::name), "use") << "a restored backup takes its use away";
    EXPECT_EQ(ledger.recall(a).replacement_used, 0U);
    EXPECT_EQ(ledger.pair(hash_id("unknown"), hash_id("m"), 1, PairRule::name), std::nullopt);
}

TEST(Ledger, ARestoredReplacementIsNoNews) {
    Ledger ledger;
    ledger.restore(legacy("a"),
                   {.row = 1, .rule = PairRule::name, .replacement = hash_id("m"), .replacement_used = 5});
    EXPECT_EQ(ledger.pair(hash_id("a"), hash_id("m"), 6, PairRule::name), std::nullopt);
}

TEST(Ledger, AGoneKeyIsHandedOverWithTheRuleOfItsReplacement) {
    Ledger ledger;
    ledger.restore(legacy("a"), {.row = 3, .rule = PairRule::owner, .replacement = hash_id("m")});
    ledger.begin_census();
    const auto gone = ledger.finish_census();
    ASSERT_EQ(rows(gone), std::vector<std::uint32_t>{3});
    EXPECT_EQ(gone.front().hash, hash_id("a"));
    EXPECT_EQ(gone.front().rule, PairRule::owner);
    EXPECT_FALSE(gone.front().upgraded);
}

/// Three keys in use, one that is not and one that has gone, half-way through an active scan.
Ledger active_scan() {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("gone", kNow));
    ledger.finish_census();
    ledger.begin_census();
    for (const char* id : {"a", "b", "c"}) ledger.observe(legacy(id, kNow - 1h + 1s));
    ledger.observe(legacy("not expected", kNow - 1h + 999ms));
    ledger.finish_census();
    ledger.settle({kNow, {}, {}}, [](const Settled&) {});
    ledger.set_view({kNow, {}, {}}, kNow);
    ledger.begin_active(kNow - 1h);
    return ledger;
}

TEST(Ledger, AnActiveScanMissesKeysInUseThatAreNotShown) {
    Ledger ledger = active_scan();
    EXPECT_EQ(ledger.unseen(9).size(), 3U);
    EXPECT_EQ(ledger.unseen(2).size(), 2U);
    ledger.observe(legacy("a", kNow));
    ledger.observe(legacy("b", kNow - 2h));  // looked up: it was set back
    const std::uint32_t row = ledger.find(hash_id("c"))->row;
    EXPECT_EQ(ledger.unseen(9), std::vector<std::uint32_t>{row});
    const auto gone = ledger.take_unseen(1);
    ASSERT_EQ(rows(gone), std::vector<std::uint32_t>{row});
    EXPECT_TRUE(gone.front().in_use);
    EXPECT_TRUE(ledger.unseen(9).empty());
}

TEST(Ledger, TooManyMissingKeysNeedACensus) {
    Ledger ledger = active_scan();
    EXPECT_TRUE(ledger.take_unseen(2).empty());
    EXPECT_TRUE(ledger.unseen(9).empty());
    EXPECT_EQ(ledger.inventory(kNow).legacy_keys, 4U);
    ledger.begin_census();
    EXPECT_EQ(ledger.finish_census().size(), 4U) << "which finds them";
}

TEST(Ledger, BeforeTheFirstPollAKeyIsJudgedAsOfNow) {
    for (const auto& [polled_at, in_use] :
         {std::pair(std::optional<base::Time>{}, false), std::pair(std::optional(kNow - 1h), true)}) {
        Ledger ledger;
        ledger.restore(legacy("a"), {.row = 1,
                                     .last_used = to_seconds(kNow - 168h - 1s),
                                     .phase = Phase::dormant,
                                     .candidate = Phase::pending});
        ledger.set_view({kNow, {}, {}}, polled_at);
        ledger.begin_census();
        EXPECT_EQ(ledger.finish_census().front().in_use, in_use);
    }
}

TEST(Ledger, AKeyThatIsBackCanGoAgain) {
    Ledger ledger;
    const auto census = [&ledger](bool there) {
        ledger.begin_census();
        const bool returned = there && ledger.observe(legacy("a")).returned;
        return std::pair(returned, ledger.finish_census().size());
    };
    EXPECT_EQ(census(true), std::pair(false, std::size_t{0}));
    EXPECT_EQ(census(false), std::pair(false, std::size_t{1}));
    EXPECT_EQ(census(true), std::pair(true, std::size_t{0}));
    EXPECT_EQ(census(true), std::pair(false, std::size_t{0}));
    EXPECT_EQ(census(false), std::pair(false, std::size_t{1}));
}

TEST(Ledger, OnlyLegacyKeysKeepTheirOwner) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("a", {}, "o1"));
    ledger.observe(legacy("b", {}, "o2"));
    ledger.finish_census();
    ledger.settle({}, [](const Settled&) {});
    ledger.begin_census();
    ledger.observe(legacy("b", {}, "o2"));
    Key replacement = modern("c");
    replacement.owner = "o1";
    ledger.observe_modern(replacement);
    ledger.finish_census();
    EXPECT_FALSE(ledger.owner_left(hash_id("o1")));
    EXPECT_TRUE(ledger.owner_left(hash_id("o2")));
    EXPECT_EQ(ledger.inventory(kNow).legacy_owners, 1U);
}

TEST(Ledger, AnAdoptedKeyHasItsOldRow) {
    Ledger ledger;
    ledger.begin_census();
    EXPECT_EQ(ledger.observe(legacy("a")).row, 1U);
    ledger.adopt(legacy("a"), {.row = 77});
    ledger.adopt(legacy("unknown"), {.row = 78});
    EXPECT_EQ(ledger.recall(hash_id("a")).row, 77U);
    EXPECT_EQ(ledger.observe(legacy("b")).row, 2U);
}

TEST(Ledger, ClearForgetsEveryKeyAndNumber) {
    Ledger ledger;
    ledger.begin_census();
    ledger.observe(legacy("a", {}, "o1"));
    ledger.clear();
    EXPECT_EQ(ledger.find(hash_id("a")), nullptr);
    ledger.begin_census();
    EXPECT_EQ(ledger.observe(legacy("b", {}, "o2")).row, 1U);
    ledger.finish_census();
    EXPECT_EQ(ledger.inventory(kNow).legacy_owners, 1U);
}

TEST(Ledger, TheFirstPhaseIsThatOfTheGatewayAsItWasSeen) {
    Ledger ledger;
    ledger.set_view({kNow, {.dormant = 24h}, {FallbackMode::absent, kNow - 1h}}, {});
    EXPECT_EQ(ledger.observe(legacy("used", kNow - 2h)).first_phase, Phase::stranded);
    EXPECT_EQ(ledger.observe(legacy("idle")).first_phase, Phase::dormant);
    Key expires = legacy("expires now", kNow);
    expires.expires_at = kNow;
    EXPECT_EQ(ledger.observe(expires).first_phase, Phase::expired);
    expires.id = "expires later";
    expires.expires_at = kNow + 1us;
    EXPECT_EQ(ledger.observe(expires).first_phase, Phase::stranded);
}

TEST(Ledger, AlterationsAreThoseOfTheOperator) {
    Ledger ledger;
    Key key = legacy("a");
    key.bcrypt_cost = 10;
    ledger.observe(key);
    const auto altered = [&] { return ledger.observe(key).altered; };
    EXPECT_FALSE(altered());
    key.over_budget = true;
    EXPECT_TRUE(altered());
    key.bcrypt_cost = 12;
    EXPECT_TRUE(altered());
    key.bcrypt_cost = 99;
    EXPECT_TRUE(altered());
    key.bcrypt_cost = -1;
    EXPECT_TRUE(altered());
    key.owner = "n";
    key.name = "o1";
    EXPECT_TRUE(altered());
    std::swap(key.owner, key.name);
    EXPECT_TRUE(altered()) << "owner and name are told apart";
    EXPECT_FALSE(altered());
}

TEST(Ledger, KeysThatHaveGoneAreNotInTheInventory) {
    Ledger ledger;
    ledger.begin_census();
    Key costly = legacy("gone", kNow);
    costly.bcrypt_cost = 12;
    ledger.observe(costly);
    ledger.observe(legacy("stays", kNow - 1h));
    ledger.finish_census();
    ledger.begin_census();
    ledger.observe(legacy("stays", kNow - 1h));
    ledger.finish_census();
    const Inventory inventory = ledger.inventory(kNow);
    EXPECT_EQ(inventory.taken_at, kNow);
    EXPECT_EQ(inventory.legacy_keys, 1U);
    EXPECT_EQ(inventory.used, (std::array<std::uint64_t, 5>{0, 0, 1, 1, 1}));
    EXPECT_EQ(inventory.legacy_last_used_at, kNow - 1h);
    EXPECT_TRUE(inventory.by_bcrypt_cost.empty());
}

TEST(Ledger, ModernKeysAreCountedByEachCensusAnew) {
    Ledger ledger;
    for (const bool all : {true, false}) {
        ledger.begin_census();
        if (all) ledger.observe_modern(modern("a", kNow - 5h));
        ledger.observe_modern(modern("b", kNow - 3h));
        ledger.observe_modern(modern("c", kNow - 4h));
        ledger.finish_census();
        EXPECT_EQ(ledger.inventory(kNow).modern_keys, all ? 3U : 2U);
        EXPECT_EQ(ledger.inventory(kNow).oldest_modern_created_at, all ? kNow - 5h : kNow - 4h);
    }
    ledger.observe_modern(modern("d", kNow - 9h));
    EXPECT_EQ(ledger.inventory(kNow).modern_keys, 2U) << "a pulse does not count them";
    EXPECT_EQ(ledger.inventory(kNow).oldest_modern_created_at, kNow - 4h);
}

}  // namespace
}  // namespace keyshift::domain
