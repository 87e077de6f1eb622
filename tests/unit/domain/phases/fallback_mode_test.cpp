// SPDX-License-Identifier: Apache-2.0
#include "domain/phases/fallback_mode.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Mode = FallbackMode;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z
constexpr base::Duration kWeek = 168h;

/// What detect_fallback is given.
struct Case {
    FallbackState before;
    FallbackEvidence seen;
    Windows windows;
    base::Time now = kNow;

    FallbackState run() const { return detect_fallback(before, seen, windows, now); }
};

/// Nothing seen yet.
Case blank() {
    return {};
}

/// Legacy keys fell silent when modern keys came into use ten days ago, and clients try in vain: the least
/// that shows it.
Case silence() {
    Case c;
    c.seen.modern_use_began = kNow - 240h;
    c.seen.newest_modern_use = kNow - 1h;
    c.seen.newest_legacy_use = kNow - 241h;
    c.seen.newest_legacy_use_before_modern = kNow - 241h;
    c.seen.silent_without_reason = 2;
    c.seen.scans_measured = true;
    c.seen.not_found_grew_at = kNow - 1h;
    return c;
}

Case was(Mode mode, Case c = silence()) {
    c.before = {mode, kNow - 2000h, {}, "found before"};
    if (mode == Mode::absent) c.before.absent_since = kNow - 2001h;
    return c;
}

struct Row {
    const char* name;
    Case (*base)();
    void (*change)(Case&);
    Mode mode;
    const char* evidence = "";
};

void expect_rows(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        Case c = row.base();
        row.change(c);
        const FallbackState state = c.run();
        EXPECT_EQ(mode_name(state.mode), mode_name(row.mode));
        EXPECT_THAT(state.evidence, HasSubstr(row.evidence));
        EXPECT_FALSE(state.evidence.empty() || state.evidence.back() == '.');
        EXPECT_EQ(state.since, state.mode == c.before.mode ? c.before.since : c.now);
        if (state.mode != Mode::absent) {
            EXPECT_EQ(state.absent_since, base::Time{});
        }
    }
}

Case used_after_modern() {
    Case c;
    c.seen.modern_use_began = kNow - 240h;
    c.seen.newest_legacy_use = kNow - 1h;
    return c;
}

const std::vector<Row> kPresenceRows{
    {"nothing seen", blank, [](Case&) {}, Mode::unknown,
     "nothing shows a fallback, and silence proves nothing yet: no use of a modern key is known"},
    {"used", used_after_modern, [](Case&) {}, Mode::present,
     "a legacy key was used 2026-01-09T23:00:00Z, after modern keys came into use"},
    {"used when modern began", used_after_modern,
     [](Case& c) { c.seen.modern_use_began = c.seen.newest_legacy_use; }, Mode::unknown},
    {"used 1 us later", used_after_modern, [](Case& c) { c.seen.modern_use_began = kNow - 1h - 1us; },
     Mode::present},
    {"used, no modern use", used_after_modern, [](Case& c) { c.seen.modern_use_began.reset(); },
     Mode::unknown},
    {"used, modern use ahead", used_after_modern, [](Case& c) { c.seen.modern_use_began = kNow + 6min; },
     Mode::unknown, "no use of a modern key is known"},
    {"used W less 1 us ago", used_after_modern,
     [](Case& c) { c.seen.newest_legacy_use = kNow - kWeek + 1us; }, Mode::present},
    {"used W ago", used_after_modern, [](Case& c) { c.seen.newest_legacy_use = kNow - kWeek; }, Mode::unknown,
     "a legacy key was used 2026-01-03T00:00:00Z, after modern keys came into use, which is too long ago"},
    {"used within a shorter W", used_after_modern, [](Case& c) { c.windows.drain = 1h; }, Mode::unknown},
    {"used 5 min ahead", used_after_modern, [](Case& c) { c.seen.newest_legacy_use = kNow + 5min; },
     Mode::present},
    {"used further ahead", used_after_modern, [](Case& c) { c.seen.newest_legacy_use = kNow + 5min + 1us; },
     Mode::unknown},

    {"scans alone may be in vain", blank, [](Case& c) { c.seen.scans_grew_at = kNow - 1h; }, Mode::unknown},
    {"counted", blank, [](Case& c) { c.seen.fallback_counted_at = kNow - kWeek + 1us; }, Mode::present,
     "a use of the fallback was last counted 2026-01-03"},
    {"counted W ago", blank, [](Case& c) { c.seen.fallback_counted_at = kNow - kWeek; }, Mode::unknown},
    {"counted ahead", blank, [](Case& c) { c.seen.fallback_counted_at = kNow + 6min; }, Mode::unknown},
    {"canary accepted", blank, [](Case& c) { c.seen.canary_accepted_at = kNow - kWeek + 1us; }, Mode::present,
     "the canary legacy key was accepted 2026-01-03"},
    {"canary accepted W ago", blank, [](Case& c) { c.seen.canary_accepted_at = kNow - kWeek; },
     Mode::unknown},
    {"canary accepted ahead", blank, [](Case& c) { c.seen.canary_accepted_at = kNow + 6min; }, Mode::unknown},

    {"the newest is told", used_after_modern,
     [](Case& c) { c.seen.canary_accepted_at = kNow - 2h, c.seen.fallback_counted_at = kNow - 30min; },
     Mode::present, "a use of the fallback was last counted 2026-01-09T23:30:00Z"},
    {"whichever it is", used_after_modern,
     [](Case& c) { c.seen.canary_accepted_at = kNow - 30min, c.seen.fallback_counted_at = kNow - 2h; },
     Mode::present, "the canary legacy key was accepted 2026-01-09T23:30:00Z"},
};

