// SPDX-License-Identifier: Apache-2.0
#include "domain/verdict/verdict.hpp"

#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using F = VerdictFacts;
using Outcome = CheckOutcome;
using Passes = std::optional<base::Time>;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z
constexpr base::Duration kWeek = 168h;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::uint64_t& phase(VerdictFacts& facts, Phase which) {
    return facts.phases.at(static_cast<std::size_t>(which));
}

/// Every part measured, every check passes.
VerdictFacts safe_facts() {
    VerdictFacts f;
    f.keys_up = true;
    f.keys_read_at = kNow - 10s;
    f.census_at = kNow - 10s;
    f.poll_every = 30s;
    f.observed_since = kNow - 720h;
    f.watched_since = kNow - 720h;
    f.newest_use = kNow - 1h;
    f.modern_keys = 5;
    phase(f, Phase::drained) = 3;
    phase(f, Phase::dormant) = 1;
    phase(f, Phase::quarantined) = 1;
    phase(f, Phase::expired) = 1;
    phase(f, Phase::retired) = 4;
    f.newest_legacy_created_at = kNow - 2400h;
    f.fallback.state = {FallbackMode::present, kNow - 720h, {}, "a legacy key was used"};
    f.modern_use = {kNow - 1h, "a last use"};
    f.fallback_watch.witnesses = {FallbackWitness{
        .name = "gateway_log", .proved = true, .covered_since = kNow - 720h, .last_hit = kNow - 200h}};
    f.failures_by = "access_log";
    f.failures = AuthFailures{0.01, 0.02, 24h, 200, true, kNow - 25h};
    return f;
}

FallbackWitness& witness(VerdictFacts& facts) {
    return facts.fallback_watch.witnesses.front();
}

/// The key table, beside the other witness.
FallbackWitness& last_used(VerdictFacts& facts) {
    return facts.fallback_watch.witnesses.emplace_back(FallbackWitness{
        .name = "last_used", .proved = true, .by_key_table = true, .covered_since = kNow - 720h});
}

/// One change to the safe facts and what its check then says.
struct Row {
    const char* name;
    Check check;
    void (*change)(VerdictFacts&);
    Outcome outcome;
    const char* evidence;
    Passes passes_at = {};
};

void expect_row(const Row& row) {
    SCOPED_TRACE(std::string(check_name(row.check)) + ": " + row.name);
    VerdictFacts facts = safe_facts();
    row.change(facts);
    const Judgement judgement = judge(facts, kNow);
    EXPECT_EQ(outcome_name(judgement[row.check].outcome), outcome_name(row.outcome));
    EXPECT_THAT(judgement[row.check].evidence, HasSubstr(row.evidence));
    EXPECT_EQ(judgement[row.check].passes_at, row.passes_at);
    if (row.outcome != Outcome::pass && row.outcome != Outcome::not_measured) {
        EXPECT_NE(judgement.verdict, Verdict::safe);
    }
}

