// SPDX-License-Identifier: Apache-2.0
#include "app/verdict_text.hpp"

namespace keyshift::app {
namespace {

using domain::CheckOutcome;
using domain::Verdict;

Colour colour_of(CheckOutcome outcome) {
    switch (outcome) {
        case CheckOutcome::pass:
            return Colour::good;
        case CheckOutcome::not_measured:
            return Colour::quiet;
        case CheckOutcome::unsafe:
            return Colour::bad;
        default:
            return Colour::warning;
    }
}

std::string answer(const domain::Judgement& judgement, base::Time now) {
    switch (judgement.verdict) {
        case Verdict::safe:
            return "the fallback may be removed";
        case Verdict::unsafe:
            return "the fallback must not be removed: something has to be done first";
        case Verdict::unknown:
            return "it cannot be said: a required check has no data";
        case Verdict::not_yet:
            break;
    }
    const bool dated = judgement.earliest_safe && *judgement.earliest_safe > now;
    return dated ? "the fallback may not be removed before " + show_time(*judgement.earliest_safe)
                 : "the fallback may not be removed yet";
}

}  // namespace

std::string verdict_line(const domain::Judgement& judgement, base::Time now, const Terminal& terminal) {
    const Verdict verdict = judgement.verdict;
    const Colour colour = verdict == Verdict::safe     ? Colour::good
                          : verdict == Verdict::unsafe ? Colour::bad
                                                       : Colour::warning;
    std::string out = terminal.paint(colour, verdict_name(verdict)) + ": " + answer(judgement, now);
    std::string unmeasured;
    for (const domain::Check check : judgement.not_measured())
        unmeasured += (unmeasured.empty() ? " (not measured: " : ", ") + std::string(check_name(check));
    return unmeasured.empty() ? out : out + unmeasured + ")";
}

std::string check_line(const domain::CheckResult& result, const Terminal& terminal) {
    std::string line = terminal.paint(colour_of(result.outcome), pad(outcome_name(result.outcome), 12)) +
                       "  " + pad(check_name(result.check), 20) + "  " + result.evidence;
    if (result.passes_at) line += "; passes " + show_time(*result.passes_at) + " if nothing else happens";
    return line;
}

std::string origin_line(const Picture& picture) {
    const base::Time read = picture.model.keys->migration.polled_at;
    if (picture.of_daemon) return "From the running daemon, read " + show_distance(read, picture.now) + ".";
    return "From one look at the database at " + show_time(read) +
           "; no daemon is running. Only `keyshift serve` sees what changes.";
}

}  // namespace keyshift::app
