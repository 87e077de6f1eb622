// SPDX-License-Identifier: Apache-2.0
// Random histories of a gateway's key table, seen by two daemons: one left in peace, one restarted and
// disturbed. After each poll both must agree with each other and with a plain reading of the design, and the
// verdict must never be SAFE too early. KEYSHIFT_HISTORIES=N runs N histories instead of a few,
// from KEYSHIFT_FIRST_HISTORY on.
#include <cstdlib>
#include <iostream>
#include <numeric>

#include "contract/journal/history_daemon.hpp"
#include "contract/journal/history_reference.hpp"

namespace keyshift::journal::history {
namespace {

constexpr Duration kPollEvery = 30s;

domain::Policy any_policy(Random& random) {
    constexpr std::array<FallbackMode, 6> kAsserted{FallbackMode::unknown, FallbackMode::unknown,
                                                    FallbackMode::unknown, FallbackMode::present,
                                                    FallbackMode::present, FallbackMode::absent};
    domain::Policy policy;
    policy.asserted = random.one_of(kAsserted);
    if (random.chance(10)) policy.inventory = domain::InventoryPolicy::strict;
    return policy;
}

/// The longest time between two advances of a last use, in the order in which it was shown.
class UsesShown {
 public:
    void show(const Row& row) {
        auto& uses = uses_[row.id];
        if (uses.empty() || uses.back() != row.used) uses.push_back(row.used);
    }
    Duration longest_gap(const std::string& id) const {
        const auto& uses = uses_.at(id);
        Duration longest{};
        for (std::size_t i = 2; i < uses.size(); ++i)
            if (uses[i] > uses[i - 1] && uses[i - 1] > uses[i - 2])
                longest = std::max(longest, *uses[i] - *uses[i - 1]);
        return longest;
    }

 private:
    std::map<std::string, std::vector<std::optional<Time>>> uses_;
};

/// The first difference tells more than two long lists.
void check_equal(const std::vector<std::string>& found, const std::vector<std::string>& expected) {
    for (std::size_t i = 0; i < std::min(expected.size(), found.size()); ++i)
        ASSERT_EQ(found[i], expected[i]);
    EXPECT_EQ(found.size(), expected.size());
}

class History {
 public:
    explicit History(std::uint64_t seed)
        : seed_(seed),
          random_(seed),
          gateway_(random_),
          policy_(any_policy(random_)),
          calm_(policy_),
          disturbed_(policy_),
          reference_(policy_) {}

    void run();

    int polls = 0;
    int safe_polls = 0;
    int restarts = 0;
    bool ended_safe = false;
    bool meant_to_end_safe = false;

 private:
    void live_through(Duration d, int happenings);
    template <class Decision>
    void both_decide(const Decision& decision) {
        calm_.decide(decision);
        disturbed_.decide(decision);
    }
    void pair(const std::string& legacy, const std::string& modern);
    void acknowledge(const std::string& id);
    void decide();
    void disturb();
    bool expires_unseen() const;
    Scan any_scan();
    Shown scan(Scan kind);
    void poll(std::optional<Scan> kind = {});
    void finish_migration();

    void compare_runs();
    void check_totals();
    void check_phases();
    void check_state();
    void check_verdict();
    void check_idle();
    void check_not_safe_unless_fresh(domain::Model model);

    domain::FallbackJudgement fallback() const {
        const domain::Migration& migration = outcome_.migration;
        return with_assertion(migration.detected, policy_.asserted, migration.evidence);
    }
    void explain(std::ostream& out) const;