const std::vector<Row> kSourceRows{
    {"used", Check::auth_enforced, [](F&) {}, Outcome::pass, "a key was used 2026-01-09T23:00:00Z"},
    {"used, 24 h less 1 us", Check::auth_enforced, [](F& f) { f.newest_use = kNow - 24h + 1us; },
     Outcome::pass, "used 2026-01-09T00:00:00Z"},
    {"used 24 h ago", Check::auth_enforced, [](F& f) { f.newest_use = kNow - 24h; }, Outcome::unsafe,
     "within 1d that keys are checked: last use of a key 2026-01-09T00:00:00Z, last refusal of a request "
     "without credentials never"},
    {"used 5 min ahead", Check::auth_enforced, [](F& f) { f.newest_use = kNow + 5min; }, Outcome::pass,
     "2026-01-10T00:05:00Z"},
    {"used further ahead", Check::auth_enforced, [](F& f) { f.newest_use = kNow + 5min + 1us; },
     Outcome::unsafe, "2026-01-10T00:05:00Z (in the future)"},
    {"refused", Check::auth_enforced,
     [](F& f) { f.newest_use.reset(), f.probe_refused_at = kNow - 24h + 1us; }, Outcome::pass,
     "without credentials was refused 2026-01-09T00:00:00Z"},
    {"refused 24 h ago", Check::auth_enforced,
     [](F& f) { f.newest_use.reset(), f.probe_refused_at = kNow - 24h; }, Outcome::unsafe,
     "last use of a key never"},
    {"refused ahead", Check::auth_enforced,
     [](F& f) { f.newest_use.reset(), f.probe_refused_at = kNow + 6min; }, Outcome::unsafe, "future"},
    {"refused at last", Check::auth_enforced,
     [](F& f) { f.newest_use = kNow - 48h, f.probe_refused_at = kNow; }, Outcome::pass, "was refused"},
    {"let in", Check::auth_enforced, [](F& f) { f.probe_accepted_at = kNow - 1h; }, Outcome::unsafe,
     "a request without credentials was let in 2026-01-09T23:00:00Z: keys are not checked"},
    {"let in long ago, whatever is used", Check::auth_enforced,
     [](F& f) { f.probe_accepted_at = kNow - 9000h; }, Outcome::unsafe, "let in"},
    {"let in, refused before", Check::auth_enforced,
     [](F& f) { f.probe_accepted_at = kNow - 1h, f.probe_refused_at = kNow - 2h; }, Outcome::unsafe,
     "let in"},
    {"let in and refused at once", Check::auth_enforced,
     [](F& f) { f.probe_accepted_at = f.probe_refused_at = kNow - 1h; }, Outcome::unsafe, "let in"},
    {"let in, refused since", Check::auth_enforced,
     [](F& f) { f.probe_accepted_at = kNow - 2h, f.probe_refused_at = kNow - 1h; }, Outcome::pass,
     "was refused 2026-01-09T23:00:00Z"},
    {"let in, refused since, long ago", Check::auth_enforced,
     [](F& f) {
         f.probe_accepted_at = kNow - 48h, f.probe_refused_at = kNow - 24h;
         f.newest_use.reset();
     },
     Outcome::unsafe, "nothing shows"},
    {"never used", Check::auth_enforced, [](F& f) { f.newest_use.reset(); }, Outcome::unsafe, "never"},
    {"nothing known", Check::auth_enforced, [](F& f) { f.newest_use.reset(), f.keys_read_at.reset(); },
     Outcome::unknown, "not read yet"},

    {"fresh", Check::sources_fresh, [](F&) {}, Outcome::pass,
     "last read 2026-01-09T23:59:50Z, 10s ago; polls are 30s apart"},
    {"3 polls less 1 us", Check::sources_fresh, [](F& f) { f.keys_read_at = kNow - 90s + 1us; },
     Outcome::pass, "ago"},
    {"3 polls", Check::sources_fresh, [](F& f) { f.keys_read_at = kNow - 90s; }, Outcome::unknown,
     "1m30s ago"},
    {"3 polls ahead", Check::sources_fresh, [](F& f) { f.keys_read_at = kNow + 90s; }, Outcome::pass, ""},
    {"further ahead", Check::sources_fresh, [](F& f) { f.keys_read_at = kNow + 90s + 1us; }, Outcome::unknown,
     "2026-01-10T00:01:30Z, 1m30s in the future"},
    {"down", Check::sources_fresh, [](F& f) { f.keys_up = false; }, Outcome::unknown, "last poll failed"},
    {"never read", Check::sources_fresh, [](F& f) { f.keys_read_at.reset(); }, Outcome::unknown,
     "not read yet"},
    {"judged by another configuration", Check::sources_fresh, [](F& f) { f.reconfigured = true; },
     Outcome::unknown,
     "the configuration has changed since the key table was last read; the key table was last read 2026"},
    {"of a standby", Check::sources_fresh, [](F& f) { f.standby_behind = 1s; }, Outcome::pass,
     "10s ago, on a standby that is 1s behind; polls"},
    {"of a standby that is not behind", Check::sources_fresh, [](F& f) { f.standby_behind = 999ms; },
     Outcome::pass, "10s ago; polls"},
    {"no interval", Check::sources_fresh, [](F& f) { f.poll_every = {}; }, Outcome::unknown, "0s apart"},

    {"W", Check::coverage, [](F& f) { f.observed_since = kNow - kWeek; }, Outcome::pass,
     "since 2026-01-03T00:00:00Z, 7d; uses of the fallback are covered by gateway_log since "
     "2025-12-11T00:00:00Z, 30d; needed are 7d"},
    {"W less 1 us", Check::coverage, [](F& f) { f.observed_since = kNow - kWeek + 1us; }, Outcome::not_yet,
     "6d23h59m59s", kNow + 1us},
    {"ahead", Check::coverage, [](F& f) { f.observed_since = kNow + 1h; }, Outcome::not_yet,
     "(in the future)", kNow + 1h + kWeek},
    {"last uses outlast a stop", Check::coverage, [](F& f) { f.watched_since = kNow - 2h; }, Outcome::pass,
     "last uses are known since 2025-12-11T00:00:00Z, 30d; after a stop, watched without a gap since "
     "2026-01-09T22:00:00Z, 2h"},
    {"no gap", Check::coverage, [](F& f) { f.watched_since = *f.observed_since + 15min; }, Outcome::pass,
     "observed without a gap since 2025-12-11T00:00:00Z, 30d"},
    {"a gap", Check::coverage, [](F& f) { f.watched_since = *f.observed_since + 15min + 1s; }, Outcome::pass,
     "after a stop"},
    {"nobody watches", Check::coverage, [](F& f) { f.watched_since.reset(); }, Outcome::pass,
     "last uses are known since 2025-12-11T00:00:00Z, 30d; nobody is watching at the moment"},
    {"not begun", Check::coverage, [](F& f) { f.observed_since.reset(); }, Outcome::unknown, "not begun"},
    {"covered for W", Check::coverage, [](F& f) { witness(f).covered_since = kNow - kWeek; }, Outcome::pass,
     "covered by gateway_log since 2026-01-03T00:00:00Z"},
    {"covered for less", Check::coverage, [](F& f) { witness(f).covered_since = kNow - kWeek + 1us; },
     Outcome::not_yet, "6d23h59m59s", kNow + 1us},
    {"covered by the other", Check::coverage,
     [](F& f) { last_used(f), witness(f).covered_since = kNow - 1h; }, Outcome::pass,
     "covered by last_used since 2025-12-11"},
    {"not covered yet", Check::coverage, [](F& f) { witness(f).covered_since.reset(); }, Outcome::unknown,
     "no evidence of uses of the fallback is proved yet"},
    {"not proved", Check::coverage, [](F& f) { witness(f).proved = false; }, Outcome::unknown,
     "no evidence of uses of the fallback is proved yet"},
    {"not read at the moment", Check::coverage, [](F& f) { witness(f).answers = false; }, Outcome::unknown,
     "gateway_log cannot be read in full at the moment"},
    {"nothing to cover", Check::coverage,
     [](F& f) { f.fallback.state.mode = FallbackMode::absent, f.fallback_watch = {}; }, Outcome::pass,
     "30d; needed are 7d"},
    {"absent, and contradicted", Check::coverage,
     [](F& f) {
         f.fallback.state.mode = FallbackMode::absent, f.fallback.contradicted = true;
         f.fallback_watch = {};
     },
     Outcome::unknown, "no evidence"},
    {"lost, and the key table vouches later", Check::coverage,
     [](F& f) {
         last_used(f);
         witness(f).proved = false, witness(f).lost_at = kNow - 1h + 1us;
     },
     Outcome::not_yet,
     "gateway_log lost what it had counted 2026-01-09T23:00:00Z (a reset, an eviction, a "
     "restart, or another table); needed are 7d",
     kNow + 1us},
    {"lost, and vouched for", Check::coverage,
     [](F& f) {
         last_used(f);
         witness(f).proved = false, witness(f).lost_at = kNow - 1h;
     },
     Outcome::pass, "gateway_log lost what it had counted 2026-01-09T23:00:00Z"},
    {"lost, and a short window", Check::coverage,
     [](F& f) {
         last_used(f), f.windows.drain = 10min;
         witness(f).proved = false, witness(f).lost_at = kNow - 10min + 1us;
     },
     Outcome::not_yet, "lost", kNow + 1us},
    {"lost, and another source counts", Check::coverage,
     [](F& f) { f.fallback_watch.witnesses.push_back({.name = "statements", .lost_at = kNow - 1s}); },
     Outcome::pass, "statements lost what it had counted 2026-01-09T23:59:59Z"},
    {"lost long ago", Check::coverage,
     [](F& f) { f.fallback_watch.witnesses.push_back({.name = "statements", .lost_at = kNow - kWeek}); },
     Outcome::pass, "2025-12-11T00:00:00Z, 30d; needed are 7d"},

    {"used", Check::gateway_in_use, [](F&) {}, Outcome::pass,
     "modern keys are in use: a last use 2026-01-09T23:00:00Z, within 1d (migration.quiet_period)"},
    {"used, a day less 1 us", Check::gateway_in_use, [](F& f) { f.modern_use.at = kNow - 24h + 1us; },
     Outcome::pass, "2026-01-09T00:00:00Z"},
    {"used a day ago", Check::gateway_in_use, [](F& f) { f.modern_use.at = kNow - 24h; }, Outcome::unknown,
     "nothing shows that a modern key was used within 1d (migration.quiet_period), the last use known is "
     "2026-01-09T00:00:00Z"},
    {"as quiet as is usual", Check::gateway_in_use,
     [](F& f) { f.modern_use.at = kNow - 72h + 1us, f.quiet_period = 72h; }, Outcome::pass, "within 3d"},
    {"used ahead", Check::gateway_in_use, [](F& f) { f.modern_use.at = kNow + 5min + 1us; }, Outcome::unknown,
     "(in the future)"},
    {"never used", Check::gateway_in_use, [](F& f) { f.modern_use = {}; }, Outcome::unknown,
     "the last use known is never"},
    {"nothing counts uses", Check::gateway_in_use, [](F& f) { f.modern_use = {}; }, Outcome::unknown,
     "use a modern key, configure a source that counts such uses"},
    {"something counts uses", Check::gateway_in_use, [](F& f) { f.modern_use.at = kNow - 24h; },
     Outcome::unknown, "use a modern key, or raise migration.quiet_period"},

    {"none", Check::no_fallback_hits, [](F&) {}, Outcome::pass,
     "gateway_log: 0 fallback hits within 7d, the last 2026-01-01T16:00:00Z"},
    {"none ever", Check::no_fallback_hits, [](F& f) { witness(f).last_hit.reset(); }, Outcome::pass,
     "the last never"},
    {"last one W ago", Check::no_fallback_hits, [](F& f) { witness(f).last_hit = kNow - kWeek; },
     Outcome::pass, "0 fallback hits"},
    {"W less 1 us ago", Check::no_fallback_hits, [](F& f) { witness(f).last_hit = kNow - kWeek + 1us; },
     Outcome::not_yet, "0", kNow + 1us},
    {"one", Check::no_fallback_hits,
     [](F& f) {
         f.fallback_watch.within_window = 1, f.fallback_watch.hours_from = kNow - kWeek - 59min;
         witness(f).last_hit = kNow - 1h;
     },
     Outcome::not_yet, "1 fallback hit since 2026-01-02T23:01:00Z (by full hours), the last",
     kNow - 1h + kWeek},
    {"scans that nothing tells apart", Check::no_fallback_hits,
     [](F& f) {
         f.fallback_watch.within_window = 2, f.fallback_watch.of_scans = true;
         witness(f).last_hit = kNow - 1h;
     },
     Outcome::not_yet,
     "2 scans for a legacy or unknown key since 1970-01-01T00:00:00Z (by full hours), the last "
     "2026-01-09T23:00:00Z; each scan "
     "counts as a hit, since nothing tells those for unknown keys apart: a column of last uses",
     kNow - 1h + kWeek},
    {"scans, none within the window", Check::no_fallback_hits, [](F& f) { f.fallback_watch.of_scans = true; },
     Outcome::pass, "gateway_log: 0 fallback hits within 7d"},
    {"one, by a source that is not configured any more", Check::no_fallback_hits,
     [](F& f) { f.fallback_watch.last_hit = kNow - 1h; }, Outcome::not_yet, "the last 2026-01-09T23:00:00Z",
     kNow - 1h + kWeek},
    {"one, by a source that is not proved", Check::no_fallback_hits,
     [](F& f) { f.fallback_watch.witnesses.push_back({.name = "statements", .last_hit = kNow - 1h}); },
     Outcome::not_yet, "unproved: statements (it has never counted a hit)", kNow - 1h + kWeek},
    {"ahead", Check::no_fallback_hits, [](F& f) { witness(f).last_hit = kNow + 1h; }, Outcome::not_yet,
     "(in the future)", kNow + 1h + kWeek},
    {"quiet for less than W", Check::no_fallback_hits,
     [](F& f) { witness(f).covered_since = kNow - kWeek + 1us; }, Outcome::not_yet, "0 fallback hits",
     kNow + 1us},
    {"unproved ones neither block nor pass", Check::no_fallback_hits,
     [](F& f) {
         f.fallback_watch.witnesses.push_back({.name = "statements", .unproved = "not measured: why"});
     },
     Outcome::pass, "unproved: statements (not measured: why)"},
    {"what the configuration leaves out", Check::no_fallback_hits,
     [](F& f) { witness(f).left_out = "by role (gateway.statements.roles) 2 statements of admin"; },
     Outcome::pass,
     "0 fallback hits within 7d, the last 2026-01-01T16:00:00Z; left out of gateway_log: by role "
     "(gateway.statements.roles) 2 statements of admin"},
    {"what is left out, and nothing proved", Check::no_fallback_hits,
     [](F& f) { witness(f).proved = false, witness(f).left_out = "by gateway.statements.ignore 1"; },
     Outcome::unknown, "is counted; left out of gateway_log: by gateway.statements.ignore 1"},
    {"what is left out of one that is not proved", Check::no_fallback_hits,
     [](F& f) { f.fallback_watch.witnesses.push_back({.name = "statements", .left_out = "by role 1"}); },
     Outcome::pass, "unproved: statements (it has never counted a hit); left out of statements: by role 1"},
    {"a statement that may be the fallback", Check::no_fallback_hits,
     [](F& f) {
         f.fallback_watch.unclassified_at = kNow - kWeek + 1us;
         f.fallback_watch.unclassified = "a statement fits no class: select f(...)";
     },
     Outcome::unknown, "not measured: a statement fits no class: select f(...); it last ran 2026-01-03"},
    {"one that ran W ago", Check::no_fallback_hits,
     [](F& f) { f.fallback_watch.unclassified_at = kNow - kWeek; }, Outcome::pass, "0 fallback hits"},
    {"nothing proved", Check::no_fallback_hits, [](F& f) { witness(f).proved = false; }, Outcome::unknown,
     "nothing has shown that it can count uses of the fallback; unproved: gateway_log (it has never counted "
     "a "
     "hit); configure a canary"},
    {"nothing configured", Check::no_fallback_hits, [](F& f) { f.fallback_watch = {}; }, Outcome::unknown,
     "nothing that is configured can count uses of the fallback; configure a canary"},
    {"a proved one cannot be read", Check::no_fallback_hits,
     [](F& f) { last_used(f), witness(f).answers = false; }, Outcome::unknown,
     "gateway_log has counted uses of the fallback before, and cannot be read in full"},
    {"an unproved one cannot be read", Check::no_fallback_hits,
     [](F& f) { last_used(f), witness(f).answers = witness(f).proved = false; }, Outcome::pass,
     "last_used: 0"},
    {"no fallback", Check::no_fallback_hits,
     [](F& f) {
         f.fallback.state.mode = FallbackMode::absent;
         f.fallback_watch = {};
         f.fallback_watch.last_hit = kNow - 1h;
     },
     Outcome::pass, "the gateway accepts no legacy key"},
    {"no fallback, it is said", Check::no_fallback_hits,
     [](F& f) {
         f.fallback.state.mode = FallbackMode::absent, f.fallback.contradicted = true;
         f.fallback_watch.last_hit = kNow - 1h;
     },
     Outcome::not_yet, "", kNow - 1h + kWeek},

    {"normal", Check::failures_normal, [](F&) {}, Outcome::pass,
     "1 % of 200 attempts since 2026-01-08T23:00:00Z (by full hours) failed authentication; normal is at "
     "most 2 %"},
    {"at most", Check::failures_normal, [](F& f) { f.failures->ratio = 0.02; }, Outcome::pass, "at most 2 %"},
    {"more", Check::failures_normal, [](F& f) { f.failures->ratio = 0.0201; }, Outcome::unsafe, "2.01 %"},
    {"too few", Check::failures_normal,
     [](F& f) { f.failures = AuthFailures{1, 0, 168h, 99, false, kNow - 168h}; }, Outcome::not_measured,
     "only 99 attempts with a key since 2026-01-03T00:00:00Z"},
    {"no ratio", Check::failures_normal, [](F& f) { f.failures->ratio = kNan; }, Outcome::unknown,
     "access_log gives no number"},
    {"no norm", Check::failures_normal,
     [](F& f) { f.failures->normal = std::numeric_limits<double>::infinity(); }, Outcome::unknown, ""},
    {"no data", Check::failures_normal, [](F& f) { f.failures.reset(); }, Outcome::unknown,
     "access_log cannot be read in full at the moment (see keyshift doctor)"},
    {"not configured", Check::failures_normal, [](F& f) { f.failures_by.clear(); }, Outcome::not_measured,
     "configured"},
};

