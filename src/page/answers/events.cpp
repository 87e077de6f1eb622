// SPDX-License-Identifier: Apache-2.0
#include "page/answers/events.hpp"

#include <algorithm>
#include <array>

#include "page/answers/failing.hpp"
#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

struct Since {
    std::string_view value;
    std::string_view words;
};
constexpr std::array<Since, 4> kSince{
    {{"1h", "the last hour"}, {"24h", "the last day"}, {"7d", "the last week"}, {"30d", "the last 30 days"}}};

Html event_text(const api::Event& event) {
    Html html;
    std::string kind = event.kind;
    std::replace(kind.begin(), kind.end(), '_', ' ');
    html("<strong>", kind, "</strong>");
    if (event.was && event.phase)
        html(": ", phase_words(*event.was).title, " → ", phase_words(*event.phase).title);
    else if (event.phase)
        html(": ", phase_words(*event.phase).title);
    if (event.keys) html(", ", some(*event.keys, "key"));
    if (!event.detail.empty()) html(": ", Data{event.detail});
    return html;
}

Html event_row(const api::Event& event, base::Time now) {
    Html html;
    html("<tr id=\"event-", event.id, "\"><th scope=\"row\">", At{event.at, now}, "</th><td>",
         event_text(event), "</td><td>");
    if (event.key)
        html("<a href=\"keys/", url_part(*event.key), "\"><code>", Data{*event.key}, "</code></a>");
    else if (event.owner)
        html(Data{*event.owner});
    return html("</td></tr>");
}

Html chooser(std::string_view since) {
    Html html;
    html("<form method=\"get\" action=\"./#events\" class=\"inline\"><label for=\"since\">Show</label> ",
         "<select id=\"since\" name=\"since\">");
    for (const Since& each : kSince) {
        html("<option value=\"", each.value, "\"");
        if (each.value == since) html(" selected");
        html(">", each.words, "</option>");
    }
    return html("</select> <button>Show</button></form>");
}

}  // namespace

std::string_view known_since(std::string_view text) {
    for (const Since& each : kSince)
        if (each.value == text) return each.value;
    return kSince[1].value;
}

Html events(const base::Result<api::List<api::Event>>& list, std::string_view since, base::Time now) {
    Html html;
    html("<section id=\"events\" aria-labelledby=\"events-title\"><h2 id=\"events-title\">What happened</h2>",
         chooser(since));
    if (!list) return html(unread(list.error()), "</section>");
    if (list->items.empty()) return html("<p class=\"none\">Nothing has changed in this time.</p></section>");
    html("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Events\"><table class=\"events\">",
         "<caption>Newest first</caption><thead><tr><th scope=\"col\">Time</th>",
         "<th scope=\"col\">What</th><th scope=\"col\">Key or owner</th></tr></thead><tbody>");
    for (const api::Event& event : list->items) html(event_row(event, now));
    html("</tbody></table></div>");
    if (list->next)
        html("<p>There are more: <a href=\"api/v1/events?format=csv&amp;limit=1000&amp;since=", since,
             "\">as CSV</a>, or <code>keyshift events --since ", since, "</code>.</p>");
    return html("</section>");
}

}  // namespace keyshift::page