    std::uint64_t seed_;
    Random random_;
    Gateway gateway_;
    domain::Policy policy_;
    Daemon calm_, disturbed_;
    Reference reference_;
    UsesShown uses_;
    domain::KeyPoll outcome_;
    Shown shown_;
    std::optional<Time> polled_at_;  // by the database's clock
    Time polled_really_at_;
    bool restarted_ = false;  // since the last poll
};

void History::live_through(Duration d, int happenings) {
    for (int i = 0; i < happenings; ++i) {
        const Duration part = std::min<Duration>(d - 1s, random_.up_to(d / (happenings + 1)));
        if (part.count() > 0) gateway_.advance(part);
        d -= part;
        gateway_.happen();
    }
    gateway_.advance(std::max<Duration>(d, 1s));
}

void History::pair(const std::string& legacy, const std::string& modern) {
    both_decide(store::OperatorPair{legacy, modern, gateway_.now(), "op"});
    reference_.pair(legacy, modern);
    gateway_.note("pair " + legacy + ' ' + modern);
}

void History::acknowledge(const std::string& id) {
    both_decide(store::Acknowledgement{id, gateway_.now(), "op", ""});
    reference_.acknowledge(id, gateway_.now());
    gateway_.note("ack " + id);
}

void History::decide() {
    const Row* const legacy = gateway_.any(true);
    const Row* const modern = gateway_.any(false);
    if (random_.chance(50)) {
        if (legacy != nullptr && modern != nullptr) pair(legacy->id, modern->id);
    } else if (!reference_.keys().empty()) {
        acknowledge(random_.one_of(reference_.keys()).first);
    }
    gateway_.advance(1s);
}

void History::disturb() {
    if (random_.chance(15)) {
        gateway_.note("restart");
        disturbed_.restart();
        restarted_ = true;
        ++restarts;
        EXPECT_NE(assess(disturbed_.model(), gateway_.now()).judgement.verdict, domain::Verdict::safe);
    }
    if (random_.chance(15)) {
        const Shown shown = scan(polled_at_ ? any_scan() : Scan::census);
        gateway_.note("... of a scan that breaks off");
        disturbed_.break_off(shown, random_.below(shown.rows.size() + 1));
    }
}

/// A pulse would not show it; a journal that has read its state again knows it.
bool History::expires_unseen() const {
    return std::any_of(reference_.keys().begin(), reference_.keys().end(), [this](const auto& known) {
        const Known& key = known.second;
        return !key.gone && key.expired != (key.row.expires && *key.row.expires <= gateway_.now());
    });
}

Scan History::any_scan() {
    constexpr std::array<Scan, 6> kScans{Scan::census, Scan::census, Scan::census,
                                         Scan::pulse,  Scan::pulse,  Scan::active};
    return random_.one_of(kScans);
}

Shown History::scan(Scan kind) {
    gateway_.note(kind == Scan::census ? "CENSUS" : kind == Scan::pulse ? "PULSE" : "ACTIVE");
    if (kind == Scan::census) return gateway_.census();
    if (kind == Scan::pulse) return gateway_.pulse(*polled_at_);
    Shown shown = gateway_.active(policy_.windows.drain);
    shown.most_missing = random_.chance(70) ? 100 : random_.below(3);
    shown.missing = reference_.missing(shown);
    gateway_.look_up_missing(shown);
    return shown;
}

void History::poll(std::optional<Scan> kind) {
    disturb();
    const bool wanted = calm_.wanted() == Scan::census;
    if (disturbed_.wanted() == Scan::census || wanted || !polled_at_ || expires_unseen()) kind = Scan::census;
    shown_ = scan(kind.value_or(any_scan()));
    std::optional<Duration> elapsed;
    if (polled_at_ && !restarted_ && random_.chance(90)) elapsed = gateway_.real_time() - polled_really_at_;
    restarted_ = false;
    polled_at_ = shown_.now;
    polled_really_at_ = gateway_.real_time();
    outcome_ = calm_.poll(shown_, kPollEvery, elapsed);
    if (random_.chance(5)) disturbed_.begin(shown_, random_.below(shown_.rows.size() + 1));
    disturbed_.poll(shown_, kPollEvery, elapsed);
    reference_.poll(shown_, fallback().state.rules_view(), elapsed);
    for (const auto* const rows : {&shown_.rows, &shown_.found})
        for (const Row& row : *rows)
            if (row.legacy) uses_.show(row);
    ++polls;
    compare_runs();
    check_totals();
    check_phases();
    check_state();
    check_verdict();
}

void History::compare_runs() {
    check_equal(contents(disturbed_.state()), contents(calm_.state()));
    const auto& totals = disturbed_.model().totals();
    EXPECT_EQ(totals.transitions, outcome_.totals.transitions);
    EXPECT_EQ(disturbed_.model().keys->migration.tally.phases, outcome_.migration.tally.phases);
}

void History::check_totals() {
    const auto& phases = outcome_.migration.tally.phases;
    EXPECT_EQ(domain::baseline(phases), outcome_.inventory.baseline);
    EXPECT_EQ(outcome_.inventory.baseline, reference_.keys().size());
    EXPECT_EQ(outcome_.inventory.legacy_keys, reference_.live());
    EXPECT_EQ(outcome_.inventory.modern_keys, reference_.modern());
    EXPECT_EQ(outcome_.totals.legacy_keys_created, reference_.totals().legacy_keys_created);
    EXPECT_EQ(outcome_.totals.legacy_uses_observed, reference_.totals().legacy_uses_observed);
    EXPECT_EQ(outcome_.totals.transitions, reference_.totals().transitions);
    EXPECT_EQ(phases, reference_.phases());
}

void History::check_phases() {
    const auto found = remembered(calm_.state());
    for (const auto& [id, key] : reference_.keys()) {
        const auto at = found.find(id);
        ASSERT_EQ(at == found.end(), key.over) << id;
        if (key.over) continue;
        const domain::KeyMemory& memory = at->second.memory;
        ASSERT_TRUE(memory.phase) << id;
        EXPECT_EQ(phase_name(memory.candidate), phase_name(key.found)) << id << " as the last poll found it";
        EXPECT_EQ(phase_name(*memory.phase), phase_name(key.published)) << id << " as published";
        EXPECT_EQ(memory.longest_gap, key.longest_gap / 1s) << id;
        EXPECT_EQ(at->second.pairing ? at->second.pairing->replacement : "none",
                  key.replacement.value_or("none"))
            << id;
    }
}

/// Each key is in one phase, those that are over included.
void History::check_state() {
    domain::PhaseCounts counted{};
    for (const auto& [id, key] : remembered(disturbed_.state()))
        ++counted.at(static_cast<std::size_t>(*key.memory.phase));
    const auto counters = disturbed_.state().load_counters().value();
    for (const Phase phase : domain::kPhases) {
        const auto over = counters.find({store::kOver, std::string(phase_name(phase))});
        if (over != counters.end()) counted.at(static_cast<std::size_t>(phase)) += over->second;
    }
    EXPECT_EQ(counted, outcome_.migration.tally.phases);
}

void History::check_verdict() {
    const domain::Judgement judgement = assess(calm_.model(), shown_.now).judgement;
    const auto verdict = judgement.verdict;
    std::string open;
    for (const domain::CheckResult& check : judgement.checks) {
        if (check.outcome == domain::CheckOutcome::pass ||
            check.outcome == domain::CheckOutcome::not_measured)
            continue;
        open += std::string(check_name(check.check)) + ": " + check.evidence + "; ";
    }
    const auto doubts = reference_.doubts(fallback());
    const std::string listed = std::accumulate(
        doubts.begin(), doubts.end(), std::string(),
        [](const std::string& all, const std::string& one) { return all + (all.empty() ? "" : ", ") + one; });
    EXPECT_EQ(verdict == domain::Verdict::safe, doubts.empty())
        << "doubts: " << listed << "; checks: " << open;
    ended_safe = verdict == domain::Verdict::safe;
    if (random_.chance(5)) {
        EXPECT_EQ(assess(calm_.saved_model(), shown_.now).judgement.verdict, verdict) << "to other processes";
    }
    if (!ended_safe) return;
    ++safe_polls;
    gateway_.note("SAFE");
    check_idle();
    check_not_safe_unless_fresh(calm_.model());
}

/// Every legacy key that was shown, by its uses alone.
void History::check_idle() {
    for (const auto& [id, row] : gateway_.rows()) {
        const auto known = reference_.keys().find(id);
        if (!row.legacy || known == reference_.keys().end() || known->second.gone) continue;
        const Time used = (gateway_.is_calm() ? row : known->second.row).used.value_or(row.created);
        EXPECT_LE(used, shown_.now - std::max<Duration>(7 * kDay, 3 * uses_.longest_gap(id))) << id;
    }
}

void History::check_not_safe_unless_fresh(domain::Model model) {
    const auto verdict = [&model](Time now) { return assess(model, now).judgement.verdict; };
    EXPECT_NE(verdict(shown_.now + 3 * kPollEvery), domain::Verdict::safe) << "stale";
    EXPECT_NE(verdict(shown_.now - 4 * kPollEvery), domain::Verdict::safe) << "of the future";
    model.sources[domain::kKeysSource].up = false;
    EXPECT_NE(verdict(shown_.now), domain::Verdict::safe) << "down";
    model.sources[domain::kKeysSource].up = true;
    model.keys.reset();
    EXPECT_NE(verdict(shown_.now), domain::Verdict::safe) << "before the first poll";
}

/// As it should be: everybody gets a new key, moves, and the operator attends to what is left.
void History::finish_migration() {
    meant_to_end_safe = policy_.asserted == FallbackMode::present;
    gateway_.note("the end begins");
    std::vector<std::string> legacy;
    for (const auto& [id, row] : gateway_.rows())
        if (row.legacy) legacy.push_back(id);
    for (const std::string& id : legacy) {
        Row& old = gateway_.row(id);
        old.period = 0s;
        if (random_.chance(20)) continue;
        gateway_.advance(2s);
        Row& row = gateway_.replace(old);
        row.period = 1h;
        pair(id, row.id);
    }
    gateway_.create(false).period = 1h;
    for (int i = 0; i < 40 && !ended_safe; ++i) {
        gateway_.advance(random_.up_to(4 * kDay));
        if (i % 4 == 3) {
            for (const auto& [id, key] : reference_.keys())
                if (!key.over) acknowledge(id);
            gateway_.advance(1s);
        }
        poll(Scan::census);
        if (::testing::Test::HasFailure()) return;
    }
}

void History::run() {
    constexpr std::array<Duration, 12> kSpacings{30s, 30s,  30s,      1min,     10min,    1h,
                                                 6h,  kDay, 2 * kDay, 4 * kDay, 8 * kDay, 31 * kDay};
    const int length = 10 + static_cast<int>(random_.below(40));
    for (int i = 0; i < length && !::testing::Test::HasFailure(); ++i) {
        live_through(random_.one_of(kSpacings), static_cast<int>(random_.below(4)));
        if (random_.chance(15)) decide();
        poll();
    }
    if (random_.chance(60) && !::testing::Test::HasFailure()) finish_migration();
    std::vector<std::string> ids;
    for (const auto& [id, key] : reference_.keys()) ids.push_back(id);
    check_equal(timeline(disturbed_.state(), ids), timeline(calm_.state(), ids));
    if (::testing::Test::HasFailure()) explain(std::cerr);
}

void History::explain(std::ostream& out) const {
    for (const auto& [id, key] : reference_.keys()) {
        out << id << ' ' << key.row.owner.value_or("-") << " '" << key.row.name_text << "' created "
            << base::format_rfc3339(key.row.created) << " used " << as_text(key.row.used) << ' '
            << phase_name(key.found) << ' ' << phase_name(key.published) << (key.gone ? " gone" : "")
            << (key.over ? " over" : "") << (key.in_use ? " in use" : "") << " -> "
            << key.replacement.value_or("-") << ' ' << rule_name(key.rule) << ' '
            << as_text(key.replacement_used) << '\n';
    }
    out << "history " << seed_ << ", poll " << polls << ", asserted " << mode_name(policy_.asserted)
        << ", mode " << mode_name(fallback().state.mode) << "; what happened last:\n";
    const auto& log = gateway_.log();
    const std::size_t from =
        log.size() > 60 && std::getenv("KEYSHIFT_HISTORY") == nullptr ? log.size() - 60 : 0;
    for (std::size_t i = from; i < log.size(); ++i) out << "  " << log[i] << '\n';
}

TEST(History, AgreesWithThePlainReadingOfTheDesign) {
    const char* const wanted = std::getenv("KEYSHIFT_HISTORIES");
    const char* const only = std::getenv("KEYSHIFT_HISTORY");
    const int histories = wanted != nullptr ? std::atoi(wanted) : 20;
    const char* const from = std::getenv("KEYSHIFT_FIRST_HISTORY");
    const int first = from != nullptr ? std::atoi(from) : 1;
    int polls = 0;
    int safe_polls = 0;
    int restarts = 0;
    int ended_safe = 0;
    int meant_to_end_safe = 0;
    for (int seed = first; seed < first + histories && !HasFailure(); ++seed) {
        History history(only != nullptr ? std::strtoull(only, nullptr, 10)
                                        : static_cast<std::uint64_t>(seed));
        history.run();
        polls += history.polls;
        safe_polls += history.safe_polls;
        restarts += history.restarts;
        ended_safe += history.ended_safe ? 1 : 0;
        meant_to_end_safe += history.meant_to_end_safe ? 1 : 0;
        if (only != nullptr) return;
    }
    std::cout << histories << " histories, " << polls << " polls, " << restarts << " restarts, " << safe_polls
              << " polls SAFE; " << ended_safe << " ended SAFE, " << meant_to_end_safe << " were meant to\n";
    EXPECT_GT(ended_safe, histories / 20) << "a verdict that is never SAFE proves nothing";
}

}  // namespace
}  // namespace keyshift::journal::history
