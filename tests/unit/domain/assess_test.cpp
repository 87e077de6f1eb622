// SPDX-License-Identifier: Apache-2.0
#include "domain/assess.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Outcome = CheckOutcome;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z
constexpr base::Duration kWeek = 168h;

/// Half of the keys are removed, the other half waits for it; no check fails.
Model safe_model() {
    Model model = usual_model();
    SourceStatus& keys = model.sources[kKeysSource];
    keys.up = true;
    keys.last_success_at = kNow - 10s;
    keys.observation_start = kNow - 1000h;
    Migration& migration = model.keys.emplace().migration;
    migration.polled_at = migration.clock_at = kNow - 10s;
    migration.census_at = kNow - 10s;
    migration.poll_every = 30s;
    migration.observed_since = kNow - 720h;
    migration.tally.phases.at(static_cast<std::size_t>(Phase::drained)) = 3;
    migration.tally.phases.at(static_cast<std::size_t>(Phase::dormant)) = 1;
    migration.tally.phases.at(static_cast<std::size_t>(Phase::retired)) = 4;
    migration.evidence.newest_legacy_use = kNow - 200h;
    migration.last_used_proved_at = kNow - 720h;
    migration.evidence.newest_modern_use = kNow - 1h;
    migration.detected = {FallbackMode::present, kNow - 720h, {}, "it was seen"};
    migration.newest_legacy_created_at = kNow - 2400h;
    migration.last_removal = kNow - 24h;
    migration.live_before = 4;
    model.policy.measurable[kProbeSource] = {};
    model.keys->judged_by = model.policy;
    model.keys->inventory.oldest_modern_created_at = kNow - 1500h;
    model.keys->inventory.legacy_keys = 4;
    model.keys->inventory.modern_keys = 5;
    return model;
}

/// Statements that have counted everything for 30 days.
SourceCounts& counting(Model& model) {
    SourceCounts& counts = model.evidence.sources["statements"];
    counts.countable.set();
    counts.counted_since = kNow - 720h;
    counts.read_at = kNow - 10s;
    counts.poll_every = 30s;
    prove(counts.proof, kNow - 720h);
    model.policy.measurable["statements"].set();
    for (Headline& headline : model.evidence.headlines) headline.evidence = "statements";
    return counts;
}

struct Row {
    const char* name;
    void (*change)(Model&);
    Check check;
    Outcome outcome;
    const char* evidence;
    std::optional<base::Time> passes_at = {};
};

std::uint64_t& phase(Model& model, Phase which) {
    return model.keys->migration.tally.phases.at(static_cast<std::size_t>(which));
}