const std::vector<Row> kKeyRows{
    {"none", Check::no_live_use, [](F&) {}, Outcome::pass, "0 legacy keys used or created within"},
    {"switched", Check::no_live_use, [](F& f) { f.live_use = {2, 0, kNow + 3h}; }, Outcome::not_yet,
     "2 legacy keys used or created within the drain window (7d, longer for keys seldom used), 0 of them "
     "not switched (overlap, issued or pending); the last window ends 2026-01-10T03:00:00Z",
     kNow + 3h},
    {"quiet when is not known", Check::no_live_use, [](F& f) { f.live_use = {1, 0, {}}; }, Outcome::not_yet,
     "1 legacy key used"},
    {"stale numbers", Check::no_live_use, [](F& f) { f.live_use = {1, 0, kNow}; }, Outcome::not_yet, "1"},
    {"unswitched", Check::no_live_use, [](F& f) { f.live_use = {2, 1, kNow + 3h}; }, Outcome::unsafe,
     "1 of them not switched"},
    {"uses not recorded", Check::no_live_use,
     [](F& f) {
         f.uses_recorded = false, f.fallback_watch = {};
         f.phases.at(static_cast<std::size_t>(Phase::dormant)) = 1;
     },
     Outcome::unknown, "last_used_at: null"},
    {"uses recorded, nothing proved", Check::no_live_use, [](F& f) { f.fallback_watch = {}; }, Outcome::pass,
     "0 legacy keys used or created within"},
    {"uses not recorded, nothing proved", Check::no_live_use,
     [](F& f) { f.uses_recorded = witness(f).proved = false; }, Outcome::unknown, "last_used_at: null"},
    {"uses not recorded, hits counted", Check::no_live_use,
     [](F& f) {
         f.uses_recorded = false;
         f.phases.at(static_cast<std::size_t>(Phase::dormant)) = 1;
     },
     Outcome::pass, "0 legacy keys used or created within"},
    {"uses not recorded, none left", Check::no_live_use,
     [](F& f) { f.uses_recorded = false, f.fallback_watch = {}, f.phases = {}; }, Outcome::pass,
     "0 legacy keys used or created within"},
    {"no census", Check::no_live_use, [](F& f) { f.keys_read_at.reset(); }, Outcome::unknown, "not read"},

    {"old", Check::no_new_legacy, [](F& f) { f.newest_legacy_created_at = kNow - kWeek; }, Outcome::pass,
     "was created 2026-01-03T00:00:00Z, 7d ago; needed are 7d without a new one"},
    {"new", Check::no_new_legacy, [](F& f) { f.newest_legacy_created_at = kNow - kWeek + 1us; },
     Outcome::unsafe, "2026-01-03T00:00:00Z, 6d23h59m59s ago"},
    {"ahead", Check::no_new_legacy, [](F& f) { f.newest_legacy_created_at = kNow + 1h; }, Outcome::unsafe,
     "1h in the future"},
    {"no legacy key", Check::no_new_legacy, [](F& f) { f.phases = {}, f.newest_legacy_created_at.reset(); },
     Outcome::pass, "0 legacy keys"},
    {"age not known", Check::no_new_legacy, [](F& f) { f.newest_legacy_created_at.reset(); },
     Outcome::unknown, "newest of 6 legacy keys was created"},
    {"no census", Check::no_new_legacy, [](F& f) { f.keys_read_at.reset(); }, Outcome::unknown, "not read"},

    {"none", Check::none_stranded, [](F&) {}, Outcome::pass, "0 legacy keys are stranded"},
    {"one", Check::none_stranded, [](F& f) { phase(f, Phase::stranded) = 1; }, Outcome::unsafe,
     "1 legacy key is stranded: in use when legacy keys stopped working"},
    {"one since Tc", Check::none_stranded,
     [](F& f) {
         phase(f, Phase::stranded) = 2;
         f.fallback.state = {FallbackMode::absent, kNow, kNow - 1h, ""};
     },
     Outcome::unsafe, "stopped working about 2026-01-09T23:00:00Z"},
    {"no census", Check::none_stranded, [](F& f) { f.keys_read_at.reset(); }, Outcome::unknown, "not read"},

    {"none", Check::none_retired_in_use, [](F&) {}, Outcome::pass, "0 legacy keys deleted while in use"},
    {"one", Check::none_retired_in_use, [](F& f) { phase(f, Phase::retired_in_use) = 1; }, Outcome::unsafe,
     "1 legacy key deleted while in use"},
    {"upgraded", Check::none_retired_in_use,
     [](F& f) { phase(f, Phase::retired_in_use) = 3, f.upgraded_unused = 2; }, Outcome::unsafe,
     "1 legacy key deleted while in use, with no use of a replacement since; 2 keys upgraded while in use"},
    {"no census", Check::none_retired_in_use, [](F& f) { f.keys_read_at.reset(); }, Outcome::unknown, ""},

    {"settled", Check::inventory, [](F&) {}, Outcome::pass, "6 legacy keys are left, 0 of them not drained"},
    {"pending", Check::inventory, [](F& f) { phase(f, Phase::pending) = 1; }, Outcome::not_yet,
     "7 legacy keys are left, 1 of them not drained, dormant, quarantined or expired (1 pending)"},
    {"issued and overlap", Check::inventory,
     [](F& f) { phase(f, Phase::issued) = 1, phase(f, Phase::overlap) = 2; }, Outcome::not_yet,
     "3 of them not drained, dormant, quarantined or expired (1 issued, 2 overlap)"},
    {"stranded", Check::inventory, [](F& f) { phase(f, Phase::stranded) = 1; }, Outcome::not_yet,
     "(1 stranded)"},
    {"matched by owner only", Check::inventory, [](F& f) { f.drained_by_owner_only = 2; }, Outcome::not_yet,
     "2 drained keys are matched only by being the owner's sole keys, which `keyshift pair` or `keyshift "
     "ack` confirms"},
    {"strict", Check::inventory, [](F& f) { f.inventory = InventoryPolicy::strict; }, Outcome::not_yet,
     "6 legacy keys are left; the strict policy allows none"},
    {"strict, none left", Check::inventory,
     [](F& f) { f.inventory = InventoryPolicy::strict, f.phases = {}; }, Outcome::pass, "0 legacy keys"},
    {"no modern key", Check::inventory, [](F& f) { f.modern_keys = 0; }, Outcome::unknown, "no modern key"},
    {"short hashes beside longer ones", Check::inventory, [](F& f) { f.legacy_keys = 6, f.short_hashes = 4; },
     Outcome::unknown, "4 modern keys with a lookup hash of fewer than 16 octets may be legacy"},
    {"all are short, and others have none", Check::inventory,
     [](F& f) { f.legacy_keys = 6, f.short_hashes = 5; }, Outcome::pass, "6 legacy keys are left"},
    {"all are short, and no key has none", Check::inventory, [](F& f) { f.short_hashes = 5; },
     Outcome::unknown, "gateway.columns.lookup_hash: {column, length, characters}"},
    {"no census", Check::inventory, [](F& f) { f.keys_read_at.reset(); }, Outcome::unknown, "not read"},

    {"all", Check::dormant_acknowledged, [](F&) {}, Outcome::pass, "0 dormant keys are neither"},
    {"one not", Check::dormant_acknowledged, [](F& f) { f.dormant_unacknowledged = 1; }, Outcome::unsafe,
     "1 dormant key is neither acknowledged nor blocked, 0 keys are blocked for less than 7d"},
    {"one blocked lately", Check::dormant_acknowledged,
     [](F& f) { f.dormant_blocked_recently = 1, f.blocked_long_enough_at = kNow + 1h; }, Outcome::not_yet,
     "1 key is blocked for less than 7d", kNow + 1h},
    {"blocked when is not known", Check::dormant_acknowledged, [](F& f) { f.dormant_blocked_recently = 1; },
     Outcome::not_yet, "1 key is blocked"},
    {"one of each", Check::dormant_acknowledged,
     [](F& f) { f.dormant_unacknowledged = 1, f.dormant_blocked_recently = 1; }, Outcome::unsafe, "1 key"},
    {"no census", Check::dormant_acknowledged, [](F& f) { f.keys_read_at.reset(); }, Outcome::unknown, ""},

    {"present", Check::fallback_mode, [](F&) {}, Outcome::pass,
     "the gateway accepts legacy keys; a legacy key was used"},
    {"absent", Check::fallback_mode, [](F& f) { f.fallback.state.mode = FallbackMode::absent; },
     Outcome::pass, "there is nothing to remove: 6 keys are already cut off; a legacy key was used"},
    {"absent, no census", Check::fallback_mode,
     [](F& f) { f.fallback.state.mode = FallbackMode::absent, f.keys_read_at.reset(); }, Outcome::pass,
     "there is nothing to remove: legacy keys are already cut off"},
    {"unknown", Check::fallback_mode, [](F& f) { f.fallback.state.mode = FallbackMode::unknown; },
     Outcome::unknown, "it is not known whether the gateway accepts legacy keys; a legacy key was used"},
    {"unknown has a way out", Check::fallback_mode,
     [](F& f) { f.fallback.state.mode = FallbackMode::unknown; }, Outcome::unknown, "configure a canary"},
    {"a contradiction has a way out", Check::fallback_mode, [](F& f) { f.fallback.contradicted = true; },
     Outcome::unknown, "correct gateway.fallback"},
    {"contradicted", Check::fallback_mode, [](F& f) { f.fallback.asserted = f.fallback.contradicted = true; },
     Outcome::unknown, "evidence contradicts the configuration; a legacy key was used"},
    {"asserted", Check::fallback_mode, [](F& f) { f.fallback.asserted = true; }, Outcome::pass, "accepts"},
};

