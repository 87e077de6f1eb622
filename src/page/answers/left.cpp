// SPDX-License-Identifier: Apache-2.0
#include "page/answers/left.hpp"

#include <algorithm>

#include "page/charts/plot.hpp"
#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

Html bar(std::uint64_t keys, std::uint64_t most) {
    Html html;
    const double share = static_cast<double>(keys) / static_cast<double>(std::max<std::uint64_t>(1, most));
    return html(
        "<svg class=\"share\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\" "
        "focusable=\"false\"><rect width=\"",
        coordinate(keys == 0 ? 0.0 : std::max(1.0, share * 100)), "\" height=\"8\"/></svg>");
}

Html phase_row(std::string_view phase, std::uint64_t keys, std::uint64_t most) {
    Html html;
    const PhaseWords words = phase_words(phase);
    html("<tr class=\"", std::string_view(keys == 0 ? "zero" : "some"), "\"><th scope=\"row\">",
         phase_badge(std::string(phase)), "<br><small>", words.means, "</small></th><td class=\"number\">");
    if (keys == 0)
        html("0");
    else
        html("<a href=\"keys?phase=", phase, "\" aria-label=\"", some(keys, "key"), ": ", words.title, "\">",
             keys, "</a>");
    return html("</td><td class=\"wide-only\">", bar(keys, most), "</td></tr>");
}

}  // namespace

Html left(const api::Status& status) {
    Html html;
    html("<section id=\"left\" aria-labelledby=\"left-title\"><h2 id=\"left-title\">Old keys</h2>");
    if (!status.migration)
        return html("<p class=\"none\">The key table has not been read yet.</p></section>");
    std::uint64_t most = 0;
    for (const auto& [phase, keys] : status.phases) most = std::max(most, keys);
    html(
        "<p><a href=\"keys\">All old keys</a>, with search and filters, and the <a "
        "href=\"owners\">owners</a> "
        "who have to move. ",
        some(status.migration->modern_keys, "new key"), " exist.</p><table class=\"phases\">",
        "<caption>Old keys by phase</caption><thead><tr><th scope=\"col\">Phase</th>",
        "<th scope=\"col\" class=\"number\">Keys</th><td class=\"wide-only\"></td></tr></thead><tbody>");
    for (const std::string_view phase : phases_by_urgency()) {
        const auto found = status.phases.find(std::string(phase));
        html(phase_row(phase, found == status.phases.end() ? 0 : found->second, most));
    }
    return html("</tbody></table></section>");
}

}  // namespace keyshift::page