const std::vector<Row> kRows{
    {"read", [](Model&) {}, Check::sources_fresh, Outcome::pass, "2026-01-09T23:59:50Z, 10s ago"},
    {"failed", [](Model& m) { m.sources[kKeysSource].up = false; }, Check::sources_fresh, Outcome::unknown,
     "the last poll failed"},
    {"not tried since the start", [](Model& m) { m.sources[kKeysSource].up.reset(); }, Check::sources_fresh,
     Outcome::unknown, "the last poll failed"},
    {"never read", [](Model& m) { m.sources[kKeysSource].last_success_at.reset(); }, Check::sources_fresh,
     Outcome::unknown, "not read yet"},
    {"another source",
     [](Model& m) {
         m.sources["redis"] = m.sources[kKeysSource];
         m.sources.erase(kKeysSource);
     },
     Check::sources_fresh, Outcome::unknown, "not read yet"},
    {"no poll of this process", [](Model& m) { m.keys.reset(); }, Check::sources_fresh, Outcome::unknown,
     "not read yet"},
    {"poll_every", [](Model& m) { m.keys->migration.poll_every = 3s; }, Check::sources_fresh,
     Outcome::unknown, "polls are 3s apart"},

    {"no modern key", [](Model& m) { m.keys->inventory.modern_keys = 0; }, Check::inventory, Outcome::unknown,
     "no modern key"},
    {"short hashes beside longer ones",
     [](Model& m) { m.keys->inventory.implausible.at(static_cast<std::size_t>(RowProblem::hash_short)) = 4; },
     Check::inventory, Outcome::unknown, "4 modern keys with a lookup hash of fewer than 16 octets"},
    {"short hashes alone, beside legacy keys",
     [](Model& m) { m.keys->inventory.implausible.at(static_cast<std::size_t>(RowProblem::hash_short)) = 5; },
     Check::inventory, Outcome::pass, ""},
    {"failed, and why",
     [](Model& m) {
         m.sources[kKeysSource].up = false;
         m.sources[kKeysSource].failure = "another table; run: keyshift accept-table";
     },
     Check::sources_fresh, Outcome::unknown,
     "the last poll failed: another table; run: keyshift accept-table; the key table"},
    {"a standby behind",
     [](Model& m) {
         m.keys->migration.polled_at = kNow - 3700s;
         m.sources[kKeysSource].last_success_at = kNow - 3700s;
     },
     Check::sources_fresh, Outcome::unknown, "on a standby that is 1h1m30s behind"},
    {"observed", [](Model&) {}, Check::coverage, Outcome::pass, "since 2025-12-11T00:00:00Z, 30d"},
    {"the clock was set", [](Model& m) { m.keys->migration.observed_since = kNow - 1h; }, Check::coverage,
     Outcome::not_yet, "1h", kNow - 1h + kWeek},
    {"the first success counts", [](Model& m) { m.keys->migration.observed_since.reset(); }, Check::coverage,
     Outcome::pass, "since 2025-11-29T08:00:00Z"},
    {"nothing is known of either",
     [](Model& m) {
         m.keys->migration.observed_since.reset();
         m.sources[kKeysSource].observation_start.reset();
     },
     Check::coverage, Outcome::unknown, "not begun"},
    {"drain window", [](Model& m) { m.policy.windows.drain = 721h; }, Check::coverage, Outcome::not_yet,
     "needed are 30d1h", kNow + 1h},

    {"a modern key was used", [](Model&) {}, Check::auth_enforced, Outcome::pass,
     "used 2026-01-09T23:00:00Z"},
    {"a legacy key later",
     [](Model& m) {
         m.keys->migration.evidence.newest_legacy_use = kNow - 30min;
         m.keys->migration.detected.mode = FallbackMode::absent;
     },
     Check::auth_enforced, Outcome::pass, "used 2026-01-09T23:30:00Z"},
    {"a modern key alone", [](Model& m) { m.keys->migration.evidence.newest_legacy_use.reset(); },
     Check::auth_enforced, Outcome::pass, "used 2026-01-09T23:00:00Z"},
    {"a legacy key alone", [](Model& m) { m.keys->migration.evidence.newest_modern_use.reset(); },
     Check::auth_enforced, Outcome::unsafe, "last use of a key 2026-01-01T16:00:00Z"},

    {"live use", [](Model& m) { m.keys->migration.tally.live_use = {2, 0, kNow + 1h}; }, Check::no_live_use,
     Outcome::not_yet, "2 legacy keys used", kNow + 1h},
    {"unswitched", [](Model& m) { m.keys->migration.tally.live_use = {2, 1, kNow + 1h}; }, Check::no_live_use,
     Outcome::unsafe, "1 of them not switched"},
    {"uses not recorded",
     [](Model& m) {
         m.policy.uses_recorded = m.keys->judged_by.uses_recorded = false;
         m.evidence = {};
         phase(m, Phase::dormant) = 1;
     },
     Check::no_live_use, Outcome::unknown, "does not tell when a key was used"},
    {"created", [](Model& m) { m.keys->migration.newest_legacy_created_at = kNow - 1h; },
     Check::no_new_legacy, Outcome::unsafe, "created 2026-01-09T23:00:00Z"},
    {"stranded", [](Model& m) { phase(m, Phase::stranded) = 1; }, Check::none_stranded, Outcome::unsafe,
     "1 legacy key is stranded"},
    {"upgraded",
     [](Model& m) {
         phase(m, Phase::retired_in_use) = 1;
         m.keys->migration.tally.upgraded_unused = 1;
     },
     Check::none_retired_in_use, Outcome::unsafe, "1 key upgraded while in use"},
    {"retired in use", [](Model& m) { phase(m, Phase::retired_in_use) = 1; }, Check::none_retired_in_use,
     Outcome::unsafe, "1 legacy key deleted while in use"},
    {"pending", [](Model& m) { phase(m, Phase::pending) = 1; }, Check::inventory, Outcome::not_yet,
     "1 pending"},
    {"drained by owner only", [](Model& m) { m.keys->migration.tally.drained_by_owner_only = 2; },
     Check::inventory, Outcome::not_yet, "2 drained keys"},
    {"policy", [](Model& m) { m.policy.inventory = InventoryPolicy::strict; }, Check::inventory,
     Outcome::not_yet, "strict"},
    {"dormant", [](Model& m) { m.keys->migration.tally.dormant_unacknowledged = 1; },
     Check::dormant_acknowledged, Outcome::unsafe, "1 dormant key is neither"},
    {"blocked lately",
     [](Model& m) {
         m.keys->migration.tally.dormant_blocked_recently = 1;
         m.keys->migration.tally.blocked_long_enough_at = kNow + 2h;
     },
     Check::dormant_acknowledged, Outcome::not_yet, "1 key is blocked", kNow + 2h},

    {"present", [](Model&) {}, Check::fallback_mode, Outcome::pass, "it was seen"},
    {"not found out", [](Model& m) { m.keys->migration.detected.mode = FallbackMode::unknown; },
     Check::fallback_mode, Outcome::unknown, "it was seen"},
    {"asserted",
     [](Model& m) {
         m.keys->migration.detected.mode = FallbackMode::unknown;
         m.policy.asserted = FallbackMode::present;
     },
     Check::fallback_mode, Outcome::pass, "the configuration asserts"},
    {"contradicted", [](Model& m) { m.policy.asserted = FallbackMode::absent; }, Check::fallback_mode,
     Outcome::unknown, "contradicts"},
    {"asserted, no poll",
     [](Model& m) {
         m.policy.asserted = FallbackMode::present;
         m.keys.reset();
     },
     Check::fallback_mode, Outcome::unknown, "it is not known"},

    {"a request without a key was refused",
     [](Model& m) {
         m.keys->migration.evidence.newest_modern_use = kNow - 30h;
         m.policy.quiet_period = 31h;
         m.probe.refused_at = kNow - 1h;
     },
     Check::auth_enforced, Outcome::pass, "was refused 2026-01-09T23:00:00Z"},
    {"let in, by a probe that is not there any more",
     [](Model& m) {
         m.probe.accepted_at = kNow - 1h;
         m.policy.measurable.clear();
     },
     Check::auth_enforced, Outcome::pass, "a key was used"},
    {"modern keys are in use", [](Model&) {}, Check::gateway_in_use, Outcome::pass,
     "a last use 2026-01-09T23:00:00Z, within 1d"},
    {"nobody uses a modern key", [](Model& m) { m.keys->migration.evidence.newest_modern_use = kNow - 24h; },
     Check::gateway_in_use, Outcome::unknown, "within 1d (migration.quiet_period)"},
    {"as quiet as is usual",
     [](Model& m) {
         m.policy.quiet_period = 72h;
         m.probe.refused_at = kNow - 1h;
         m.keys->migration.evidence.newest_modern_use = kNow - 71h;
     },
     Check::gateway_in_use, Outcome::pass, "within 3d"},
    {"a request without a key was let in", [](Model& m) { m.probe.accepted_at = kNow - 1h; },
     Check::auth_enforced, Outcome::unsafe, "let in 2026-01-09T23:00:00Z"},

    {"no hit", [](Model& m) { counting(m); }, Check::no_fallback_hits, Outcome::pass, "statements: 0"},
    {"no hit, by last uses", [](Model&) {}, Check::no_fallback_hits, Outcome::pass, "last_used: 0"},
    {"a hit", [](Model& m) { counting(m).grew_at.front() = kNow - 1h; }, Check::no_fallback_hits,
     Outcome::not_yet, "1 fallback hit since 2026-01-03T00:00:00Z (by full hours)", kNow - 1h + kWeek},
    {"counted for a day, last uses known for longer",
     [](Model& m) { counting(m).counted_since = kNow - 24h; }, Check::coverage, Outcome::pass,
     "covered by last_used since 2025-12-11"},
    {"counted for a day, last uses not proved",
     [](Model& m) {
         counting(m).counted_since = kNow - 24h;
         m.keys->migration.last_used_proved_at.reset();
     },
     Check::coverage, Outcome::not_yet, "covered by statements since 2026-01-09T00:00:00Z",
     kNow - 24h + kWeek},
    {"lost what it had counted",
     [](Model& m) {
         SourceCounts& counts = counting(m);
         counts.lost_at = counts.counted_since = kNow - 1min;
     },
     Check::coverage, Outcome::not_yet, "statements lost what it had counted 2026-01-09T23:59:00Z",
     kNow + 59min},
    {"written late",
     [](Model& m) {
         SourceCounts& counts = counting(m);
         counts.lost_at = counts.counted_since = kNow - 2min;
         m.policy.last_used_delay = 1min;
     },
     Check::coverage, Outcome::pass, "lost"},
    {"a part does not answer", [](Model& m) { counting(m).missing = {"a"}; }, Check::no_fallback_hits,
     Outcome::unknown, "statements has counted uses of the fallback before, and cannot be read in full"},
    {"configured, never read",
     [](Model& m) { m.policy.measurable["gateway_log"].set(index_of(Event::fallback)); },
     Check::no_fallback_hits, Outcome::pass, "unproved: gateway_log (it was not read yet)"},
    {"nothing proved", [](Model& m) { m.keys->migration.last_used_proved_at.reset(); },
     Check::no_fallback_hits, Outcome::unknown,
     "unproved: last_used (no legacy key's last use was seen to move)"},
    {"nothing proved: coverage", [](Model& m) { m.keys->migration.last_used_proved_at.reset(); },
     Check::coverage, Outcome::unknown, "no evidence of uses of the fallback is proved yet"},
    {"configured, failures never read", [](Model& m) { m.policy.measurable["access_log"].set(); },
     Check::failures_normal, Outcome::unknown, "access_log cannot be read in full"},
    {"not asked for and not there",
     [](Model& m) {
         m.policy.measurable["statements"].set();
         m.sources["statements"].not_measured = "no such extension";
     },
     Check::no_fallback_hits, Outcome::pass,
     "last_used: 0 fallback hits within 7d, the last 2026-01-01T16:00:00Z"},
    {"failures",
     [](Model& m) {
         counting(m);
         m.evidence.hourly.add(kHourlyFailed, kNow, 10);
         m.evidence.hourly.add(kHourlyAttempts, kNow, 100);
     },
     Check::failures_normal, Outcome::unsafe, "10 % of 100 attempts"},
    {"no failures",
     [](Model& m) {
         counting(m);
         m.evidence.hourly.add(kHourlyAttempts, kNow, 100);
     },
     Check::failures_normal, Outcome::pass, "0 % of 100 attempts"},
    {"nobody tried", [](Model& m) { counting(m); }, Check::failures_normal, Outcome::not_measured,
     "only 0 attempts"},

    {"no source counts failures", [](Model&) {}, Check::failures_normal, Outcome::not_measured, ""},
};

