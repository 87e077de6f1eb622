// SPDX-License-Identifier: Apache-2.0
#include "domain/verdict/evidence_checks.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "domain/evidence/evidence.hpp"
#include "domain/verdict/words.hpp"

namespace keyshift::domain {
namespace {

/// With no fallback there is no use of one to be missed.
bool is_absent(const VerdictFacts& facts) {
    return facts.fallback.state.mode == FallbackMode::absent && !facts.fallback.contradicted;
}

bool vouches(const FallbackWitness& witness) {
    return witness.proved && witness.answers && witness.covered_since;
}

/// Uses that another source lost show in the key table too, as late as the gateway writes them.
base::Duration vouches_after(const FallbackWitness& witness, const VerdictFacts& facts) {
    return witness.by_key_table ? std::min(facts.last_used_delay, facts.windows.drain) : base::Duration{};
}

/// When `witness` will have watched for the drain window, over what others have lost meanwhile. A loss
/// elsewhere puts it off by no more than this one needs to tell of the same uses.
base::Time covered_at(const FallbackWitness& witness, const VerdictFacts& facts) {
    base::Time at = *witness.covered_since + facts.windows.drain;
    for (const FallbackWitness& other : facts.fallback_watch.witnesses)
        if (other.lost_at) at = std::max(at, *other.lost_at + vouches_after(witness, facts));
    return at;
}

/// The one that covers first; nullptr: none does.
const FallbackWitness* best_witness(const VerdictFacts& facts) {
    const FallbackWitness* best = nullptr;
    for (const FallbackWitness& witness : facts.fallback_watch.witnesses) {
        if (!vouches(witness)) continue;
        if (best == nullptr || covered_at(witness, facts) < covered_at(*best, facts)) best = &witness;
    }
    return best;
}

/// What is known, and how: last uses outlast a stop of the daemon, but its watch does not.
std::string observed(const VerdictFacts& facts, base::Time now) {
    const base::Time known = *facts.observed_since;
    const std::string known_for = date(known, now) + ", " + length(now - known);
    if (!facts.watched_since)
        return "last uses are known since " + known_for + "; nobody is watching at the moment";
    if (*facts.watched_since <= known + kGap) return "observed without a gap since " + known_for;
    return "last uses are known since " + known_for + "; after a stop, watched without a gap since " +
           date(facts.watched_since, now) + ", " + length(now - *facts.watched_since);
}

/// What broke the coverage of one evidence, while it still matters.
std::string breaks(const VerdictFacts& facts, base::Time now) {
    std::string out;
    for (const FallbackWitness& witness : facts.fallback_watch.witnesses) {
        if (!witness.lost_at || *witness.lost_at <= now - facts.windows.drain) continue;
        out += "; " + witness.name + " lost what it had counted " + date(*witness.lost_at) +
               " (a reset, an eviction, a restart, or another table)";
    }
    return out;
}

/// "statements (it has never counted a hit), gateway_log (...)".
std::string unproved(const VerdictFacts& facts) {
    std::string out;
    for (const FallbackWitness& witness : facts.fallback_watch.witnesses) {
        if (witness.proved) continue;
        const std::string why = witness.unproved.empty() ? "it has never counted a hit" : witness.unproved;
        out += (out.empty() ? "" : ", ") + witness.name + " (" + why + ')';
    }
    return out;
}

/// Nobody may take a zero for one of all statements.
std::string left_out(const VerdictFacts& facts) {
    std::string out;
    for (const FallbackWitness& witness : facts.fallback_watch.witnesses)
        if (!witness.left_out.empty()) out += "; left out of " + witness.name + ": " + witness.left_out;
    return out;
}

constexpr const char* kWayForward =
    "configure a canary (collector probe, canary_key), or make one request with a legacy key, and see that "
    "it "
    "is counted";

CheckResult nothing_proved(const VerdictFacts& facts) {
    const std::string sources = unproved(facts);
    return finding(
        CheckOutcome::unknown,
        (sources.empty() ? std::string("nothing that is configured can count uses of the fallback")
                         : "nothing has shown that it can count uses of the fallback; unproved: " + sources) +
            "; " + kWayForward + left_out(facts));
}

/// Of a source; what it lacks stands in the status and in what the doctor says.
constexpr const char* kUnreadable = " cannot be read in full at the moment (see keyshift doctor)";

/// Those that have counted hits before, and cannot be asked now.
std::string silent(const VerdictFacts& facts) {
    std::string out;
    for (const FallbackWitness& witness : facts.fallback_watch.witnesses)
        if (witness.proved && !witness.answers) out += (out.empty() ? "" : ", ") + witness.name;
    return out;
}

std::optional<base::Time> last_hit(const VerdictFacts& facts) {
    std::optional<base::Time> last = facts.fallback_watch.last_hit;
    for (const FallbackWitness& witness : facts.fallback_watch.witnesses)
        last = std::max(last, witness.last_hit);
    return last;
}

std::string hits_in_words(const VerdictFacts& facts, base::Time now) {
    const FallbackWatch& watch = facts.fallback_watch;
    const bool scans = watch.of_scans && watch.within_window > 0;
    const std::string when = watch.within_window > 0 ? " since " + date(watch.hours_from) + " (by full hours)"
                                                     : " within " + length(facts.windows.drain);
    std::string out = (scans ? some(watch.within_window, "scan") + " for a legacy or unknown key"
                             : some(watch.within_window, "fallback hit")) +
                      when + ", the last " + date(last_hit(facts), now);
    if (scans) {
        out +=
            "; each scan counts as a hit, since nothing tells those for unknown keys apart: a column of last "
            "uses, a rule for the gateway's log or a counter of the gateway would";
    }
    return out;
}

}  // namespace

std::optional<base::Time> covered_at(const VerdictFacts& facts) {
    if (!facts.observed_since) return std::nullopt;
    const base::Time known = *facts.observed_since + facts.windows.drain;
    if (is_absent(facts)) return known;
    const FallbackWitness* const witness = best_witness(facts);
    return witness == nullptr ? std::nullopt : std::optional(std::max(known, covered_at(*witness, facts)));
}

std::optional<base::Time> quiet_at(const VerdictFacts& facts) {
    const auto last = last_hit(facts);
    return last && !is_absent(facts) ? std::optional(*last + facts.windows.drain) : std::nullopt;
}

CheckResult gateway_in_use(const VerdictFacts& facts, base::Time now) {
    const ModernUse& use = facts.modern_use;
    const std::string quiet = length(facts.quiet_period) + " (migration.quiet_period)";
    if (use.at && *use.at > now - facts.quiet_period && *use.at <= now + kClockSkew) {
        return finding(CheckOutcome::pass,
                       "modern keys are in use: " + use.by + ' ' + date(*use.at) + ", within " + quiet);
    }
    // Using a key helps only where something counts it.
    const std::string source =
        use.at ? "" : ", configure a source that counts such uses (access_log, gateway_log, statements)";
    return finding(CheckOutcome::unknown,
                   "nothing shows that a modern key was used within " + quiet + ", the last use known is " +
                       date(use.at, now) +
                       ": where nobody calls, the silence of legacy keys proves nothing; use a modern key" +
                       source +
                       ", or "
                       "raise migration.quiet_period if it is usual that nobody calls for so long");
}

CheckResult coverage(const VerdictFacts& facts, base::Time now) {
    if (!facts.observed_since) return finding(CheckOutcome::unknown, "observation has not begun yet");
    std::string evidence = observed(facts, now);
    const FallbackWitness* const witness = is_absent(facts) ? nullptr : best_witness(facts);
    if (witness != nullptr) {
        evidence += "; uses of the fallback are covered by " + witness->name + " since " +
                    date(*witness->covered_since, now) + ", " + length(now - *witness->covered_since) +
                    breaks(facts, now);
    } else if (!is_absent(facts)) {
        const std::string asked = silent(facts);
        return finding(CheckOutcome::unknown,
                       evidence + (asked.empty() ? "; no evidence of uses of the fallback is proved yet"
                                                 : "; " + asked + kUnreadable));
    }
    const base::Time at = *covered_at(facts);
    evidence += "; needed are " + length(facts.windows.drain);
    if (now >= at) return finding(CheckOutcome::pass, std::move(evidence));
    return finding(CheckOutcome::not_yet, std::move(evidence), at);
}

CheckResult no_fallback_hits(const VerdictFacts& facts, base::Time now) {
    if (is_absent(facts)) {
        return finding(CheckOutcome::pass,
                       "the gateway accepts no legacy key, so that there is no use of a fallback to count");
    }
    const std::string others = unproved(facts);
    std::string evidence =
        hits_in_words(facts, now) + (others.empty() ? "" : "; unproved: " + others) + left_out(facts);
    if (const auto last = last_hit(facts); last && *last > now - facts.windows.drain)
        return finding(CheckOutcome::not_yet, std::move(evidence), *last + facts.windows.drain);
    if (const FallbackWatch& watch = facts.fallback_watch;
        watch.unclassified_at && *watch.unclassified_at > now - facts.windows.drain) {
        return finding(CheckOutcome::unknown, "not measured: " + watch.unclassified + "; it last ran " +
                                                  date(watch.unclassified_at, now) + "; " + evidence);
    }
    if (const std::string asked = silent(facts); !asked.empty()) {
        return finding(CheckOutcome::unknown, asked + " has counted uses of the fallback before, and" +
                                                  kUnreadable + "; " + evidence);
    }
    const FallbackWitness* const witness = best_witness(facts);
    if (witness == nullptr) return nothing_proved(facts);
    evidence = witness->name + ": " + evidence;
    const base::Time quiet = *witness->covered_since + facts.windows.drain;
    if (now < quiet) return finding(CheckOutcome::not_yet, std::move(evidence), quiet);
    return finding(CheckOutcome::pass, std::move(evidence));
}

CheckResult failures_normal(const VerdictFacts& facts, base::Time) {
    if (facts.failures_by.empty()) {
        return finding(CheckOutcome::not_measured, "no configured source can count authentication failures");
    }
    const std::string unknown = "the share of failed authentications is not known: " + facts.failures_by;
    if (!facts.failures) return finding(CheckOutcome::unknown, unknown + kUnreadable);
    const AuthFailures& failures = *facts.failures;
    if (!failures.enough) {
        return finding(CheckOutcome::not_measured, "only " + some(failures.attempts, "attempt") +
                                                       " with a key since " + date(failures.since) +
                                                       ": too few to speak of a share");
    }
    if (!std::isfinite(failures.ratio) || !std::isfinite(failures.normal))
        return finding(CheckOutcome::unknown, unknown + " gives no number");
    return pass_if(failures.ratio <= failures.normal, CheckOutcome::unsafe,
                   percent(failures.ratio) + " of " + some(failures.attempts, "attempt") + " since " +
                       date(failures.since) + " (by full hours) failed authentication; normal is at most " +
                       percent(failures.normal));
}

}  // namespace keyshift::domain
