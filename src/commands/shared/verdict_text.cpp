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
    if (answer.reason) return show_text(*answer.reason, judged.at);
    if (answer.headline) return show_text(*answer.headline, judged.at);
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
    return dated ? "the fallback may not be removed before " + show_time(*answer.earliest_safe, judged.at)
                 : "the fallback may not be removed yet";
}

std::string from_text(std::string_view from, std::optional<base::Time> read_at, base::Time now) {
    if (from == "nothing") return "Nothing could be read.";
    if (!read_at) return "From the running daemon, which has not read the key table yet.";
    if (from == "daemon") return "From the running daemon, read " + show_distance(*read_at, now) + ".";
    if (from == "state")
        return "From the state of the running daemon, read " + show_distance(*read_at, now) + ".";
    return "From one poll of the database at " + show_time(*read_at, now) +
           "; no daemon is running. Only `keyshift serve` sees what changes.";
}

}  // namespace

std::string verdict_word(const api::Answer& answer, const Terminal& terminal) {
    const Verdict verdict = verdict_of(answer);
    return terminal.paint(colour_of(verdict), verdict_name(verdict));
}

std::string verdict_caveats(const api::Judged& judged) {
    std::string out;
    for (const std::string& caveat : judged.answer.caveats) out += "; " + show_text(caveat, judged.at);
    return out;
}

std::string verdict_limits(const api::Judged& judged) {
    std::string out;
    for (const std::string& check : judged.answer.not_measured)
        out += (out.empty() ? " (not measured: " : ", ") + show_text(check, judged.at);
    return out.empty() ? verdict_caveats(judged) : out + ")" + verdict_caveats(judged);
}

std::string verdict_line(const api::Judged& judged, const Terminal& terminal) {
    return verdict_word(judged.answer, terminal) + ": " + in_words(judged) + verdict_limits(judged);
}

std::string outcome_word(const api::CheckedItem& check, base::Time now, const Terminal& terminal) {
    return terminal.paint(colour_of(check.outcome), show_text(check.outcome, now));
}

std::string check_line(const api::CheckedItem& check, base::Time now, const Terminal& terminal) {
    std::string line = pad(outcome_word(check, now, terminal), 12) + "  " +
                       pad(show_text(check.check, now), 20) + "  " + show_text(check.evidence, now);
    if (check.passes_at) line += "; passes " + show_time(*check.passes_at, now) + " if nothing else happens";
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