TEST(Assess, EachPartOfTheModelReachesItsCheck) {
    EXPECT_EQ(verdict_name(assess(safe_model(), kNow).judgement.verdict), "SAFE");
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        Model model = safe_model();
        row.change(model);
        if (model.keys) model.keys->judged_by = model.policy;
        const Judgement judgement = assess(model, kNow).judgement;
        const CheckResult& result = judgement[row.check];
        EXPECT_EQ(outcome_name(result.outcome), outcome_name(row.outcome));
        EXPECT_THAT(result.evidence, HasSubstr(row.evidence));
        EXPECT_EQ(result.passes_at, row.passes_at);
        const bool passes = row.outcome == Outcome::pass || row.outcome == Outcome::not_measured;
        EXPECT_EQ(judgement.verdict == Verdict::safe, passes);
    }
}

TEST(Assess, PhasesOfAnotherConfigurationAreNoBasisForAVerdict) {
    Model model = safe_model();
    model.policy.windows.drain += 1h;
    const Judgement judgement = assess(model, kNow).judgement;
    EXPECT_EQ(verdict_name(judgement.verdict), "UNKNOWN");
    EXPECT_THAT(judgement[Check::sources_fresh].evidence, HasSubstr("the configuration has changed"));
    model.keys->judged_by = model.policy;
    EXPECT_EQ(verdict_name(assess(model, kNow).judgement.verdict), "SAFE");
}