const std::vector<Row> kCanaryRows{
    {"refused", blank, [](Case& c) { c.seen.canary_refused_at = kNow - 1h; }, Mode::absent,
     "the canary legacy key was refused 2026-01-09T23:00:00Z"},
    {"refused long ago", blank, [](Case& c) { c.seen.canary_refused_at = kNow - 2000h; }, Mode::absent},
    {"refused 5 min ahead", blank, [](Case& c) { c.seen.canary_refused_at = kNow + 5min; }, Mode::absent},
    {"refused further ahead", blank, [](Case& c) { c.seen.canary_refused_at = kNow + 5min + 1us; },
     Mode::unknown},
    {"refused 1 us after use", used_after_modern, [](Case& c) { c.seen.canary_refused_at = kNow - 1h + 1us; },
     Mode::absent, "refused"},
    {"refused at a use", used_after_modern, [](Case& c) { c.seen.canary_refused_at = kNow - 1h; },
     Mode::present, "used"},
    {"refused before use", used_after_modern, [](Case& c) { c.seen.canary_refused_at = kNow - 2h; },
     Mode::present},
    {"refused before an acceptance", blank,
     [](Case& c) { c.seen.canary_refused_at = kNow - 2h, c.seen.canary_accepted_at = kNow - 1h; },
     Mode::present},
    {"refused before scans that may be in vain", blank,
     [](Case& c) { c.seen.canary_refused_at = kNow - 2h, c.seen.scans_grew_at = kNow - 1h; }, Mode::absent},
    {"refused before a count", blank,
     [](Case& c) { c.seen.canary_refused_at = kNow - 2h, c.seen.fallback_counted_at = kNow - 1h; },
     Mode::present},
    {"refused before an old use", used_after_modern,
     [](Case& c) { c.seen.canary_refused_at = kNow - 200h, c.seen.newest_legacy_use = kNow - 199h; },
     Mode::unknown},
    {"refused, uses ahead do not count", used_after_modern,
     [](Case& c) { c.seen.canary_refused_at = kNow - 2h, c.seen.newest_legacy_use = kNow + 1h; },
     Mode::absent},
};

