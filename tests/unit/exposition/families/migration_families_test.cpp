// SPDX-License-Identifier: Apache-2.0
// migration_families.hpp: what is not known has no series, and of modes and states one holds.
#include "exposition/families/migration_families.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/ascii.hpp"
#include "domain/assess.hpp"
#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

using namespace std::chrono_literals;
using domain::Model;
using domain::Phase;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};

std::string shown(const Model& model, const std::string& prefix) {
    std::vector<MetricFamily> families;
    append_migration_families(model, kNow, families);
    return series(std::move(families), prefix);
}

std::ptrdiff_t lines(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

/// Of `text`, those lines that end so.
std::string ending(const std::string& text, const std::string& end) {
    std::string out;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::string line = text.substr(begin, text.find('\n', begin) + 1 - begin);
        if (line.ends_with(end + "\n")) out += line;
        begin += line.size();
    }
    return out;
}

/// Polled, with four legacy keys.
Model polled() {
    Model model;
    domain::KeyPoll& keys = model.keys.emplace();
    keys.inventory.legacy_keys = 3;
    keys.inventory.baseline = 4;
    keys.migration.polled_at = keys.migration.clock_at = kNow - 10s;
    keys.migration.census_at = kNow - 10s;
    keys.migration.observed_since = kNow - 720h;
    keys.migration.poll_every = 30s;
    keys.migration.tally.phases.at(static_cast<std::size_t>(Phase::pending)) = 3;
    keys.migration.tally.phases.at(static_cast<std::size_t>(Phase::retired)) = 1;
    model.watch = {kNow - 720h, kNow - 10s, 30s};
    model.sources[domain::kKeysSource].up = true;
    model.sources[domain::kKeysSource].last_success_at = kNow - 10s;
    return model;
}

TEST(MigrationFamilies, BeforeTheFirstCensusThereAreOnlyCountersAndAVerdictThatIsNotSafe) {
    Model model;
    model.saved_totals.transitions.at(static_cast<std::size_t>(Phase::retired)) = 7;
    for (const char* name :
         {"keyshift_legacy_keys", "keyshift_fallback_mode{", "keyshift_migration_", "keyshift_key_"})
        EXPECT_EQ(shown(model, name), "");
    EXPECT_EQ(shown(model, "keyshift_phase_transitions_total{phase=\"retired\"}"),
              "keyshift_phase_transitions_total{phase=\"retired\"} 7\n");
    EXPECT_EQ(shown(model, "keyshift_fallback_removal_safe"), "keyshift_fallback_removal_safe 0\n");
    EXPECT_EQ(ending(shown(model, "keyshift_fallback_removal_verdict"), " 1"),
              "keyshift_fallback_removal_verdict{verdict=\"unknown\"} 1\n");
    EXPECT_EQ(shown(model, "keyshift_fallback_mode_contradicted"), "keyshift_fallback_mode_contradicted 0\n");
    EXPECT_EQ(shown(model, "keyshift_fallback_removal_earliest"), "");
}

TEST(MigrationFamilies, PhasesAddUpToTheBaseline) {
    const std::string phases = shown(polled(), "keyshift_legacy_keys{");
    EXPECT_EQ(lines(phases), static_cast<std::ptrdiff_t>(domain::kPhases.size()));
    EXPECT_EQ(ending(phases, " 3"), "keyshift_legacy_keys{phase=\"pending\"} 3\n");
    EXPECT_EQ(ending(phases, " 1"), "keyshift_legacy_keys{phase=\"retired\"} 1\n");
    EXPECT_EQ(lines(ending(phases, " 0")), lines(phases) - 2);
}

TEST(MigrationFamilies, OneModeHolds) {
    Model model = polled();
    const std::string name = "keyshift_fallback_mode{";
    EXPECT_EQ(ending(shown(model, name), " 1"), "keyshift_fallback_mode{mode=\"unknown\"} 1\n");
    model.keys->migration.detected.mode = domain::FallbackMode::present;
    EXPECT_EQ(ending(shown(model, name), " 1"), "keyshift_fallback_mode{mode=\"present\"} 1\n");
    model.policy.asserted = domain::FallbackMode::absent;
    EXPECT_EQ(ending(shown(model, name), " 1"), "keyshift_fallback_mode{mode=\"absent\"} 1\n");
    EXPECT_EQ(lines(shown(model, name)), 3);
}

TEST(MigrationFamilies, OneStateHolds) {
    Model model = polled();
    EXPECT_EQ(lines(ending(shown(model, "keyshift_migration_state"), " 1")), 1);
    EXPECT_EQ(lines(shown(model, "keyshift_migration_state")),
              static_cast<std::ptrdiff_t>(domain::kMigrationStates.size()));
    EXPECT_EQ(shown(model, "keyshift_migration_removed"), "keyshift_migration_removed_ratio 0.25\n");
    model.keys->inventory.baseline = model.keys->inventory.legacy_keys = 0;
    model.keys->migration.tally.phases = {};
    EXPECT_EQ(shown(model, "keyshift_migration_removed"), "") << "there is nothing of which it were a share";
}