TEST(Assess, AProbesAnswersCarryThisHostsTime) {
    Model model = safe_model();
    model.keys->migration.evidence.newest_modern_use = kNow - 48h;
    model.policy.measurable[kProbeSource] = {};
    model.skew = 1h;  // this host is ahead
    model.probe.refused_at = kNow + 59min;
    EXPECT_EQ(assess(model, kNow).judgement[Check::auth_enforced].outcome, Outcome::pass);
    model.probe.refused_at = kNow - 23h - 30min;
    EXPECT_EQ(assess(model, kNow).judgement[Check::auth_enforced].outcome, Outcome::unsafe) << "24h30m ago";
}

TEST(Assess, CoverageSaysSinceWhenThereHasBeenNoGap) {
    Model model = safe_model();
    const auto evidence = [&model] { return assess(model, kNow).judgement[Check::coverage].evidence; };
    EXPECT_THAT(evidence(), HasSubstr("nobody is watching at the moment"));
    model.watch = Watch{kNow - 1h, kNow - 10s, 30s};
    EXPECT_THAT(evidence(), HasSubstr("after a stop, watched without a gap since 2026-01-09T23:00:00Z"));
    model.watch = Watch{kNow - 720h, kNow - 10s, 30s};
    EXPECT_THAT(evidence(), HasSubstr("observed without a gap since 2025-12-11T00:00:00Z"));
    model.watch = Watch{kNow - 720h, kNow - 16min, 30s};
    EXPECT_THAT(evidence(), HasSubstr("nobody is watching at the moment"));
}

