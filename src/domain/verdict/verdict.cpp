// SPDX-License-Identifier: Apache-2.0
#include "domain/verdict/verdict.hpp"

#include <algorithm>

#include "domain/verdict/checks.hpp"
#include "domain/verdict/evidence_checks.hpp"
#include "domain/verdict/words.hpp"

namespace keyshift::domain {
namespace {

constexpr std::array<std::string_view, kCheckCount> kCheckNames{
    "auth_enforced",       "gateway_in_use",   "sources_fresh", "coverage",
    "no_live_use",         "no_fallback_hits", "no_new_legacy", "none_stranded",
    "none_retired_in_use", "failures_normal",  "inventory",     "dormant_acknowledged",
    "fallback_mode"};

Verdict come_to(const Judgement& judgement) {
    const auto any = [&judgement](CheckOutcome outcome) {
        return std::any_of(judgement.checks.begin(), judgement.checks.end(),
                           [outcome](const CheckResult& result) { return result.outcome == outcome; });
    };
    // Old numbers may neither reassure nor accuse.
    if (judgement[Check::sources_fresh].outcome != CheckOutcome::pass) return Verdict::unknown;
    if (any(CheckOutcome::unsafe)) return Verdict::unsafe;
    if (any(CheckOutcome::unknown)) return Verdict::unknown;
    if (any(CheckOutcome::not_yet)) return Verdict::not_yet;
    return Verdict::safe;
}

std::optional<base::Time> earliest_safe(const VerdictFacts& facts) {
    const auto covered = covered_at(facts);
    if (!covered) return std::nullopt;
    base::Time earliest = *covered;
    if (facts.live_use.quiet_at) earliest = std::max(earliest, *facts.live_use.quiet_at);
    if (const auto quiet = quiet_at(facts)) earliest = std::max(earliest, *quiet);
    return earliest;
}

/// When the last check that time alone repairs began to pass.
std::optional<base::Time> all_pass_since(const VerdictFacts& facts) {
    auto since = earliest_safe(facts);
    if (facts.newest_legacy_created_at)
        since = std::max(since, std::optional(*facts.newest_legacy_created_at + facts.windows.drain));
    return std::max(since, facts.blocked_long_enough_at);
}

/// Between two censuses a pulse may miss what happens to a key: SAFE is said of all rows, as they were when
/// nothing else was missing.
void ask_for_census(const VerdictFacts& facts, Judgement& judgement) {
    const auto since = all_pass_since(facts);
    if (since && facts.census_at && *facts.census_at >= *since) return;
    CheckResult& fresh = judgement.checks.at(static_cast<std::size_t>(Check::sources_fresh));
    fresh.outcome = CheckOutcome::unknown;
    fresh.evidence += "; all other checks pass since " + date(since, base::Time::max()) +
                      ", and the last census is of " + date(facts.census_at, base::Time::max()) +
                      ": SAFE needs one that begins later, which comes by itself";
    judgement.verdict = come_to(judgement);
    judgement.awaits_census = true;
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
    constexpr std::array<std::string_view, 4> kNames{"SAFE", "NOT_YET", "UNSAFE", "UNKNOWN"};
    return kNames.at(static_cast<std::size_t>(verdict));
}

std::string_view check_name(Check check) {
    return kCheckNames.at(static_cast<std::size_t>(check));
}

std::string_view outcome_name(CheckOutcome outcome) {
    constexpr std::array<std::string_view, 5> kNames{"pass", "NOT_YET", "UNSAFE", "UNKNOWN", "not measured"};
    return kNames.at(static_cast<std::size_t>(outcome));
}

bool FallbackWatch::any_proved() const {
    return std::any_of(witnesses.begin(), witnesses.end(),
                       [](const FallbackWitness& witness) { return witness.proved; });
}

std::vector<Check> Judgement::not_measured() const {
    std::vector<Check> out;
    for (const CheckResult& result : checks)
        if (result.outcome == CheckOutcome::not_measured) out.push_back(result.check);
    return out;
}

Judgement judge(const VerdictFacts& facts, base::Time now) {
    Judgement out;
    for (std::size_t i = 0; i < kCheckCount; ++i)
        out.checks.at(i) = run_check(static_cast<Check>(i), facts, now);
    out.verdict = come_to(out);
    out.earliest_safe = earliest_safe(facts);
    if (out.verdict == Verdict::safe) ask_for_census(facts, out);
    return out;
}

}  // namespace keyshift::domain