// Each row takes one condition of the silence away, or moves it to its boundary.
const std::vector<Row> kSilenceRows{
    {"all conditions", silence, [](Case&) {}, Mode::absent,
     "no legacy key was used after 2025-12-30T23:00:00Z, while modern keys were used until "
     "2026-01-09T23:00:00Z; legacy keys silent without a reason: 2"},
    {"modern use not known", silence, [](Case& c) { c.seen.modern_use_began.reset(); }, Mode::unknown,
     "no use of a modern key is known"},
    {"not used before modern", silence, [](Case& c) { c.seen.newest_legacy_use_before_modern.reset(); },
     Mode::unknown, "no legacy key was used in the 7d before modern keys came into use 2025-12-31T00:00:00Z"},
    {"used before modern, but ahead", silence,
     [](Case& c) { c.seen.newest_legacy_use_before_modern = kNow + 1h; }, Mode::unknown,
     "no legacy key was used in the 7d"},
    {"used 7 d before modern", silence,
     [](Case& c) { c.seen.newest_legacy_use_before_modern = kNow - 240h - kWeek; }, Mode::absent},
    {"used more than 7 d before modern", silence,
     [](Case& c) { c.seen.newest_legacy_use_before_modern = kNow - 240h - kWeek - 1us; }, Mode::unknown,
     "no legacy key was used in the 7d"},
    {"used at the time modern began", silence,
     [](Case& c) { c.seen.newest_legacy_use_before_modern = c.seen.newest_legacy_use = kNow - 240h; },
     Mode::absent},
    {"newest use not known", silence, [](Case& c) { c.seen.newest_legacy_use.reset(); }, Mode::unknown,
     "the newest use of a legacy key is not known"},
    {"newest use ahead", silence, [](Case& c) { c.seen.newest_legacy_use = kNow + 1h; }, Mode::unknown,
     "the newest use of a legacy key is not known"},
    {"modern keys unused", silence, [](Case& c) { c.seen.newest_modern_use.reset(); }, Mode::unknown,
     "no modern key was used for 1d"},
    {"modern keys used 1 d less 1 us ago", silence,
     [](Case& c) { c.seen.newest_modern_use = kNow - 24h + 1us; }, Mode::absent},
    {"modern keys used 1 d ago", silence, [](Case& c) { c.seen.newest_modern_use = kNow - 24h; },
     Mode::unknown, "no modern key was used for 1d"},
    {"modern keys used ahead", silence, [](Case& c) { c.seen.newest_modern_use = kNow + 1h; }, Mode::unknown},
    {"nobody left", silence, [](Case& c) { c.seen.silent_without_reason = 0; }, Mode::unknown,
     "no legacy key is left that should have been used"},
    {"one left", silence, [](Case& c) { c.seen.silent_without_reason = 1; }, Mode::absent},
};

/// Modern keys came into use, and the last legacy key was used, `ago`.
void move_to(Case& c, base::Duration ago) {
    c.seen.modern_use_began = c.seen.newest_legacy_use = c.seen.newest_legacy_use_before_modern = kNow - ago;
}
void no_statements(Case& c) {
    c.seen.scans_measured = false;
    c.seen.not_found_grew_at.reset();
}

