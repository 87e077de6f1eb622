// SPDX-License-Identifier: Apache-2.0
#include "domain/phases/phase.hpp"

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using base::Duration;
using base::Time;

constexpr Duration kDay = 24h;
constexpr Duration kTick = 1us;
const Time kNow{1'768'003'200s};
constexpr Windows kWindows{.drain = 7 * kDay, .dormant = 30 * kDay};

// ---- names ----

TEST(PhaseName, IsThatOfTheMetricAndReadsBack) {
    const std::vector<std::string_view> names{"pending",  "dormant",     "issued",        "overlap",
                                              "drained",  "quarantined", "expired",       "stranded",
                                              "upgraded", "retired",     "retired_in_use"};
    ASSERT_EQ(names.size(), kPhases.size());
    for (std::size_t i = 0; i < kPhases.size(); ++i) {
        EXPECT_EQ(static_cast<std::size_t>(kPhases.at(i)), i);
        EXPECT_EQ(phase_name(kPhases.at(i)), names[i]);
        EXPECT_EQ(parse_phase(names[i]), kPhases.at(i));
    }
    for (const char* text : {"", "Pending", "pending ", "retired_in_us", "none"})
        EXPECT_EQ(parse_phase(text), std::nullopt) << text;
}

TEST(PhaseName, SomebodyIsLockedOutInTwo) {
    std::vector<std::string_view> found;
    for (const Phase phase : kPhases)
        if (is_locked_out(phase)) found.push_back(phase_name(phase));
    EXPECT_EQ(found, (std::vector<std::string_view>{"stranded", "retired_in_use"}));
}

TEST(PhaseName, LivePhasesAreThoseOfRowsThatAreThere) {
    for (const Phase phase : kPhases) {
        const bool gone =
            phase == Phase::upgraded || phase == Phase::retired || phase == Phase::retired_in_use;
        EXPECT_EQ(is_live(phase), !gone) << phase_name(phase);
    }
}

TEST(ModeName, IsThatOfTheMetric) {
    EXPECT_EQ(mode_name(FallbackMode::present), "present");
    EXPECT_EQ(mode_name(FallbackMode::absent), "absent");
    EXPECT_EQ(mode_name(FallbackMode::unknown), "unknown");
}

// ---- times ----

KeyFacts never_used(Duration age) {
    KeyFacts key;
    key.created_at = kNow - age;
    return key;
}

/// Last used so long ago.
KeyFacts used(Duration ago, Replacement replacement = Replacement::none) {
    KeyFacts key = never_used(365 * kDay);
    key.last_used_at = kNow - ago;
    key.replacement = replacement;
    return key;
}

TEST(DrainWindow, IsThreeLongestGapsWhereThatIsLonger) {
    EXPECT_EQ(drain_window(0us, 7 * kDay), 7 * kDay);
    EXPECT_EQ(drain_window(1 * kDay, 7 * kDay), 7 * kDay);
    EXPECT_EQ(drain_window(56h, 7 * kDay), 7 * kDay);
    EXPECT_EQ(drain_window(56h + kTick, 7 * kDay), 7 * kDay + 3 * kTick);
    EXPECT_EQ(drain_window(31 * kDay, 7 * kDay), 93 * kDay);
}

TEST(Idle, IsSinceTheLastUseOrTheCreation) {
    EXPECT_EQ(idle(used(5 * kDay), kNow), 5 * kDay);
    EXPECT_EQ(idle(used(0us), kNow), 0us);
    EXPECT_EQ(idle(never_used(9 * kDay), kNow), 9 * kDay);
}

TEST(IsActive, EndsAtTheDrainWindowOfTheKey) {
    EXPECT_TRUE(is_active(used(0us), kWindows, kNow));
    EXPECT_TRUE(is_active(used(7 * kDay - kTick), kWindows, kNow));
    EXPECT_FALSE(is_active(used(7 * kDay), kWindows, kNow));
    EXPECT_FALSE(is_active(used(7 * kDay + kTick), kWindows, kNow));
    EXPECT_FALSE(is_active(never_used(kTick), kWindows, kNow)) << "created, but never used";

    KeyFacts monthly = used(93 * kDay - kTick);
    monthly.longest_gap = 31 * kDay;
    EXPECT_TRUE(is_active(monthly, kWindows, kNow));
    monthly.last_used_at = kNow - 93 * kDay;
    EXPECT_FALSE(is_active(monthly, kWindows, kNow));
}

// ---- live rows: the table of DESIGN section 6, top to bottom ----

constexpr Fallback kPresent{FallbackMode::present, {}};
constexpr Fallback kUnknown{FallbackMode::unknown, {}};
/// Absent for so long.
Fallback absent(Duration since) {
    return {FallbackMode::absent, kNow - since};
}
Phase phase_of(const KeyFacts& key, const Fallback& fallback = kPresent) {
    return live_phase(key, fallback, kWindows, kNow);
}
KeyFacts blocked(KeyFacts key) {
    key.blocked = true;
    return key;
}
KeyFacts beside(KeyFacts key) {
    key.beside = true;
    return key;
}
KeyFacts acknowledged(KeyFacts key) {
    key.acknowledged = true;
    return key;
}
KeyFacts expired(KeyFacts key) {
    key.expired = true;
    return key;
}
KeyFacts over_budget(KeyFacts key) {
    key.over_budget = true;
    return key;
}
KeyFacts with_gap(KeyFacts key, Duration gap) {
    key.longest_gap = gap;
    return key;
}
KeyFacts with_replacement(KeyFacts key, Replacement replacement) {
    key.replacement = replacement;
    return key;
}

struct Row {
    const char* why;
    KeyFacts key;
    Fallback fallback;
    Phase phase;
};
void expect_rows(const std::vector<Row>& rows) {
    for (const Row& row : rows)
        EXPECT_EQ(phase_name(phase_of(row.key, row.fallback)), phase_name(row.phase)) << row.why;
}

constexpr Replacement kUnused = Replacement::unused;
constexpr Replacement kUsed = Replacement::used;

TEST(LivePhase, EveryRowOfTheTable) {
    expect_rows({
        {"blocked", blocked(used(40 * kDay)), kPresent, Phase::quarantined},
        {"past its time", expired(used(40 * kDay)), kPresent, Phase::expired},
        {"out of budget", over_budget(used(40 * kDay)), kPresent, Phase::expired},
        {"in use when its format stopped", used(1h), absent(1 * kDay), Phase::stranded},
        {"the same with a new key that nobody uses", used(1h, kUnused), absent(1 * kDay), Phase::stranded},
        {"both in use", used(1h, kUsed), kPresent, Phase::overlap},
        {"both in use as far as is known", used(1h, kUsed), kUnknown, Phase::overlap},
        {"switched", used(8 * kDay, kUsed), kPresent, Phase::drained},
        {"switched as far as is known", used(8 * kDay, kUsed), kUnknown, Phase::drained},
        {"switched before the format stopped", used(1h, kUsed), absent(1 * kDay), Phase::drained},
        {"one of two clients switched before that", beside(used(1h, kUsed)), absent(1 * kDay),
         Phase::stranded},
        {"both were idle before that", beside(used(20 * kDay, kUsed)), absent(10 * kDay), Phase::drained},
        {"of two clients, while the format works", beside(used(1h, kUsed)), kPresent, Phase::overlap},
        {"idle, and its owner was asked", acknowledged(used(8 * kDay)), kPresent, Phase::dormant},
        {"idle, new key unused, its owner was asked", acknowledged(used(8 * kDay, kUnused)), kPresent,
         Phase::dormant},
        {"in use, whatever its owner says", acknowledged(used(1h)), kPresent, Phase::pending},
        {"a monthly job, whatever its owner says", acknowledged(with_gap(used(8 * kDay), 31 * kDay)),
         kPresent, Phase::pending},
        {"switched, and the old key was never used", with_replacement(never_used(1h), kUsed), kPresent,
         Phase::drained},
        {"new key made", used(1h, kUnused), kPresent, Phase::issued},
        {"new key made, mode not known", used(1h, kUnused), kUnknown, Phase::issued},
        {"unused for long", used(31 * kDay), kPresent, Phase::dormant},
        {"unused for long, and so is its new key", used(31 * kDay, kUnused), kPresent, Phase::dormant},
        {"never used, and old", never_used(31 * kDay), kPresent, Phase::dormant},
        {"in use", used(1h), kPresent, Phase::pending},
        {"in use, mode not known", used(1h), kUnknown, Phase::pending},
        {"a little idle", used(8 * kDay), kPresent, Phase::pending},
        {"a little idle, its new key unused", used(8 * kDay, kUnused), kPresent, Phase::pending},
        {"never used, and young", never_used(1h), kPresent, Phase::pending},
        {"never used, and neither is its new key", with_replacement(never_used(1h), kUnused), kPresent,
         Phase::pending},
        {"never used when the format stopped", never_used(1h), absent(1 * kDay), Phase::pending},
        {"idle when the format stopped", used(20 * kDay), absent(10 * kDay), Phase::pending},
    });
}

/// Keys of which two or more rules hold. `overlap` excludes `stranded` by the mode and `drained` by its own
/// condition, and `drained` excludes `issued` and `dormant` by the replacement.
TEST(LivePhase, TheFirstRuleThatMatchesWins) {
    const Fallback gone = absent(10 * kDay);
    const KeyFacts slow = with_gap(used(40 * kDay, kUnused), 20 * kDay);
    expect_rows({
        {"quarantined, expired", blocked(expired(used(1h))), kPresent, Phase::quarantined},
        {"quarantined, over budget", blocked(over_budget(used(1h))), kPresent, Phase::quarantined},
        {"quarantined, stranded", blocked(used(11 * kDay)), gone, Phase::quarantined},
        {"quarantined, overlap", blocked(used(1h, kUsed)), kPresent, Phase::quarantined},
        {"quarantined, drained", blocked(used(9 * kDay, kUsed)), kPresent, Phase::quarantined},
        {"quarantined, issued", blocked(used(1h, kUnused)), kPresent, Phase::quarantined},
        {"quarantined, dormant", blocked(used(99 * kDay)), kPresent, Phase::quarantined},
        {"expired, stranded", expired(used(11 * kDay)), gone, Phase::expired},
        {"over budget, stranded", over_budget(used(11 * kDay)), gone, Phase::expired},
        {"expired, overlap", expired(used(1h, kUsed)), kPresent, Phase::expired},
        {"expired, drained", expired(used(9 * kDay, kUsed)), kPresent, Phase::expired},
        {"expired, issued", expired(used(1h, kUnused)), kPresent, Phase::expired},
        {"expired, dormant", expired(used(99 * kDay)), kPresent, Phase::expired},
        {"stranded, issued", used(6 * kDay, kUnused), gone, Phase::stranded},
        {"stranded, dormant", used(41 * kDay), absent(40 * kDay), Phase::stranded},
        {"stranded, issued, dormant", with_gap(used(41 * kDay, kUnused), 20 * kDay), absent(40 * kDay),
         Phase::stranded},
        {"issued, dormant", slow, kPresent, Phase::issued},
        {"issued, dormant, its last use long before the format stopped", slow, absent(kDay), Phase::issued},
        {"drained, not overlap, as the format stopped", used(1h, kUsed), gone, Phase::drained},
        {"overlap, not dormant, as it is active", with_gap(used(40 * kDay, kUsed), 20 * kDay), kPresent,
         Phase::overlap},
        {"drained, not dormant, as the replacement is used", used(99 * kDay, kUsed), kPresent,
         Phase::drained},
    });
}

TEST(LivePhase, BoundariesToTheMicrosecond) {
    const Duration window = 7 * kDay;
    const Duration dormant = 30 * kDay;
    const Fallback gone = absent(10 * kDay);
    const KeyFacts monthly = with_gap(used(93 * kDay, kUsed), 31 * kDay);
    KeyFacts monthly_before = monthly;
    *monthly_before.last_used_at += kTick;
    expect_rows({
        {"idle < D", used(dormant - kTick), kPresent, Phase::pending},
        {"idle == D", used(dormant), kPresent, Phase::pending},
        {"idle > D", used(dormant + kTick), kPresent, Phase::dormant},
        {"never used, idle == D", never_used(dormant), kPresent, Phase::pending},
        {"never used, idle > D", never_used(dormant + kTick), kPresent, Phase::dormant},
        {"last_used > now - Wk", used(window - kTick, kUsed), kPresent, Phase::overlap},
        {"last_used == now - Wk", used(window, kUsed), kPresent, Phase::drained},
        {"last_used < now - Wk", used(window + kTick, kUsed), kPresent, Phase::drained},
        {"monthly, last_used > now - Wk", monthly_before, kPresent, Phase::overlap},
        {"monthly, last_used == now - Wk", monthly, kPresent, Phase::drained},
        {"last_used > now - Wk, issued", used(window - kTick, kUnused), kPresent, Phase::issued},
        {"last_used == now - Wk, issued", used(window, kUnused), kPresent, Phase::pending},
        {"last_used > Tc - W", used(17 * kDay - kTick), gone, Phase::stranded},
        {"last_used == Tc - W", used(17 * kDay), gone, Phase::pending},
        {"last_used < Tc - W", used(17 * kDay + kTick), gone, Phase::pending},
        {"Tc - W has no gap in it", with_gap(used(17 * kDay), 31 * kDay), gone, Phase::pending},
        {"used after the format stopped", used(0us), gone, Phase::stranded},
    });
}

TEST(LivePhase, TheClocksOfTheDatabaseMayRunAhead) {
    EXPECT_EQ(phase_of(used(-1h)), Phase::pending);
    EXPECT_EQ(phase_of(used(-1h, kUsed)), Phase::overlap);
    EXPECT_EQ(phase_of(never_used(-1h)), Phase::pending);
}

// ---- every combination, against the table written as eight formulas that exclude each other ----

struct Facts {
    bool off, dead, absent, caught, active, old, idle, beside, asked;
    Replacement replacement;
};
Facts facts_of(const KeyFacts& key, const Fallback& fallback) {
    const auto us = [](Time t) { return t.time_since_epoch().count(); };
    const auto since_use = us(kNow) - us(key.last_used_at ? *key.last_used_at : key.created_at);
    const auto gaps = key.longest_gap.count() * 3;
    const auto week = kWindows.drain.count();
    Facts f{};
    f.off = key.blocked;
    f.dead = key.expired || key.over_budget;
    f.absent = fallback.mode == FallbackMode::absent;
    f.caught = key.last_used_at && us(*key.last_used_at) + week > us(fallback.absent_since);
    f.active = key.last_used_at && since_use < (gaps > week ? gaps : week);
    f.old = since_use > kWindows.dormant.count();
    f.idle = since_use > (gaps > week ? gaps : week);
    f.beside = key.beside;
    f.asked = key.acknowledged;
    f.replacement = key.replacement;
    return f;
}
std::vector<Phase> phases_that_hold(const Facts& f) {
    const bool works = !f.off && !f.dead;
    const bool replaced = f.replacement == kUsed;
    const bool lost = f.absent && f.caught && (!replaced || f.beside);
    const bool sleeps = f.old || (f.idle && f.asked);
    const bool waiting = f.replacement == kUnused && f.active;
    const std::vector<std::pair<Phase, bool>> all{
        {Phase::quarantined, f.off},
        {Phase::expired, f.dead && !f.off},
        {Phase::stranded, works && lost},
        {Phase::overlap, works && replaced && f.active && !f.absent},
        {Phase::drained, works && !lost && replaced && (f.absent || !f.active)},
        {Phase::issued, works && !lost && waiting},
        {Phase::dormant, works && !lost && !replaced && !waiting && sleeps},
        {Phase::pending, works && !lost && !replaced && !waiting && !sleeps},
    };
    std::vector<Phase> out;
    for (const auto& [phase, holds] : all)
        if (holds) out.push_back(phase);
    return out;
}

/// A key for each combination of what the rules ask, with times around each boundary.
std::vector<KeyFacts> all_keys() {
    std::vector<KeyFacts> keys;
    const auto add_all = [&](Duration gap, Duration age) {
        keys.push_back(with_gap(never_used(age), gap));
        for (const Duration edge : {0 * kDay, 7 * kDay, 17 * kDay, 30 * kDay, 47 * kDay, 60 * kDay}) {
            for (const int ticks : {-4, -3, -2, -1, 0, 1}) {
                keys.push_back(with_gap(used(edge - ticks * kTick), gap));
                keys.back().created_at = kNow - age;
            }
        }
    };
    for (const Duration gap : {Duration{0}, Duration{56h + kTick}, 20 * kDay})
        for (const Duration age : {1 * kDay, 30 * kDay, 30 * kDay + kTick, 365 * kDay}) add_all(gap, age);
    return keys;
}

/// With each replacement, blocked or not, expired or not, over budget or not, used beside it, acknowledged.
std::vector<KeyFacts> variants(KeyFacts key) {
    std::vector<KeyFacts> out;
    for (const Replacement replacement : {Replacement::none, kUnused, kUsed}) {
        for (unsigned bits = 0; bits < 32; ++bits) {
            key.beside = (bits & 8U) != 0;
            key.acknowledged = (bits & 16U) != 0;
            key.blocked = (bits & 1U) != 0;
            key.expired = (bits & 2U) != 0;
            key.over_budget = (bits & 4U) != 0;
            key.replacement = replacement;
            out.push_back(key);
        }
    }
    return out;
}

TEST(LivePhase, EveryCombinationHasExactlyOnePhase) {
    const std::vector<Fallback> modes{kPresent, kUnknown, absent(0us), absent(10 * kDay), absent(40 * kDay)};
    std::map<Phase, int> seen;
    for (const KeyFacts& times : all_keys()) {
        for (const KeyFacts& key : variants(times)) {
            for (const Fallback& mode : modes) {
                const std::vector<Phase> hold = phases_that_hold(facts_of(key, mode));
                ASSERT_EQ(hold.size(), 1U);
                ASSERT_EQ(phase_name(phase_of(key, mode)), phase_name(hold[0]));
                ++seen[hold[0]];
            }
        }
    }
    EXPECT_EQ(seen.size(), 8U) << "all live phases";
}

// ---- rows that have gone ----

TEST(WasInUse, IsActiveUnlessSettledAndAlwaysStranded) {
    const std::vector<std::tuple<Phase, bool, bool>> rows{
        // last phase, in use if not active, if active
        {Phase::pending, false, true},      {Phase::issued, false, true},   {Phase::overlap, false, true},
        {Phase::stranded, true, true},      {Phase::drained, false, false}, {Phase::dormant, false, false},
        {Phase::quarantined, false, false}, {Phase::expired, false, false},
    };
    for (const auto& [phase, idle_key, active_key] : rows) {
        EXPECT_TRUE(is_live(phase));
        EXPECT_EQ(was_in_use(phase, false), idle_key) << phase_name(phase);
        EXPECT_EQ(was_in_use(phase, true), active_key) << phase_name(phase);
    }
}

/// Of a key in use.
Departure departed(Duration ago) {
    Departure gone;
    gone.in_use = true;
    gone.gone_at = kNow - ago;
    return gone;
}

TEST(GonePhase, EveryRowOfTheTable) {
    Departure gone = departed(1h);
    EXPECT_EQ(gone_phase(gone, kNow), Phase::retired_in_use);
    gone.replacement_used_at = kNow - 1min;
    EXPECT_EQ(gone_phase(gone, kNow), Phase::retired) << "the replacement's use passed the deletion";
    gone.replacement_used_at = kNow - 2h;
    EXPECT_EQ(gone_phase(gone, kNow), Phase::retired_in_use) << "the replacement's use is older";
    gone.acknowledged = true;
    EXPECT_EQ(gone_phase(gone, kNow), Phase::retired) << "acknowledged";
    gone.upgraded = true;
    EXPECT_EQ(gone_phase(gone, kNow), Phase::retired) << "acknowledged, and never proved";
    gone.acknowledged = false;
    EXPECT_EQ(gone_phase(gone, kNow), Phase::retired_in_use) << "upgraded, not used since";
    gone.proved = true;
    EXPECT_EQ(gone_phase(gone, kNow), Phase::upgraded);
    gone.upgraded = false;
    EXPECT_EQ(gone_phase(gone, kNow), Phase::retired_in_use) << "without a row there is no proof";
    Departure two = departed(8 * kDay);
    two.replacement_used_at = kNow;
    two.beside = true;
    EXPECT_EQ(gone_phase(two, kNow), Phase::retired_in_use) << "one of two clients has moved";
    two.quiet = true;
    EXPECT_EQ(gone_phase(two, kNow), Phase::retired) << "nobody knocks in vain";
    two.replacement_used_at.reset();
    EXPECT_EQ(gone_phase(two, kNow), Phase::retired_in_use) << "nobody has moved";
    Departure idle_key = departed(1h);
    idle_key.in_use = false;
    EXPECT_EQ(gone_phase(idle_key, kNow), Phase::retired) << "not in use";
}

TEST(GonePhase, BoundariesToTheMicrosecond) {
    EXPECT_EQ(kLockoutWatch, 30 * kDay);
    const auto after = [](Duration age) { return gone_phase(departed(age), kNow); };
    EXPECT_EQ(after(30 * kDay - kTick), Phase::retired_in_use);
    EXPECT_EQ(after(30 * kDay), Phase::retired);
    EXPECT_EQ(after(30 * kDay + kTick), Phase::retired);

    const auto replaced = [](Duration later) {
        Departure gone = departed(1h);
        gone.replacement_used_at = gone.gone_at + later;
        return gone_phase(gone, kNow);
    };
    EXPECT_EQ(replaced(-kTick), Phase::retired_in_use);
    EXPECT_EQ(replaced(0us), Phase::retired_in_use);
    EXPECT_EQ(replaced(kTick), Phase::retired);
}

TEST(GonePhase, EveryCombination) {
    for (unsigned bits = 0; bits < 128; ++bits) {
        Departure gone;
        gone.proved = (bits & 16U) != 0;
        gone.beside = (bits & 32U) != 0;
        gone.quiet = (bits & 64U) != 0;
        gone.upgraded = (bits & 1U) != 0;
        gone.in_use = (bits & 2U) != 0;
        gone.acknowledged = (bits & 4U) != 0;
        gone.gone_at = kNow - ((bits & 8U) != 0 ? 30 * kDay : 1h);
        const std::vector<std::optional<Time>> uses{{}, gone.gone_at, gone.gone_at + kTick};
        for (const auto& use : uses) {
            gone.replacement_used_at = use;
            const bool passed = use == gone.gone_at + kTick && (!gone.beside || gone.quiet);
            const bool proved = gone.upgraded && gone.proved;
            // Someone is probably locked out in one case only: in use, and none of the four ways out.
            const bool alarm = (bits & 0b1110U) == 0b0010U && !passed && !proved;
            const Phase other = proved ? Phase::upgraded : Phase::retired;
            EXPECT_EQ(gone_phase(gone, kNow), alarm ? Phase::retired_in_use : other) << bits;
        }
    }
}

}  // namespace
}  // namespace keyshift::domain
