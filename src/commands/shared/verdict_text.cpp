// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/verdict_text.hpp"

namespace keyshift::commands {
namespace {

using domain::CheckOutcome;
using domain::Verdict;

/// An outcome that is not known here is no pass.
Colour colour_of(std::string_view outcome) {
    if (outcome == outcome_name(CheckOutcome::pass)) return Colour::good;
    if (outcome == outcome_name(CheckOutcome::not_measured)) return Colour::quiet;
    return outcome == outcome_name(CheckOutcome::unsafe) ? Colour::bad : Colour::warning;
}

Colour colour_of(Verdict verdict) {
    if (verdict == Verdict::safe) return Colour::good;
    return verdict == Verdict::unsafe ? Colour::bad : Colour::warning;
}

std::string in_words(const api::Judged& judged) {
    const api::Answer& answer = judged.answer;
    if (answer.reason) return *answer.reason;
    if (answer.headline) return *answer.headline;
    switch (verdict_of(answer)) {
        case Verdict::safe:
            return "the fallback may be removed";
        case Verdict::unsafe:
            return "the fallback must not be removed: something has to be done first";
        case Verdict::unknown:
            return "it cannot be said: a required check has no data";
        case Verdict::not_yet:
            break;
    }
    const bool dated = answer.earliest_safe && *answer.earliest_safe > judged.at;
    return dated ? "the fallback may not be removed before " + show_time(*answer.earliest_safe)
                 : "the fallback may not be removed yet";
}

std::string from_text(std::string_view from, std::optional<base::Time> read_at, base::Time now) {
    if (from == "nothing") return "Nothing could be read.";
    if (!read_at) return "From the running daemon, which has not read the key table yet.";
    if (from == "daemon") return "From the running daemon, read " + show_distance(*read_at, now) + ".";
    if (from == "state")
        return "From the state of the running daemon, read " + show_distance(*read_at, now) + ".";
    return "From one poll of the database at " + show_time(*read_at) +
           "; no daemon is running. Only `keyshift serve` sees what changes.";
}

}  // namespace

std::string verdict_line(const api::Judged& judged, const Terminal& terminal) {
    const Verdict verdict = verdict_of(judged.answer);
    std::string out = terminal.paint(colour_of(verdict), verdict_name(verdict)) + ": " + in_words(judged);
    std::string unmeasured;
    for (const std::string& check : judged.answer.not_measured)
        unmeasured += (unmeasured.empty() ? " (not measured: " : ", ") + check;
    if (!unmeasured.empty()) out += unmeasured + ")";
    for (const std::string& caveat : judged.answer.caveats) out += "; " + caveat;
    return out;
}

std::string check_line(const api::CheckedItem& check, const Terminal& terminal) {
    std::string line = terminal.paint(colour_of(check.outcome), pad(check.outcome, 12)) + "  " +
                       pad(check.check, 20) + "  " + check.evidence;
    if (check.passes_at) line += "; passes " + show_time(*check.passes_at) + " if nothing else happens";
    return line;
}

std::string origin_line(const api::Judged& judged) {
    return from_text(judged.from, judged.read_at, judged.at);
}

std::string origin_line(const Snapshot& snapshot) {
    return from_text(snapshot.of_daemon ? "daemon" : "one pass", snapshot.model.keys->migration.polled_at,
                     snapshot.now);
}

}  // namespace keyshift::commands