const std::vector<Row> kQuietRows{
    {"1 d with statements", silence, [](Case& c) { move_to(c, 24h); }, Mode::absent},
    {"1 d less 1 us", silence, [](Case& c) { move_to(c, 24h - 1us); }, Mode::unknown,
     "modern keys came into use 2026-01-09T00:00:00.000001Z, less than 1d ago"},
    {"modern for 1 d less 1 us", silence,
     [](Case& c) {
         c.seen.modern_use_began = kNow - 24h + 1us, c.seen.newest_legacy_use = kNow - 25h,
         c.seen.newest_legacy_use_before_modern = kNow - 25h;
     },
     Mode::unknown, "came into use"},
    {"3 d without", silence, [](Case& c) { no_statements(c), move_to(c, 72h); }, Mode::absent},
    {"3 d less 1 us without", silence, [](Case& c) { no_statements(c), move_to(c, 72h - 1us); },
     Mode::unknown, "less than 3d ago"},
    {"without, modern keys used 3 d ago", silence,
     [](Case& c) { no_statements(c), c.seen.newest_modern_use = kNow - 72h; }, Mode::unknown, "for 3d"},
    {"without, modern keys used 3 d less 1 us ago", silence,
     [](Case& c) { no_statements(c), c.seen.newest_modern_use = kNow - 72h + 1us; }, Mode::absent},
    {"not measured but grown", silence, [](Case& c) { c.seen.scans_measured = false, move_to(c, 71h); },
     Mode::unknown, "less than 3d ago"},
    {"measured, nobody tries", silence, [](Case& c) { c.seen.not_found_grew_at.reset(), move_to(c, 71h); },
     Mode::unknown, "less than 3d ago"},
    {"measured, nobody tries for 3 d", silence,
     [](Case& c) { c.seen.not_found_grew_at.reset(), move_to(c, 72h); }, Mode::absent},
    {"tried 1 d less 1 us ago", silence,
     [](Case& c) { c.seen.not_found_grew_at = kNow - 24h + 1us, move_to(c, 24h); }, Mode::absent},
    {"tried 1 d ago", silence, [](Case& c) { c.seen.not_found_grew_at = kNow - 24h, move_to(c, 71h); },
     Mode::unknown, "less than 3d ago"},
    {"tried ahead", silence, [](Case& c) { c.seen.not_found_grew_at = kNow + 1h, move_to(c, 71h); },
     Mode::unknown, "less than 3d ago"},
    {"scans ahead", silence, [](Case& c) { c.seen.scans_grew_at = kNow + 1h, move_to(c, 71h); },
     Mode::unknown, "less than 3d ago"},
    {"scans 1 d less 1 us ago, short W", silence,
     [](Case& c) { c.windows.drain = 1h, c.seen.scans_grew_at = kNow - 24h + 1us, move_to(c, 71h); },
     Mode::unknown, "less than 3d ago"},
    {"scans 1 d ago, short W", silence,
     [](Case& c) { c.windows.drain = 1h, c.seen.scans_grew_at = kNow - 24h, move_to(c, 71h); }, Mode::absent},
    // Only a drain window shorter than the quiet lets a use after modern keys began be that young.
    {"used 1 d ago, short W", silence,
     [](Case& c) { c.windows.drain = 1h, c.seen.newest_legacy_use = kNow - 24h; }, Mode::absent},
    {"used 1 d less 1 us ago, short W", silence,
     [](Case& c) { c.windows.drain = 1h, c.seen.newest_legacy_use = kNow - 24h + 1us; }, Mode::unknown,
     "a legacy key was used 2026-01-09T00:00:00.000001Z, less than 1d ago"},
    {"used later than W ago", silence, [](Case& c) { c.seen.newest_legacy_use = kNow - 160h; }, Mode::present,
     "was used"},
};

Case was_absent() {
    return was(Mode::absent);
}
Case was_absent_unsupported() {
    return was(Mode::absent, blank());
}
Case was_present() {
    return was(Mode::present);
}
Case was_present_unsupported() {
    return was(Mode::present, blank());
}

const std::vector<Row> kStickyRows{
    {"absent stays without evidence", was_absent_unsupported, [](Case&) {}, Mode::absent, "found before"},
    {"absent stays, explained", was_absent, [](Case& c) { c.seen.silent_without_reason = 0; }, Mode::absent,
     "no legacy key was used after 2025-12-30T23:00:00Z, while modern keys were used until "
     "2026-01-09T23:00:00Z"},
    {"absent ends with a use", was_absent, [](Case& c) { c.seen.newest_legacy_use = kNow - 1h; },
     Mode::present},
    {"absent outlives older evidence", was_absent_unsupported,
     [](Case& c) { c.seen.fallback_counted_at = c.before.since; }, Mode::absent, "found before"},
    {"absent ends with newer evidence, seen too late", was_absent_unsupported,
     [](Case& c) { c.seen.fallback_counted_at = c.before.since + 1us; }, Mode::unknown, "too long ago"},
    {"... and silence has to be shown again", was_absent,
     [](Case& c) { c.seen.fallback_counted_at = kNow - 200h, c.seen.silent_without_reason = 0; },
     Mode::unknown},
    {"absent is not touched by evidence ahead", was_absent_unsupported,
     [](Case& c) { c.seen.fallback_counted_at = kNow + 1h; }, Mode::absent},
    {"present stays, explained", was_present_unsupported, [](Case&) {}, Mode::present, "found before"},
    {"present stays, explained, with its evidence", was_present_unsupported,
     [](Case& c) { c.seen.fallback_counted_at = kNow - 200h; }, Mode::present,
     "a use of the fallback was last counted 2026-01-01T16:00:00Z, and no legacy key is left that should "
     "have "
     "been used since"},
    {"present ends unexplained", was_present_unsupported, [](Case& c) { c.seen.silent_without_reason = 1; },
     Mode::unknown},
    {"present ends with silence", was_present, [](Case&) {}, Mode::absent},
    {"present stays in explained silence", was_present, [](Case& c) { c.seen.silent_without_reason = 0; },
     Mode::present},
    {"present ends with the canary", was_present_unsupported,
     [](Case& c) { c.seen.canary_refused_at = kNow; }, Mode::absent},
    {"unknown stays, explained", blank, [](Case&) {}, Mode::unknown},
};

