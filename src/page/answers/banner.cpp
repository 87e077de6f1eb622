// SPDX-License-Identifier: Apache-2.0
#include "page/answers/banner.hpp"

#include <array>

#include "domain/verdict/verdict.hpp"
#include "page/html/icons.hpp"
#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

using domain::Verdict;

std::uint64_t keys_in(const api::Status& status, std::string_view phase) {
    const auto found = status.phases.find(std::string(phase));
    return found == status.phases.end() ? 0 : found->second;
}

/// The first check that makes the verdict what it is; before all others, that somebody is locked out, or that
/// nothing newer is known.
const api::CheckedItem* decisive(const api::Answer& answer) {
    constexpr std::array<domain::CheckOutcome, 4> kOutcomes{
        domain::CheckOutcome::pass, domain::CheckOutcome::not_yet, domain::CheckOutcome::unsafe,
        domain::CheckOutcome::unknown};
    const auto outcome = outcome_name(kOutcomes.at(static_cast<std::size_t>(verdict_of(answer))));
    const api::CheckedItem* first = nullptr;
    for (const api::CheckedItem& check : answer.checks) {
        if (check.outcome != outcome) continue;
        if (check.check == "none_stranded" || check.check == "none_retired_in_use" ||
            check.check == "sources_fresh")
            return &check;
        if (first == nullptr) first = &check;
    }
    return first;
}

std::string answer_sentence(const api::Status& status) {
    const api::Answer& answer = status.answer;
    if (answer.headline) return begun(*answer.headline) + ".";
    switch (verdict_of(answer)) {
        case Verdict::safe:
            return "The fallback may be removed: nobody needs it any more.";
        case Verdict::unsafe:
            return "The fallback must not be removed: something has to be done first.";
        case Verdict::unknown:
            return "It cannot be said whether the fallback may be removed.";
        case Verdict::not_yet:
            break;
    }
    const bool dated = answer.earliest_safe && *answer.earliest_safe > status.at;
    return dated ? "The fallback may be removed after " + base::format_rfc3339(*answer.earliest_safe) +
                       ", if nothing else happens."
                 : "The fallback may not be removed yet.";
}

Html why(const api::Status& status) {
    Html html;
    const api::Answer& answer = status.answer;
    if (answer.reason) return html(Sentence{begun(*answer.reason), status.at}, ".");
    if (verdict_of(answer) == Verdict::safe) return html("All checks pass.");
    const api::CheckedItem* const check = decisive(answer);
    if (check == nullptr) return html("A check that is needed has no data.");
    return html(Sentence{begun(check->evidence), status.at}, ".");
}

struct Step {
    std::string_view phase;
    std::string_view before;
    std::string_view behind;
};
/// The most urgent first.
constexpr std::array<Step, 6> kSteps{
    {{"overlap", "Finish the switch of ", ": both keys are in use."},
     {"issued", "Have the new keys of ", " put to use."},
     {"pending", "Create new keys for ", "."},
     {"drained", "Block or delete ", " that moved."},
     {"dormant", "Ask the owners of ", " that nobody uses."},
     {"quarantined", "After the waiting time, delete ", " that are blocked."}}};

Html step_link(const api::Status& status, const Step& step, std::string_view root) {
    Html html;
    return html(step.before, "<a href=\"", root, "keys?phase=", step.phase, "\">",
                some(keys_in(status, step.phase), "key"), "</a>", step.behind);
}

Html source_step(const api::Status& status) {
    Html html;
    for (const api::SourceReport& source : status.sources) {
        if (!is_down(source)) continue;
        html("Repair the source ", Data{source.source}, ": ",
             Sentence{source.failure.value_or("it does not answer"), status.at}, ".");
        break;
    }
    return html;
}

Html next_step(const api::Status& status, std::string_view root) {
    Html html;
    if (keys_down(status)) return source_step(status);
    if (const std::uint64_t keys = locked_out(status); keys > 0)
        return html("Give the owners of <a href=\"", root, "#failing\">", some(keys, "key"),
                    "</a> new keys: their clients fail.");
    if (verdict_of(status.answer) == Verdict::safe)
        return status.answer.headline ? html("Nothing.") : html("Remove the fallback from the gateway.");
    for (const Step& step : kSteps)
        if (keys_in(status, step.phase) > 0) return step_link(status, step, root);
    const api::CheckedItem* const check = decisive(status.answer);
    if (any_down(status)) return source_step(status);
    return check == nullptr ? html("Wait for the next reading.") : html(check_words(check->check).act);
}

Html age(const api::Status& status) {
    Html html;
    if (!status.read_at) return html("The key table has not been read yet.");
    return html("Keys as of ", When{status.read_at, status.at}, "; page made at ", At{status.at, status.at},
                ".");
}