std::vector<Row> all_rows() {
    std::vector<Row> rows = kSourceRows;
    rows.insert(rows.end(), kKeyRows.begin(), kKeyRows.end());
    return rows;
}

TEST(Verdict, EachCheckSaysWhatItMeasures) {
    for (const Row& row : all_rows()) expect_row(row);
}

TEST(Verdict, TheTableHasEveryOutcomeThatACheckCanHave) {
    using O = Outcome;
    const std::set<std::pair<Check, Outcome>> expected{
        {Check::auth_enforced, O::unsafe},        {Check::coverage, O::not_yet},
        {Check::no_live_use, O::not_yet},         {Check::no_live_use, O::unsafe},
        {Check::no_fallback_hits, O::not_yet},    {Check::no_new_legacy, O::unsafe},
        {Check::none_stranded, O::unsafe},        {Check::none_retired_in_use, O::unsafe},
        {Check::failures_normal, O::unsafe},      {Check::failures_normal, O::not_measured},
        {Check::inventory, O::not_yet},           {Check::dormant_acknowledged, O::unsafe},
        {Check::dormant_acknowledged, O::not_yet}};
    std::set<std::pair<Check, Outcome>> seen;
    for (const Row& row : all_rows()) seen.emplace(row.check, row.outcome);
    for (std::size_t i = 0; i < kCheckCount; ++i) {
        EXPECT_EQ(seen.erase({static_cast<Check>(i), O::pass}), 1U) << i;
        EXPECT_EQ(seen.erase({static_cast<Check>(i), O::unknown}), 1U) << i;
    }
    EXPECT_EQ(seen, expected);
}

