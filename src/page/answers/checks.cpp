// SPDX-License-Identifier: Apache-2.0
#include "page/answers/checks.hpp"

#include <algorithm>
#include <array>

#include "domain/verdict/verdict.hpp"
#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

using domain::CheckOutcome;

struct OutcomeWords {
    CheckOutcome outcome;
    std::string_view name;  ///< of the class
    std::string_view word;
};
/// In the order of urgency.
constexpr std::array<OutcomeWords, 5> kOutcomes{{{CheckOutcome::unsafe, "unsafe", "Fails"},
                                                 {CheckOutcome::unknown, "unknown", "Unknown"},
                                                 {CheckOutcome::not_yet, "not_yet", "Not yet"},
                                                 {CheckOutcome::pass, "safe", "Passes"},
                                                 {CheckOutcome::not_measured, "unmeasured", "Not measured"}}};

const OutcomeWords& outcome_words(const api::CheckedItem& check) {
    const auto found = std::find_if(kOutcomes.begin(), kOutcomes.end(), [&](const OutcomeWords& words) {
        return outcome_name(words.outcome) == check.outcome;
    });
    return found == kOutcomes.end() ? kOutcomes[1] : *found;
}

Html check_item(const api::CheckedItem& check, base::Time now) {
    const OutcomeWords& words = outcome_words(check);
    const bool open = words.outcome != CheckOutcome::pass && words.outcome != CheckOutcome::not_measured;
    Html html;
    html("<li id=\"check-", check.check, "\" class=\"check outcome-", words.name,
         "\"><span class=\"outcome\">", words.word, "</span><div><h3>", check_words(check.check).title,
         " <code>", check.check, "</code></h3><p>", Sentence{begun(check.evidence), now}, ".</p>");
    if (check.passes_at)
        html("<p>It will pass ", When{check.passes_at, now}, ", if nothing else happens.</p>");
    if (open) html("<p class=\"act\"><strong>To do:</strong> ", check_words(check.check).act, "</p>");
    return html("</div></li>");
}

}  // namespace

Html checks(const api::Status& status) {
    const auto& all = status.answer.checks;
    const auto passed = std::count_if(all.begin(), all.end(), [](const api::CheckedItem& check) {
        return outcome_words(check).outcome == CheckOutcome::pass;
    });
    Html html;
    html("<section id=\"checks\" aria-labelledby=\"checks-title\"><h2 id=\"checks-title\">Checks</h2><p>",
         passed, " of ", all.size(), " pass. The fallback may go when all pass that can be measured.</p>",
         "<ul class=\"checks\">");
    for (const OutcomeWords& words : kOutcomes)
        for (const api::CheckedItem& check : all)
            if (outcome_words(check).outcome == words.outcome) html(check_item(check, status.at));
    return html("</ul></section>");
}

}  // namespace keyshift::page
