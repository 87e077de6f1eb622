// SPDX-License-Identifier: Apache-2.0
#include "commands/ask/status_summary.hpp"

#include <algorithm>
#include <array>

#include "commands/screen/layout.hpp"
#include "commands/shared/verdict_text.hpp"
#include "domain/assess.hpp"
#include "domain/phases/fallback_mode.hpp"
#include "domain/phases/phase.hpp"

namespace keyshift::commands {
namespace {

using api::Status;
using domain::CheckOutcome;
using domain::Phase;
using domain::Verdict;

std::uint64_t keys_in(const Status& status, Phase phase) {
    const auto found = status.phases.find(std::string(phase_name(phase)));
    return found == status.phases.end() ? 0 : found->second;
}

// --- the first line

void add_clause(std::string& to, const std::string& clause) {
    to += (to.empty() ? "" : "; ") + clause;
}

/// The first source that is down with its error, others by name, and each part that did not answer.
std::string trouble(const Status& status) {
    std::string out;
    std::string others;
    std::string missing;
    for (const api::SourceReport& source : status.sources) {
        const std::string name = show_text(source.source, status.at);
        if (is_down(source) && out.empty()) {
            out = name + " is down";
            if (source.failure) out += ": " + show_text(*source.failure, status.at);
        } else if (is_down(source)) {
            others += (others.empty() ? "also down: " : ", ") + name;
        }
        if (!source.missing.empty()) add_clause(missing, name + " lacks " + missing_parts(source, status.at));
    }
    if (!others.empty()) add_clause(out, others);
    if (!missing.empty()) add_clause(out, missing);
    return out;
}

bool any_down(const Status& status) {
    return std::any_of(status.sources.begin(), status.sources.end(), is_down);
}

/// Of the checks that make it what it is, the first.
std::string_view decisive_evidence(const api::Answer& answer) {
    const Verdict verdict = verdict_of(answer);
    const CheckOutcome outcome = verdict == Verdict::unsafe    ? CheckOutcome::unsafe
                                 : verdict == Verdict::not_yet ? CheckOutcome::not_yet
                                                               : CheckOutcome::unknown;
    for (const api::CheckedItem& check : answer.checks)
        if (check.outcome == outcome_name(outcome)) return check.evidence;
    return {};
}

std::string reason(const Status& status) {
    const api::Answer& answer = status.answer;
    if (answer.reason) return show_text(*answer.reason, status.at);
    if (answer.headline) return show_text(*answer.headline, status.at);
    if (verdict_of(answer) == Verdict::safe) return "the fallback may be removed";
    const std::string_view evidence = decisive_evidence(answer);
    return evidence.empty() ? "a required check has no data" : show_text(evidence, status.at);
}

std::string summarize_verdict(const Status& status, std::size_t width, const Terminal& terminal) {
    const std::string limits =
        verdict_of(status.answer) == Verdict::safe ? verdict_limits(status) : verdict_caveats(status);
    const std::string word = verdict_word(status.answer, terminal) + ": ";
    const std::string faults = trouble(status);
    const bool has_reason = status.answer.reason.has_value();
    const std::size_t taken = columns(word) + (faults.empty() ? columns(limits) : 0);
    std::string why =
        has_reason ? reason(status) : shortened(reason(status), std::max(width, taken + 20) - taken);
    // A source that is down is the reason of all but these.
    if (any_down(status) && !has_reason && verdict_of(status.answer) != Verdict::safe) why.clear();
    if (!faults.empty()) add_clause(why, faults);
    return word + why + limits;
}

// --- the second

/// What a reader must not take for now.
std::string as_of(const Status& status) {
    const bool keys_down =
        std::any_of(status.sources.begin(), status.sources.end(), [](const api::SourceReport& source) {
            return source.source == domain::kKeysSource && is_down(source);
        });
    return keys_down && status.read_at ? ", as of " + show_distance(*status.read_at, status.at) : "";
}

/// The gateway accepts no legacy key any more.
bool is_cut_off(const api::FallbackStatus& fallback) {
    return fallback.mode == mode_name(domain::FallbackMode::absent) && !fallback.contradicted;
}

constexpr const char* kListPhase = ": keyshift report --phase ";

std::string unread_table(const Status& status) {
    const bool is_watched =
        std::any_of(status.sources.begin(), status.sources.end(),
                    [](const api::SourceReport& source) { return source.source == domain::kKeysSource; });
    return is_watched || status.sources.empty() ? "not known: the key table has not been read yet"
                                                : "not known here: no collector reads the key table";
}

std::string summarize_lockout(const Status& status, const Terminal& terminal) {
    if (!status.migration) return unread_table(status);
    const std::uint64_t stranded = keys_in(status, Phase::stranded);
    const std::uint64_t deleted = keys_in(status, Phase::retired_in_use);
    const auto now = as_of(status);
    if (stranded > 0 && deleted > 0) {
        return terminal.paint(Colour::bad, key_count(stranded + deleted)) + ", " + std::to_string(deleted) +
               " gone" + now + kListPhase + "stranded,retired_in_use";
    }
    if (stranded > 0) return terminal.paint(Colour::bad, key_count(stranded)) + now + kListPhase + "stranded";
    if (deleted > 0) {
        return terminal.paint(Colour::bad, key_count(deleted)) + ", gone while in use" + now + kListPhase +
               "retired_in_use";
    }
    if (status.fallback.maybe_locked_out_since) {
        return "perhaps " + terminal.paint(Colour::bad, key_count(status.fallback.maybe_locked_out)) +
               ", since " + show_time(*status.fallback.maybe_locked_out_since, status.at) +
               ": keyshift failures";
    }
    const std::uint64_t cut_off = status.migration->legacy_keys;
    if (is_cut_off(status.fallback) && cut_off > 0)
        return "none that was in use; " + key_count(cut_off) + " no longer work" + now + ": keyshift report";
    if (status.auth_failures.evidence.empty()) return "no known key" + now + " (failures not measured)";
    const std::uint64_t failed = status.auth_failures.failures_24h;
    const std::string known = "no known key" + now;
    return failed == 0
               ? known + ", and nobody failed within 24h"
               : known + "; " + std::to_string(failed) + " requests failed within 24h: keyshift failures";
}

// --- the third

struct Step {
    Phase phase;
    const char* before;
    const char* behind;
};
/// The most urgent first.
constexpr std::array<Step, 8> kSteps{{{Phase::stranded, "new keys for ", " that fail now"},
                                      {Phase::overlap, "finish the switch of ", ""},
                                      {Phase::issued, "deploy ", " new keys"},
                                      {Phase::pending, "create ", " new keys"},
                                      {Phase::drained, "block or delete ", ""},
                                      {Phase::dormant, "ask the owners of ", " that nobody uses"},
                                      {Phase::quarantined, "delete ", " after the waiting time"},
                                      {Phase::expired, "delete ", ""}}};

std::string next_step_of(const Status& status) {
    if (verdict_of(status.answer) == Verdict::safe)
        return status.answer.headline ? "nothing" : "remove the fallback";
    const std::uint64_t deleted = keys_in(status, Phase::retired_in_use);
    for (const Step& step : kSteps) {
        const std::uint64_t keys = keys_in(status, step.phase);
        if (step.phase == Phase::overlap && deleted > 0)
            return "new keys for " + std::to_string(deleted) + " that went in use";
        if (keys == 0) continue;
        // Where use upgrades a key, one that is left is not used.
        if (step.phase == Phase::pending && status.configuration && status.configuration->promotes_in_place)
            return "ask the owners of " + std::to_string(keys) + " that nobody uses (report --phase pending)";
        return step.before + std::to_string(keys) + step.behind + " (report --phase " +
               std::string(phase_name(step.phase)) + ")";
    }
    return "what line 1 says";
}

std::string summarize_left(const Status& status) {
    if (!status.migration) return "not known";
    if (!status.migration->state) return "there has never been a legacy key";
    const std::uint64_t keys = status.migration->legacy_keys;
    return (keys == 0 ? "none" : std::to_string(keys)) + " of " + std::to_string(status.migration->baseline) +
           " keys; next: " + next_step_of(status);
}

// --- the fourth

std::string with_distance(base::Time at, base::Time now) {
    return show_time(at, now) + ", " + show_distance(at, now);
}

std::string earliest(const Status& status) {
    const api::Answer& answer = status.answer;
    if (verdict_of(answer) == Verdict::safe) return "now";
    if (!answer.earliest_safe) return "not known yet";
    if (*answer.earliest_safe <= status.at) return "once line 1 is done";
    return with_distance(*answer.earliest_safe, status.at);
}

std::string summarize_dates(const Status& status) {
    std::string out = "earliest " + earliest(status);
    if (!status.migration) return out;
    if (!status.migration->deadline) return out + "; no deadline (migration.deadline)";
    const base::Time deadline = *status.migration->deadline;
    return deadline < status.at ? out + "; deadline " + show_time(deadline, status.at) + " missed"
                                : out + "; deadline " + with_distance(deadline, status.at);
}

}  // namespace

std::string missing_parts(const api::SourceReport& source, base::Time now) {
    std::string out;
    for (const std::string& part : source.missing) out += (out.empty() ? "" : ", ") + show_text(part, now);
    return out;
}

bool is_down(const api::SourceReport& source) {
    return source.up && !*source.up && !source.not_measured;
}

StatusSummary summarize(const Status& status, std::size_t width, const Terminal& terminal) {
    StatusSummary out;
    out.verdict = summarize_verdict(status, width, terminal);
    out.locked_out = summarize_lockout(status, terminal);
    out.left = summarize_left(status);
    out.dates = summarize_dates(status);
    return out;
}

}  // namespace keyshift::commands