TEST(Verdict, SafeWhenEveryCheckPasses) {
    const Judgement judgement = judge(safe_facts(), kNow);
    EXPECT_EQ(judgement.verdict, Verdict::safe);
    EXPECT_TRUE(judgement.not_measured().empty());
    for (std::size_t i = 0; i < kCheckCount; ++i) {
        const CheckResult& result = judgement.checks.at(i);
        EXPECT_EQ(result.check, static_cast<Check>(i));
        EXPECT_EQ(result.outcome, Outcome::pass) << check_name(result.check);
        EXPECT_FALSE(result.evidence.empty() || result.evidence.back() == '.') << result.evidence;
    }
}

TEST(Verdict, OneCheckThatDoesNotPassIsEnoughAgainstSafe) {
    std::set<Check> alone;
    for (const Row& row : all_rows()) {
        VerdictFacts facts = safe_facts();
        row.change(facts);
        const Judgement judgement = judge(facts, kNow);
        std::size_t failing = 0;
        for (const CheckResult& result : judgement.checks)
            if (result.outcome != Outcome::pass && result.outcome != Outcome::not_measured) ++failing;
        EXPECT_EQ(judgement.verdict == Verdict::safe, failing == 0) << check_name(row.check) << row.name;
        if (failing == 1 && row.outcome != Outcome::pass) alone.insert(row.check);
    }
    // A stranded key is also open in the inventory.
    EXPECT_EQ(alone.size(), kCheckCount - 1);
    EXPECT_EQ(alone.count(Check::none_stranded), 0U);
}