TEST(Assess, TheFallbackIsShownAsItIsJudged) {
    Model model = safe_model();
    model.policy.asserted = FallbackMode::absent;
    const FallbackJudgement fallback = assess(model, kNow).fallback;
    EXPECT_EQ(fallback.state.mode, FallbackMode::absent);
    EXPECT_EQ(fallback.state.absent_since, kNow - 200h) << "as the evidence has it";
    EXPECT_TRUE(fallback.asserted && fallback.contradicted);
}

TEST(Assess, WithoutAPollOfThisProcessEverythingIsUnknown) {
    Model known = safe_model();
    known.keys.reset();
    for (const Model& model : {Model{}, known}) {
        const Assessment out = assess(model, kNow);
        EXPECT_EQ(verdict_name(out.judgement.verdict), "UNKNOWN");
        EXPECT_EQ(out.state, std::nullopt);
        EXPECT_EQ(out.removed_ratio, std::nullopt);
        EXPECT_EQ(out.drained_ratio, std::nullopt);
        EXPECT_EQ(out.fallback.state.mode, FallbackMode::unknown);
        for (const Check check : {Check::no_live_use, Check::no_new_legacy, Check::none_stranded,
                                  Check::none_retired_in_use, Check::inventory, Check::dormant_acknowledged})
            EXPECT_EQ(outcome_name(out.judgement[check].outcome), "UNKNOWN") << check_name(check);
    }
}