TEST(MigrationFamilies, AnEstimateThatCannotBeGivenHasNoSeries) {
    Model model = polled();
    const std::string name = "keyshift_migration_eta_timestamp_seconds";
    EXPECT_EQ(shown(model, name), "");
    model.keys->migration.forecast.p85 = kNow + 1h;
    EXPECT_EQ(shown(model, name), name + "{estimate=\"p85\"} 1768006800\n");
    model.keys->migration.forecast.point = kNow;
    EXPECT_EQ(lines(shown(model, name)), 2);
}

TEST(MigrationFamilies, TheStartIsAsConfiguredElseTheOldestModernKeys) {
    Model model = polled();
    const std::string start = "keyshift_migration_start_timestamp_seconds";
    EXPECT_EQ(shown(model, start), "");
    model.keys->inventory.oldest_modern_created_at = kNow - 1s;
    EXPECT_EQ(shown(model, start), start + " 1768003199\n");
    model.policy.start = kNow;
    EXPECT_EQ(shown(model, start), start + " 1768003200\n");
    EXPECT_EQ(shown(model, "keyshift_migration_deadline"), "");
    model.policy.deadline = kNow + 1s;
    EXPECT_EQ(shown(model, "keyshift_migration_deadline"),
              "keyshift_migration_deadline_timestamp_seconds 1768003201\n");
}

TEST(MigrationFamilies, AChecksSeriesIsWhatItComesToAndAbsentWithoutData) {
    const Model model = polled();
    const domain::Judgement judged = assess(model, kNow).judgement;
    const std::string shown_checks = shown(model, "keyshift_fallback_removal_check");
    int passing = 0;
    int failing = 0;
    for (const domain::CheckResult& result : judged.checks) {
        const std::string one =
            "keyshift_fallback_removal_check{check=\"" + std::string(check_name(result.check)) + "\"}";
        const bool there = shown_checks.find(one) != std::string::npos;
        const bool pass = result.outcome == domain::CheckOutcome::pass;
        const bool fail =
            result.outcome == domain::CheckOutcome::unsafe || result.outcome == domain::CheckOutcome::not_yet;
        EXPECT_EQ(there, pass || fail) << one;
        if (there) {
            EXPECT_NE(shown_checks.find(one + (pass ? " 1\n" : " 0\n")), std::string::npos) << one;
        }
        passing += pass ? 1 : 0;
        failing += fail ? 1 : 0;
    }
    EXPECT_GT(passing, 0) << "else nothing was compared";
    EXPECT_GT(failing, 0);
    EXPECT_LT(passing + failing, static_cast<int>(domain::kCheckCount)) << "some have no data";
    EXPECT_EQ(shown(model, "keyshift_fallback_removal_safe"), "keyshift_fallback_removal_safe 0\n");
    const std::string verdicts = shown(model, "keyshift_fallback_removal_verdict");
    EXPECT_EQ(lines(verdicts), 4);
    const std::string word = base::lower(verdict_name(judged.verdict));
    EXPECT_EQ(ending(verdicts, " 1"), "keyshift_fallback_removal_verdict{verdict=\"" + word + "\"} 1\n");
}

TEST(MigrationFamilies, KeysAreNamedOnlyWhereTheyWereAskedForAndNeverWithControlCharacters) {
    Model model = polled();
    EXPECT_EQ(shown(model, "keyshift_key_"), "");
    model.keys->key_series = {{"a\n", "n\x1b[2J", "sk-", "o", Phase::overlap, kNow},
                              {"b", {}, {}, {}, Phase::pending, {}}};
    EXPECT_EQ(lines(shown(model, "keyshift_key_phase")), 2);
    EXPECT_NE(shown(model, "keyshift_key_phase").find("phase=\"overlap\"} 1\n"), std::string::npos);
    const std::string used = shown(model, "keyshift_key_last_used_timestamp_seconds");
    EXPECT_EQ(lines(used), 1) << "the other one was never used";
    EXPECT_NE(used.find("} 1768003200\n"), std::string::npos) << used;
    EXPECT_EQ(shown(model, "keyshift_key_info").find('\x1b'), std::string::npos);
}

TEST(MigrationFamilies, OnlyMarksThatWereSetHaveATime) {
    Model model = polled();
    EXPECT_EQ(shown(model, "keyshift_mark"), "");
    model.marks.last_at.at(1) = kNow;
    EXPECT_EQ(shown(model, "keyshift_mark"),
              "keyshift_mark_timestamp_seconds{mark=\"brownout_end\"} 1768003200\n");
}

}  // namespace
}  // namespace keyshift::exposition