TEST(Verdict, WhatIsNotConfiguredNeverBlocksAndIsNamed) {
    VerdictFacts facts = safe_facts();
    facts.failures_by.clear();
    facts.failures.reset();
    const Judgement judgement = judge(facts, kNow);
    EXPECT_EQ(judgement.verdict, Verdict::safe);
    EXPECT_EQ(judgement.not_measured(), (std::vector{Check::failures_normal}));
}

TEST(Verdict, MissingDataIsNeverSafe) {
    using Clear = void (*)(VerdictFacts&);
    const std::vector<std::pair<const char*, Clear>> parts{
        {"keys_up", [](VerdictFacts& f) { f.keys_up = false; }},
        {"keys_read_at", [](VerdictFacts& f) { f.keys_read_at.reset(); }},
        {"poll_every", [](VerdictFacts& f) { f.poll_every = {}; }},
        {"observed_since", [](VerdictFacts& f) { f.observed_since.reset(); }},
        {"newest_use", [](VerdictFacts& f) { f.newest_use.reset(); }},
        {"newest_legacy_created_at", [](VerdictFacts& f) { f.newest_legacy_created_at.reset(); }},
        {"fallback", [](VerdictFacts& f) { f.fallback = {}; }},
        {"modern_use", [](VerdictFacts& f) { f.modern_use = {}; }},
        {"fallback_watch", [](VerdictFacts& f) { f.fallback_watch = {}; }},
        {"covered_since", [](VerdictFacts& f) { witness(f).covered_since = kNow; }},
        {"failures", [](VerdictFacts& f) { f.failures.reset(); }},
    };
    for (const auto& [name, clear] : parts) {
        VerdictFacts facts = safe_facts();
        clear(facts);
        EXPECT_NE(judge(facts, kNow).verdict, Verdict::safe) << name;
    }
    EXPECT_EQ(judge(VerdictFacts{}, kNow).verdict, Verdict::unknown);
    for (const CheckResult& result : judge(VerdictFacts{}, kNow).checks)
        EXPECT_NE(result.outcome, Outcome::pass) << check_name(result.check);
}