// ---- the state of the migration ----

std::string_view state_with(void (*change)(Model&)) {
    Model model = safe_model();
    change(model);
    return state_name(assess(model, kNow).state.value());
}

TEST(Assess, TheStateGoesByTheModel) {
    EXPECT_EQ(state_with([](Model&) {}), "draining");
    EXPECT_EQ(state_with([](Model& m) { phase(m, Phase::pending) = 1, m.keys->migration.live_before = 5; }),
              "migrating");
    EXPECT_EQ(state_with([](Model& m) { m.keys->migration.live_before = 3; }), "regressing");
    EXPECT_EQ(state_with([](Model& m) { m.keys->migration.last_removal = kNow - kWeek; }), "stalled");
}

TEST(Assess, TheStartIsTheOldestModernKeyUnlessConfigured) {
    EXPECT_EQ(state_with([](Model& m) { m.keys->inventory.oldest_modern_created_at.reset(); }),
              "not_started");
    EXPECT_EQ(state_with([](Model& m) { m.keys->inventory = {}; }), "not_started");
    EXPECT_EQ(state_with([](Model& m) { m.policy.start = kNow + 1h; }), "not_started");
    EXPECT_EQ(state_with([](Model& m) { m.keys->inventory = {}, m.policy.start = kNow - 1h; }), "draining");
}

TEST(Assess, WithoutARemovalStalledCountsFromTheObservation) {
    EXPECT_EQ(state_with([](Model& m) { m.keys->migration.last_removal.reset(); }), "stalled");
    const auto observed_for_a_day = [](Model& m) {
        m.keys->migration.last_removal.reset();
        m.keys->migration.observed_since = kNow - 24h;
    };
    EXPECT_EQ(state_with(observed_for_a_day), "draining");
    const auto not_known_since_when = [](Model& m) {
        m.keys->migration.last_removal.reset();
        m.keys->migration.observed_since.reset();
        m.sources[kKeysSource].observation_start.reset();
    };
    EXPECT_EQ(state_with(not_known_since_when), "draining") << "since the poll at most";
}

TEST(Assess, RatiosAreThoseOfThePhases) {
    EXPECT_EQ(assess(safe_model(), kNow).removed_ratio, 4.0 / 8);
    EXPECT_EQ(assess(safe_model(), kNow).drained_ratio, 7.0 / 8);
}

TEST(Assess, APromotionShowsThatKeysAreChecked) {
    Model model = safe_model();
    model.keys->migration.evidence.newest_legacy_use.reset();
    model.keys->migration.evidence.newest_modern_use.reset();
    model.keys->migration.evidence.newest_upgrade = kNow - 2h;
    const auto enforced = [&] { return assess(model, kNow).judgement[Check::auth_enforced]; };
    EXPECT_EQ(enforced().outcome, Outcome::unsafe) << "its owner may have renewed it";
    model.policy.promotes_in_place = true;
    EXPECT_EQ(enforced().outcome, Outcome::pass);
    EXPECT_THAT(enforced().evidence, HasSubstr("a key was used 2026-01-09T22:00:00Z"));
    model.keys->migration.evidence.newest_modern_use = kNow - 1h;
    EXPECT_THAT(enforced().evidence, HasSubstr("a key was used 2026-01-09T23:00:00Z"));
}

}  // namespace
}  // namespace keyshift::domain