/// A legacy key was upgraded an hour ago, by a gateway that does so when a key is used.
Case promoted() {
    Case c;
    c.seen.promotes_in_place = true;
    c.seen.newest_upgrade = kNow - 1h;
    return c;
}
Case silence_of_promoting() {
    Case c = silence();
    c.seen.promotes_in_place = true;
    return c;
}
Case was_present_promoting() {
    return was(Mode::present, silence_of_promoting());
}
Case was_absent_promoting() {
    return was(Mode::absent, silence_of_promoting());
}
const char* const kAlwaysSilent =
    "a legacy key that is used here is none any more, so that those that are left are always silent";

const std::vector<Row> kPromotionRows{
    {"a promotion is a use", promoted, [](Case&) {}, Mode::present,
     "a legacy key was found upgraded in place, as its use does, 2026-01-09T23:00:00Z"},
    {"W less 1 us ago", promoted, [](Case& c) { c.seen.newest_upgrade = kNow - kWeek + 1us; }, Mode::present},
    {"W ago", promoted, [](Case& c) { c.seen.newest_upgrade = kNow - kWeek; }, Mode::unknown, kAlwaysSilent},
    {"ahead", promoted, [](Case& c) { c.seen.newest_upgrade = kNow + 6min; }, Mode::unknown, kAlwaysSilent},
    {"it may be the newest evidence", promoted, [](Case& c) { c.seen.fallback_counted_at = kNow - 2h; },
     Mode::present, "upgraded in place"},
    {"silence of the others proves nothing", silence_of_promoting, [](Case&) {}, Mode::unknown,
     kAlwaysSilent},
    {"nor does it end what was found", was_present_promoting, [](Case&) {}, Mode::present, "found before"},
    {"nor do old promotions", was_present_promoting, [](Case& c) { c.seen.newest_upgrade = kNow - 200h; },
     Mode::present,
     "upgraded in place, as its use does, 2026-01-01T16:00:00Z, and nothing has spoken against that since"},
    {"a promotion ends absence", was_absent_promoting, [](Case& c) { c.seen.newest_upgrade = kNow - 1h; },
     Mode::present, "upgraded in place"},
    {"seen too late, it ends it too", was_absent_promoting,
     [](Case& c) { c.seen.newest_upgrade = kNow - 200h; }, Mode::unknown, "too long ago"},
    {"an older one does not", was_absent_promoting, [](Case& c) { c.seen.newest_upgrade = c.before.since; },
     Mode::absent, "found before"},

    // Of other gateways nobody knows whether it was a use, or its owner who has renewed it.
    {"elsewhere an upgrade is no use", promoted, [](Case& c) { c.seen.promotes_in_place = false; },
     Mode::unknown,
     "nothing shows a fallback, and silence proves nothing yet: a legacy key was upgraded in place "
     "2026-01-09T23:00:00Z; if this gateway does so when a key is used, set gateway.promotes_in_place"},
    {"but it keeps silence from proving absence", silence,
     [](Case& c) { c.seen.newest_upgrade = kNow - 200h; }, Mode::unknown, "set gateway.promotes_in_place"},
    {"and speaks against absence", was_absent_unsupported,
     [](Case& c) { c.seen.newest_upgrade = c.before.since + 1us; }, Mode::unknown,
     "set gateway.promotes_in_place"},
    {"unless it is older", was_absent_unsupported, [](Case& c) { c.seen.newest_upgrade = c.before.since; },
     Mode::absent, "found before"},
    {"one that is ahead says nothing", silence, [](Case& c) { c.seen.newest_upgrade = kNow + 6min; },
     Mode::absent},
};

