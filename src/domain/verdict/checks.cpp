// SPDX-License-Identifier: Apache-2.0
#include "domain/verdict/checks.hpp"

#include <utility>

#include "domain/evidence/evidence.hpp"
#include "domain/verdict/evidence_checks.hpp"
#include "domain/verdict/words.hpp"

namespace keyshift::domain {
namespace {

using std::chrono::hours;

constexpr base::Duration kAuthSeenWithin = hours{24};

CheckResult auth_enforced(const VerdictFacts& facts, base::Time now) {
    // A time far in the future would let this pass for ever.
    const auto lately = [now](std::optional<base::Time> t) {
        return t && *t > now - kAuthSeenWithin && *t <= now + kClockSkew;
    };
    // Whatever was refused before: the newest answer counts, and an old "let in" is not mended by use of a
    // key.
    if (facts.probe_accepted_at && !(facts.probe_refused_at > facts.probe_accepted_at)) {
        return finding(CheckOutcome::unsafe, "a request without credentials was let in " +
                                                 date(*facts.probe_accepted_at) + ": keys are not checked");
    }
    if (lately(facts.probe_refused_at)) {
        return finding(CheckOutcome::pass,
                       "a request without credentials was refused " + date(*facts.probe_refused_at));
    }
    if (lately(facts.newest_use))
        return finding(CheckOutcome::pass, "a key was used " + date(*facts.newest_use));
    if (!facts.probe_refused_at && !facts.newest_use && !facts.keys_read_at) {
        return finding(CheckOutcome::unknown,
                       "no request without credentials was refused and the key table was not read yet");
    }
    return finding(CheckOutcome::unsafe, "nothing shows within " + length(kAuthSeenWithin) +
                                             " that keys are checked: last use of a key " +
                                             date(facts.newest_use, now) +
                                             ", last refusal of a request without credentials " +
                                             date(facts.probe_refused_at, now));
}

CheckResult sources_fresh(const VerdictFacts& facts, base::Time now) {
    const std::string why = facts.keys_failure.empty() ? "" : ": " + facts.keys_failure;
    if (!facts.keys_read_at) return finding(CheckOutcome::unknown, "the key table was not read yet" + why);
    const base::Duration age = now - *facts.keys_read_at;
    const base::Duration stale = kPollsUntilStale * facts.poll_every;
    std::string read = "the key table was last read " + date(*facts.keys_read_at) + ", " +
                       distance(*facts.keys_read_at, now);
    if (!facts.keys_up) return finding(CheckOutcome::unknown, "the last poll failed" + why + "; " + read);
    if (facts.reconfigured) {
        return finding(CheckOutcome::unknown,
                       "the configuration has changed since the key table was last read; " + read);
    }
    if (facts.standby_behind >= std::chrono::seconds{1})
        read += ", on a standby that is " + length(facts.standby_behind) + " behind";
    return pass_if(age < stale && age >= -stale, CheckOutcome::unknown,
                   read + "; polls are " + length(facts.poll_every) + " apart");
}

CheckResult no_live_use(const VerdictFacts& facts, base::Time) {
    const LiveUse& live = facts.live_use;
    std::string evidence = some(live.keys, "legacy key") + " used or created within the drain window (" +
                           length(facts.windows.drain) + ", longer for keys seldom used), " +
                           std::to_string(live.unswitched) +
                           " of them not switched (overlap, issued or pending)";
    if (live.quiet_at) evidence += "; the last window ends " + date(*live.quiet_at);
    if (!facts.uses_recorded && !facts.fallback_watch.any_proved() && live_keys(facts.phases) > 0) {
        return finding(
            CheckOutcome::unknown,
            "the key table does not tell when a key was used (last_used_at: null), and nothing else counts "
            "uses of the fallback: configure the collector gateway_log, gateway_metrics or statements for "
            "that, or delete the legacy keys one by one after asking their owners");
    }
    if (live.unswitched > 0) return finding(CheckOutcome::unsafe, std::move(evidence));
    if (live.keys > 0) return finding(CheckOutcome::not_yet, std::move(evidence), live.quiet_at);
    return finding(CheckOutcome::pass, std::move(evidence));
}

CheckResult no_new_legacy(const VerdictFacts& facts, base::Time now) {
    const std::optional<base::Time> newest = facts.newest_legacy_created_at;
    const std::uint64_t live = live_keys(facts.phases);
    if (!newest && live == 0) return finding(CheckOutcome::pass, "0 legacy keys are left");
    if (!newest) {
        return finding(CheckOutcome::unknown,
                       "it is not known when the newest of " + some(live, "legacy key") + " was created");
    }
    return pass_if(*newest <= now - facts.windows.drain, CheckOutcome::unsafe,
                   "the newest legacy key was created " + date(*newest) + ", " + distance(*newest, now) +
                       "; needed are " + length(facts.windows.drain) + " without a new one");
}

CheckResult none_stranded(const VerdictFacts& facts, base::Time) {
    const std::uint64_t stranded = count_of(facts.phases, Phase::stranded);
    std::string evidence = some_are(stranded, "legacy key") + " stranded";
    if (stranded > 0) {
        evidence += ": in use when legacy keys stopped working";
        if (facts.fallback.state.mode == FallbackMode::absent)
            evidence += " about " + date(facts.fallback.state.absent_since);
    }
    return pass_if(stranded == 0, CheckOutcome::unsafe, std::move(evidence));
}

CheckResult none_retired_in_use(const VerdictFacts& facts, base::Time) {
    const std::uint64_t in_use = count_of(facts.phases, Phase::retired_in_use);
    const std::uint64_t upgraded = std::min(facts.upgraded_unused, in_use);
    std::string evidence =
        some(in_use - upgraded, "legacy key") + " deleted while in use, with no use of a replacement since";
    if (upgraded > 0) evidence += "; " + some(upgraded, "key") + " upgraded while in use, and not used since";
    return pass_if(in_use == 0, CheckOutcome::unsafe, std::move(evidence));
}

bool is_settled(Phase phase) {
    return phase == Phase::drained || phase == Phase::dormant || phase == Phase::quarantined ||
           phase == Phase::expired;
}

CheckResult lenient_inventory(const VerdictFacts& facts) {
    const std::uint64_t live = live_keys(facts.phases);
    std::uint64_t open = 0;
    std::string named;
    for (const Phase phase : kPhases) {
        const std::uint64_t count = count_of(facts.phases, phase);
        if (!is_live(phase) || is_settled(phase) || count == 0) continue;
        open += count;
        named += (named.empty() ? "" : ", ") + std::to_string(count) + ' ' + std::string(phase_name(phase));
    }
    std::string evidence = some_are(live, "legacy key") + " left, " + std::to_string(open) +
                           " of them not drained, dormant, quarantined or expired";
    if (open > 0) evidence += " (" + named + ')';
    const std::uint64_t unsure = facts.drained_by_owner_only;
    if (unsure > 0) {
        evidence +=
            "; " + some_are(unsure, "drained key") +
            " matched only by being the owner's sole keys, which `keyshift pair` or `keyshift ack` confirms";
    }
    return pass_if(open == 0 && unsure == 0, CheckOutcome::not_yet, std::move(evidence));
}

CheckResult inventory(const VerdictFacts& facts, base::Time) {
    if (facts.modern_keys == 0) {
        return finding(CheckOutcome::unknown,
                       "no modern key is in the key table: nobody can have moved, or it is another table");
    }
    // Where no other is longer, and NULL tells legacy keys, the gateway's hashes may be so short.
    const std::uint64_t placeholders = facts.short_hashes;
    if (placeholders > 0 && (placeholders < facts.modern_keys || facts.legacy_keys == 0)) {
        return finding(
            CheckOutcome::unknown,
            some(placeholders, "modern key") +
                " with a lookup hash of fewer than 16 octets may be legacy, with a placeholder; say "
                "how a real one looks in gateway.columns.lookup_hash: {column, length, characters}");
    }
    if (facts.inventory == InventoryPolicy::lenient) return lenient_inventory(facts);
    const std::uint64_t live = live_keys(facts.phases);
    return pass_if(live == 0, CheckOutcome::not_yet,
                   some_are(live, "legacy key") + " left; the strict policy allows none");
}

CheckResult dormant_acknowledged(const VerdictFacts& facts, base::Time) {
    const std::uint64_t open = facts.dormant_unacknowledged;
    const std::uint64_t recent = facts.dormant_blocked_recently;
    const std::string drain = length(facts.windows.drain);
    std::string evidence = some_are(open, "dormant key") + " neither acknowledged nor blocked, " +
                           some_are(recent, "key") + " blocked for less than " + drain;
    if (open > 0) return finding(CheckOutcome::unsafe, std::move(evidence));
    if (recent > 0) return finding(CheckOutcome::not_yet, std::move(evidence), facts.blocked_long_enough_at);
    return finding(CheckOutcome::pass, std::move(evidence));
}

/// With an absent fallback the question has answered itself.
std::string nothing_to_remove(const VerdictFacts& facts) {
    const std::uint64_t live = live_keys(facts.phases);
    const std::string keys = facts.keys_read_at ? some_are(live, "key") : "legacy keys are";
    return "there is nothing to remove: " + keys + " already cut off";
}

CheckResult fallback_mode(const VerdictFacts& facts, base::Time) {
    const FallbackJudgement& fallback = facts.fallback;
    const std::string because = fallback.state.evidence.empty() ? "" : "; " + fallback.state.evidence;
    if (fallback.contradicted)
        return finding(CheckOutcome::unknown, "evidence contradicts the configuration" + because +
                                                  "; correct gateway.fallback, or ask the gateway itself by "
                                                  "a canary (collector probe, canary_key)");
    switch (fallback.state.mode) {
        case FallbackMode::present:
            return finding(CheckOutcome::pass, "the gateway accepts legacy keys" + because);
        case FallbackMode::absent:
            return finding(CheckOutcome::pass, nothing_to_remove(facts) + because);
        case FallbackMode::unknown:
            break;
    }
    return finding(CheckOutcome::unknown,
                   "it is not known whether the gateway accepts legacy keys" + because +
                       "; configure a canary (collector probe, canary_key), which answers at once, or say it "
                       "in gateway.fallback");
}

enum class Needs : std::uint8_t { nothing, census };

struct Row {
    Check check;
    Needs needs;
    CheckResult (*run)(const VerdictFacts&, base::Time);
};
constexpr std::array<Row, kCheckCount> kRows{{
    {Check::auth_enforced, Needs::nothing, auth_enforced},
    {Check::gateway_in_use, Needs::nothing, gateway_in_use},
    {Check::sources_fresh, Needs::nothing, sources_fresh},
    {Check::coverage, Needs::nothing, coverage},
    {Check::no_live_use, Needs::census, no_live_use},
    {Check::no_fallback_hits, Needs::nothing, no_fallback_hits},
    {Check::no_new_legacy, Needs::census, no_new_legacy},
    {Check::none_stranded, Needs::census, none_stranded},
    {Check::none_retired_in_use, Needs::census, none_retired_in_use},
    {Check::failures_normal, Needs::nothing, failures_normal},
    {Check::inventory, Needs::census, inventory},
    {Check::dormant_acknowledged, Needs::census, dormant_acknowledged},
    {Check::fallback_mode, Needs::nothing, fallback_mode},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < kRows.size(); ++i)
        if (kRows[i].check != static_cast<Check>(i)) return false;
    return true;
}
static_assert(in_order());

}  // namespace

CheckResult run_check(Check check, const VerdictFacts& facts, base::Time now) {
    const Row& row = kRows.at(static_cast<std::size_t>(check));
    CheckResult result = row.needs == Needs::census && !facts.keys_read_at
                             ? finding(CheckOutcome::unknown, "the key table was not read yet")
                             : row.run(facts, now);
    result.check = check;
    // Numbers that stand still while time goes on promise a time that has passed.
    if (result.passes_at && *result.passes_at <= now) result.passes_at.reset();
    return result;
}

}  // namespace keyshift::domain