TEST(Verdict, TheRefusedProbeIsMissedWhereNoKeyIsUsed) {
    VerdictFacts facts = safe_facts();
    facts.newest_use = kNow - 48h;
    facts.quiet_period = 72h;
    facts.probe_refused_at = kNow - 1h;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::safe);
    facts.probe_refused_at.reset();
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::unsafe);
}

TEST(Verdict, SafeIsSaidOfACensusThatBeganWhenNothingElseWasMissing) {
    VerdictFacts facts = safe_facts();  // all pass since the last hit left the window, 32 hours ago
    facts.census_at = kNow - 200h + kWeek;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::safe);
    facts.census_at = kNow - 200h + kWeek - 1us;
    const Judgement judgement = judge(facts, kNow);
    EXPECT_EQ(judgement.verdict, Verdict::unknown);
    EXPECT_EQ(judgement[Check::sources_fresh].outcome, Outcome::unknown);
    EXPECT_THAT(judgement[Check::sources_fresh].evidence, HasSubstr("SAFE needs one that begins later"));
    facts.census_at.reset();
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::unknown);
    facts.census_at = kNow - 40h;
    phase(facts, Phase::retired_in_use) = 1;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::unsafe) << "it hides nothing that is worse";
}

TEST(Verdict, TheCensusComesAfterWhatIsNewWasOldEnough) {
    VerdictFacts facts = safe_facts();
    facts.census_at = kNow - 10h;
    facts.newest_legacy_created_at = kNow - kWeek - 9h;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::unknown);
    facts.newest_legacy_created_at = kNow - kWeek - 10h;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::safe);
}

TEST(Verdict, TheCensusComesAfterWhatIsBlockedWasBlockedForLong) {
    VerdictFacts facts = safe_facts();
    facts.census_at = kNow - 10h;
    facts.blocked_long_enough_at = kNow - 10h;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::safe);
    EXPECT_FALSE(judge(facts, kNow).awaits_census);
    facts.blocked_long_enough_at = kNow - 10h + 1us;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::unknown);
    EXPECT_TRUE(judge(facts, kNow).awaits_census);
    facts.blocked_long_enough_at = kNow - 2400h;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::safe) << "long ago";
    facts.census_at = kNow - 40h;
    EXPECT_EQ(judge(facts, kNow).verdict, Verdict::unknown) << "which does not hide the rest";
}