TEST(FallbackMode, WhereUseUpgradesAKeySilenceSaysNothing) {
    expect_rows(kPromotionRows);
}

TEST(FallbackMode, AGatewayThatPromotesIsNeverFoundToBeWithoutAFallback) {
    Case c = silence_of_promoting();
    c.seen.newest_upgrade = kNow - 1h;
    for (int day = 0; day < 400; ++day, c.now += 24h) {
        c.seen.newest_modern_use = c.now;
        c.before = c.run();
        ASSERT_EQ(mode_name(c.before.mode), "present") << day;
    }
}

TEST(FallbackMode, PresentWhereEvidenceIsYoungerThanTheDrainWindow) {
    expect_rows(kPresenceRows);
}

TEST(FallbackMode, TheCanaryIsWeighedByAge) {
    expect_rows(kCanaryRows);
}

TEST(FallbackMode, SilenceNeedsEveryCondition) {
    expect_rows(kSilenceRows);
}

TEST(FallbackMode, TheQuietIsShorterWhereStatementsShowAttemptsInVain) {
    expect_rows(kQuietRows);
}

TEST(FallbackMode, AModeStaysUntilThereIsEvidenceAgainstIt) {
    expect_rows(kStickyRows);
}

TEST(FallbackMode, AUseInTheFarFutureDoesNotMakePresentForEver) {
    Case c = used_after_modern();
    c.seen.newest_legacy_use = kNow + 87'600h;
    for (int day = 0; day < 60; ++day, c.now += 24h) {
        c.before = c.run();
        EXPECT_NE(c.before.mode, Mode::present) << day;
    }
}

TEST(FallbackMode, ALongRunOfPollsGoesThroughTheModes) {
    Case c = used_after_modern();
    c.seen.newest_legacy_use_before_modern = kNow - 241h;
    c.seen.newest_modern_use = kNow - 1h;
    c.seen.silent_without_reason = 1;
    std::vector<Mode> modes;
    for (int hour = 0; hour < 400; ++hour, c.now += 1h) {
        c.seen.newest_modern_use = c.now;
        const FallbackState next = c.run();
        EXPECT_LT(next.evidence.size(), 300U);
        if (modes.empty() || modes.back() != next.mode) {
            modes.push_back(next.mode);
            EXPECT_EQ(next.since, c.now);
        }
        c.before = next;
    }
    EXPECT_EQ(modes, (std::vector{Mode::present, Mode::absent}));
    EXPECT_EQ(c.before.since, kNow - 1h + kWeek);
    EXPECT_EQ(c.before.absent_since, kNow - 1h);
}

struct CutOff {
    const char* name;
    void (*change)(FallbackEvidence&);
    base::Time expected;
};

TEST(FallbackMode, LegacyKeysStoppedWorkingAfterTheirLastUse) {
    const base::Time refused = kNow - 1h;
    const std::vector<CutOff> rows{
        {"nothing known", [](FallbackEvidence&) {}, refused},
        {"used", [](FallbackEvidence& e) { e.newest_legacy_use = kNow - 20h; }, kNow - 20h},
        {"used when refused", [](FallbackEvidence& e) { e.newest_legacy_use = kNow - 1h; }, refused},
        {"used later", [](FallbackEvidence& e) { e.newest_legacy_use = kNow - 30min; }, refused},
        {"used W less 1 us before",
         [](FallbackEvidence& e) { e.newest_legacy_use = kNow - 1h - kWeek + 1us; }, refused - kWeek + 1us},
        {"used W before", [](FallbackEvidence& e) { e.newest_legacy_use = kNow - 1h - kWeek; }, refused},
        {"used ahead", [](FallbackEvidence& e) { e.newest_legacy_use = kNow + 1h; }, refused},
        {"accepted", [](FallbackEvidence& e) { e.canary_accepted_at = kNow - 20h; }, kNow - 20h},
        {"accepted after a use",
         [](FallbackEvidence& e) { e.newest_legacy_use = kNow - 21h, e.canary_accepted_at = kNow - 20h; },
         kNow - 20h},
        {"accepted before a use",
         [](FallbackEvidence& e) { e.newest_legacy_use = kNow - 19h, e.canary_accepted_at = kNow - 20h; },
         kNow - 19h},
        {"accepted W before", [](FallbackEvidence& e) { e.canary_accepted_at = kNow - 1h - kWeek; }, refused},
    };
    for (const CutOff& row : rows) {
        Case c = blank();
        c.seen.canary_refused_at = refused;
        row.change(c.seen);
        EXPECT_EQ(c.run().mode, Mode::absent) << row.name;
        EXPECT_EQ(c.run().absent_since, row.expected) << row.name;
    }
}

