// SPDX-License-Identifier: Apache-2.0
#include "page/answers/sources.hpp"

#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

Html standing(const api::SourceReport& source) {
    Html html;
    if (source.not_measured) return html("<span class=\"outcome outcome-unmeasured\">not measured</span>");
    if (!source.up) return html("<span class=\"outcome outcome-unknown\">not read yet</span>");
    if (is_down(source)) return html("<span class=\"outcome outcome-unsafe\">down</span>");
    return html("<span class=\"outcome outcome-safe\">up</span>");
}

Html remarks(const api::SourceReport& source, base::Time now) {
    Html html;
    if (source.failure) html("<p>", Sentence{begun(*source.failure), now}, ".</p>");
    if (source.not_measured) html("<p>", Sentence{begun(*source.not_measured), now}, ".</p>");
    if (!source.missing.empty()) {
        html("<p>Does not answer: ");
        for (std::size_t i = 0; i < source.missing.size(); ++i)
            html(std::string_view(i == 0 ? "" : ", "), Data{source.missing[i]});
        html(".</p>");
    }
    if (source.lines_not_understood > 0)
        html("<p>", source.lines_not_understood, " of ", source.lines, " lines are not understood.</p>");
    return html;
}

Html source_row(const api::SourceReport& source, base::Time now) {
    Html html;
    html("<tr id=\"source-", source.source, "\"><th scope=\"row\">", Data{source.source}, "</th><td>",
         standing(source), "</td><td>");
    if (source.read_at)
        html(When{source.read_at, now});
    else
        html("never");
    html("</td><td>");
    if (source.watched_since) html(At{*source.watched_since, now});
    return html("</td><td>", remarks(source, now), "</td></tr>");
}

}  // namespace

Html sources(const api::Status& status) {
    Html html;
    html("<section id=\"sources\" aria-labelledby=\"sources-title\"><h2 id=\"sources-title\">Sources</h2>",
         "<p>What keyshift reads. What is down makes its numbers old.</p>");
    if (status.sources.empty()) return html("<p class=\"none\">Nothing is watched.</p></section>");
    html("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Sources\"><table>",
         "<caption>What is watched</caption><thead><tr><th scope=\"col\">Source</th>",
         "<th scope=\"col\">State</th><th scope=\"col\">Last read</th><th scope=\"col\">Watched since</th>",
         "<th scope=\"col\">Remarks</th></tr></thead><tbody>");
    for (const api::SourceReport& source : status.sources) html(source_row(source, status.at));
    return html("</tbody></table></div></section>");
}

}  // namespace keyshift::page