Html earliest(const api::Status& status) {
    Html html;
    if (verdict_of(status.answer) == Verdict::safe) return html("now");
    if (!status.answer.earliest_safe) return html("not known yet");
    if (*status.answer.earliest_safe <= status.at) return html("once the checks pass");
    return html(When{status.answer.earliest_safe, status.at});
}

Html deadline(const api::Status& status) {
    Html html;
    if (!status.migration || !status.migration->deadline) return html("none set");
    if (*status.migration->deadline < status.at) html("<strong>missed:</strong> ");
    return html(When{status.migration->deadline, status.at});
}

Html facts(const api::Status& status, std::string_view root) {
    Html html;
    html("<dl class=\"facts\"><div><dt>Old keys left</dt><dd>");
    if (!status.migration)
        html("not known yet");
    else
        html("<a href=\"", root, "keys\">", status.migration->legacy_keys, "</a> of ",
             status.migration->baseline);
    html("</dd></div><div><dt>Keys whose clients fail</dt><dd>");
    if (!status.migration)
        html("not known yet");
    else if (locked_out(status) > 0)
        html("<a class=\"alarm\" href=\"", root, "#failing\">", locked_out(status), "</a>");
    else
        html("0");
    html("</dd></div><div><dt>Safe at the earliest</dt><dd>", earliest(status),
         "</dd></div><div><dt>Deadline</dt><dd>", deadline(status), "</dd></div></dl>");
    return html;
}

/// Grey where a source is down, but an alarm stays one.
std::string_view tone(const api::Status& status) {
    const bool alarm = verdict_of(status.answer) == Verdict::unsafe;
    return any_down(status) && !alarm ? "unknown" : verdict_class(status.answer);
}

Html caveats(const api::Status& status) {
    Html html;
    for (const std::string& caveat : status.answer.caveats)
        html("<p class=\"aside\">Note: ", Sentence{caveat, status.at}, ".</p>");
    if (status.answer.not_measured.empty()) return html;
    html("<p class=\"aside\">Not measured here: ");
    bool first = true;
    for (const std::string& check : status.answer.not_measured)
        html(std::string_view(std::exchange(first, false) ? "“" : ", “"), check_words(check).title, "”");
    return html(".</p>");
}

}  // namespace

Html banner(const api::Status& status, std::string_view root) {
    Html html;
    html(
        "<section id=\"answer\" class=\"banner tone-", tone(status), "\" aria-labelledby=\"answer-title\">",
        "<h1 id=\"answer-title\">Can the old keys’ fallback be removed?</h1>",
        "<div class=\"verdict\" role=\"status\" aria-live=\"polite\" aria-atomic=\"true\"><p class=\"word\">",
        verdict_icon(verdict_class(status.answer)), "<span>", verdict_word(status.answer),
        "</span></p><p class=\"sentence\">", Sentence{answer_sentence(status), status.at}, "</p></div>");
    html("<dl class=\"reasons\"><div><dt>Why</dt><dd>", why(status), "</dd></div><div><dt>Next</dt><dd>",
         next_step(status, root), "</dd></div><div><dt>Age</dt><dd>", age(status), "</dd></div></dl>");
    if (status.answer.last_mark)
        html("<p class=\"aside\">Last mark: ", Sentence{*status.answer.last_mark, status.at}, ".</p>");
    return html(caveats(status), "</section>", stale_notice(status), facts(status, root));
}

Html small_banner(const api::Status& status, std::string_view root) {
    Html html;
    return html("<p id=\"answer\" class=\"verdict-line tone-", tone(status), "\"><a href=\"", root,
                "#answer\">", verdict_icon(verdict_class(status.answer)), "<strong>",
                verdict_word(status.answer), "</strong></a> ", Sentence{answer_sentence(status), status.at},
                "</p>", stale_notice(status));
}

Html stale_notice(const api::Status& status) {
    Html html;
    if (!any_down(status)) return html;
    html("<div class=\"notice old\" id=\"stale\"><p><strong>");
    if (keys_down(status) && status.read_at)
        html("Old numbers. ", "</strong>The key table cannot be read. All numbers of keys are those of ",
             When{status.read_at, status.at}, ".</p><ul>");
    else if (keys_down(status))
        html("No numbers. </strong>The key table has not been read yet.</p><ul>");
    else
        html("Some numbers are old. </strong>They are the last ones of a source that is down:</p><ul>");
    for (const api::SourceReport& source : status.sources)
        if (is_down(source))
            html("<li><strong>", Data{source.source},
                 "</strong> is down: ", Sentence{source.failure.value_or("it does not answer"), status.at},
                 ". Last read ", When{source.read_at, status.at}, ".</li>");
    return html("</ul></div>");
}

}  // namespace keyshift::page