TEST(Verdict, StaleNumbersComeBeforeUnsafeBeforeUnknownBeforeNotYet) {
    const auto verdict_of = [](bool stale, bool unsafe, bool unknown, bool not_yet) {
        VerdictFacts f = safe_facts();
        if (stale) f.keys_up = false;
        if (unsafe) phase(f, Phase::retired_in_use) = 1;
        if (unknown) f.fallback.state.mode = FallbackMode::unknown;
        if (not_yet) f.live_use = {1, 0, kNow + 1h};
        return verdict_name(judge(f, kNow).verdict);
    };
    for (int i = 0; i < 16; ++i) {
        const bool stale = (i & 8) != 0;
        const bool unsafe = (i & 4) != 0;
        const bool unknown = (i & 2) != 0;
        const bool not_yet = (i & 1) != 0;
        const std::string_view expected = stale     ? "UNKNOWN"
                                          : unsafe  ? "UNSAFE"
                                          : unknown ? "UNKNOWN"
                                          : not_yet ? "NOT_YET"
                                                    : "SAFE";
        EXPECT_EQ(verdict_of(stale, unsafe, unknown, not_yet), expected) << i;
    }
}

TEST(Verdict, AClockThatSteppedBackIsNeverSafe) {
    EXPECT_EQ(judge(safe_facts(), kNow).verdict, Verdict::safe);
    for (const base::Duration back :
         {base::Duration{2min}, base::Duration{2h}, base::Duration{48h}, 2 * kWeek})
        EXPECT_EQ(judge(safe_facts(), kNow - back).verdict, Verdict::unknown) << base::format_duration(back);
    // The next poll succeeds, but what was seen before lies ahead now.
    VerdictFacts facts = safe_facts();
    facts.keys_read_at = kNow - 2h - 10s;
    EXPECT_EQ(judge(facts, kNow - 2h).verdict, Verdict::unsafe);
}

TEST(Verdict, EarliestSafeIsTheLatestOfItsParts) {
    VerdictFacts facts = safe_facts();
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow - 200h + kWeek);
    witness(facts).last_hit.reset();
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow - 720h + kWeek);
    facts.live_use = {1, 1, kNow + 5h};
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow + 5h);
    witness(facts).last_hit = kNow - 1h;
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow - 1h + kWeek);
    facts.observed_since = kNow;
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow + kWeek);
    facts.windows.drain = 24h;
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow + 24h);
    witness(facts).covered_since = kNow + 1h;
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow + 25h);
    witness(facts).proved = false;
    EXPECT_EQ(judge(facts, kNow).earliest_safe, std::nullopt) << "no evidence is proved";
    facts.fallback.state.mode = FallbackMode::absent;
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow + 24h) << "nothing has to be";
    facts.observed_since = kNow - 5h;
    EXPECT_EQ(judge(facts, kNow).earliest_safe, kNow + 19h) << "nor is there a hit to wait for";
    facts.observed_since.reset();
    EXPECT_EQ(judge(facts, kNow).earliest_safe, std::nullopt);
}

TEST(Verdict, OnlyWhatIsNotProvedIsCalledUnproved) {
    VerdictFacts facts = safe_facts();
    EXPECT_THAT(judge(facts, kNow)[Check::no_fallback_hits].evidence, Not(HasSubstr("unproved")));
    facts.fallback_watch.witnesses.push_back({.name = "statements"});
    EXPECT_THAT(judge(facts, kNow)[Check::no_fallback_hits].evidence,
                HasSubstr("; unproved: statements (it has never counted a hit)"));
}

TEST(Verdict, EarliestSafeNeverLiesBeforeCoveragePasses) {
    VerdictFacts facts = safe_facts();
    last_used(facts);
    witness(facts).lost_at = witness(facts).covered_since = kNow - 10min;
    const Judgement judgement = judge(facts, kNow);
    EXPECT_EQ(judgement[Check::coverage].passes_at, kNow + 50min);
    EXPECT_EQ(judgement.earliest_safe, kNow + 50min);
}

TEST(Verdict, TheDrainWindowIsTheConfiguredOne) {
    VerdictFacts facts = safe_facts();
    facts.windows.drain = 720h + 1us;
    const Judgement judgement = judge(facts, kNow);
    EXPECT_EQ(judgement[Check::coverage].passes_at, kNow + 1us);
    EXPECT_EQ(judgement[Check::no_fallback_hits].passes_at, kNow - 200h + 720h + 1us);
    EXPECT_EQ(judgement[Check::no_new_legacy].outcome, Outcome::pass);
    facts.windows.drain = 2400h + 1us;
    EXPECT_EQ(judge(facts, kNow)[Check::no_new_legacy].outcome, Outcome::unsafe);
}

TEST(Verdict, NamesAreThoseOfTheContract) {
    const std::vector<std::string_view> names{"auth_enforced",   "gateway_in_use", "sources_fresh",
                                              "coverage",        "no_live_use",    "no_fallback_hits",
                                              "no_new_legacy",   "none_stranded",  "none_retired_in_use",
                                              "failures_normal", "inventory",      "dormant_acknowledged",
                                              "fallback_mode"};
    ASSERT_EQ(names.size(), kCheckCount);
    for (std::size_t i = 0; i < kCheckCount; ++i) EXPECT_EQ(check_name(static_cast<Check>(i)), names.at(i));
    EXPECT_EQ(verdict_name(Verdict::safe), "SAFE");
    EXPECT_EQ(verdict_name(Verdict::not_yet), "NOT_YET");
    EXPECT_EQ(verdict_name(Verdict::unsafe), "UNSAFE");
    EXPECT_EQ(verdict_name(Verdict::unknown), "UNKNOWN");
    EXPECT_EQ(outcome_name(Outcome::pass), "pass");
    EXPECT_EQ(outcome_name(Outcome::not_yet), "NOT_YET");
    EXPECT_EQ(outcome_name(Outcome::unsafe), "UNSAFE");
    EXPECT_EQ(outcome_name(Outcome::unknown), "UNKNOWN");
    EXPECT_EQ(outcome_name(Outcome::not_measured), "not measured");
}

}  // namespace
}  // namespace keyshift::domain