TEST(FallbackMode, AfterSilenceTheCutOffIsTheNewestUseHoweverOld) {
    EXPECT_EQ(silence().run().absent_since, kNow - 241h);
    Case c = silence();
    c.windows.drain = 1h;
    EXPECT_EQ(c.run().absent_since, kNow - 241h);
}

TEST(FallbackMode, TheCutOffIsFixedWhenItIsFound) {
    Case c = was_absent();
    EXPECT_EQ(c.run().absent_since, kNow - 2001h);
    c.seen.canary_refused_at = kNow - 1h;
    EXPECT_EQ(c.run().absent_since, kNow - 2001h);
    EXPECT_EQ(was_absent_unsupported().run().absent_since, kNow - 2001h);
}

FallbackState detected(Mode mode) {
    return {mode, kNow - 5h, mode == Mode::absent ? kNow - 9h : base::Time{}, "something was seen"};
}

TEST(FallbackMode, WithoutAnAssertionTheDetectedModeCounts) {
    for (const Mode mode : kFallbackModes) {
        const FallbackJudgement out = with_assertion(detected(mode), Mode::unknown, {});
        EXPECT_EQ(out.state.mode, mode);
        EXPECT_EQ(out.state.since, kNow - 5h);
        EXPECT_EQ(out.state.absent_since, detected(mode).absent_since);
        EXPECT_EQ(out.state.evidence, "something was seen");
        EXPECT_FALSE(out.asserted || out.contradicted);
    }
}

TEST(FallbackMode, AnAssertionCountsAndIsContradictedByTheOppositeOnly) {
    for (const Mode asserted : {Mode::present, Mode::absent}) {
        for (const Mode mode : kFallbackModes) {
            const FallbackJudgement out = with_assertion(detected(mode), asserted, {});
            const bool opposite = mode != Mode::unknown && mode != asserted;
            EXPECT_EQ(out.state.mode, asserted);
            EXPECT_EQ(out.state.since, kNow - 5h);
            EXPECT_TRUE(out.asserted);
            EXPECT_EQ(out.contradicted, opposite);
            EXPECT_EQ(out.state.evidence, "the configuration asserts that it is " +
                                              std::string(mode_name(asserted)) +
                                              (opposite ? ", but something was seen" : ""));
        }
    }
}

TEST(FallbackMode, TheCutOffOfAnAssertedAbsence) {
    FallbackEvidence seen;
    EXPECT_EQ(with_assertion(detected(Mode::absent), Mode::absent, seen).state.absent_since, kNow - 9h);
    EXPECT_EQ(with_assertion(detected(Mode::unknown), Mode::absent, seen).state.absent_since, kNow - 5h);
    seen.newest_legacy_use = kNow - 7h;
    EXPECT_EQ(with_assertion(detected(Mode::absent), Mode::absent, seen).state.absent_since, kNow - 9h);
    EXPECT_EQ(with_assertion(detected(Mode::unknown), Mode::absent, seen).state.absent_since, kNow - 7h);
    EXPECT_EQ(with_assertion(detected(Mode::present), Mode::absent, seen).state.absent_since, kNow - 7h);
    EXPECT_EQ(with_assertion(detected(Mode::absent), Mode::present, seen).state.absent_since, base::Time{});
    EXPECT_EQ(with_assertion(detected(Mode::unknown), Mode::absent, seen).state.rules_view().absent_since,
              kNow - 7h);
}

}  // namespace
}  // namespace keyshift::domain
