// SPDX-License-Identifier: Apache-2.0
#include "page/keys/owner_table.hpp"

#include <array>

#include "page/answers/failing.hpp"
#include "page/html/words.hpp"
#include "page/keys/key_table.hpp"
#include "page/keys/sorting.hpp"

namespace keyshift::page {
namespace {

constexpr std::array<SortColumn, 5> kOwnerColumns{{{"owner", "Owner", true},
                                                   {"keys", "Old keys"},
                                                   {"", "By phase"},
                                                   {"last_used", "Last used"},
                                                   {"", "Next step"}}};

std::string owner_parameters(const OwnersAsked& asked, std::string_view sort, std::string_view cursor) {
    std::string out;
    if (!asked.search.empty()) append_parameter(out, "search", asked.search);
    if (!sort.empty()) append_parameter(out, "sort", sort);
    if (!cursor.empty()) append_parameter(out, "cursor", cursor);
    return out;
}

Html owner_heading(const SortColumn& column, const OwnersAsked& asked) {
    return sort_heading(column, asked.sort.empty() ? "-keys" : asked.sort, [&asked](std::string_view next) {
        return "owners" + owner_parameters(asked, next, "");
    });
}

std::uint64_t keys_in(const api::Owner& owner, std::string_view phase) {
    const auto found = owner.phases.find(std::string(phase));
    return found == owner.phases.end() ? 0 : found->second;
}

Html phases_cell(const api::Owner& owner) {
    Html html;
    html("<ul class=\"chips\">");
    for (const std::string_view phase : phases_by_urgency())
        if (const std::uint64_t keys = keys_in(owner, phase); keys > 0)
            html("<li><span class=\"phase phase-", phase, "\">", phase_words(phase).title, "</span> ", keys,
                 "</li>");
    return html("</ul>");
}

std::string_view next_step(const api::Owner& owner) {
    for (const std::string_view phase : phases_by_urgency())
        if (keys_in(owner, phase) > 0 && !phase_words(phase).act.empty()) return phase_words(phase).act;
    return "Nothing.";
}

Html owner_row(const api::Owner& owner, base::Time now) {
    Html html;
    html("<tr><th scope=\"row\">");
    if (owner.owner)
        html(owner_link(owner.owner, ""));
    else
        html("<a href=\"keys?owner=\">no owner</a>");
    return html("</th><td class=\"number\">", owner.keys, "</td><td>", phases_cell(owner), "</td><td>",
                When{owner.last_used_at, now}, "</td><td>", next_step(owner), "</td></tr>");
}

Html search_form(const OwnersAsked& asked) {
    Html html;
    html("<form class=\"filter\" method=\"get\" action=\"owners\" role=\"search\"><div>",
         "<label for=\"search\">Search in owners</label><input id=\"search\" name=\"search\" type=\"search\" "
         "maxlength=\"255\" autocomplete=\"off\" spellcheck=\"false\" value=\"",
         asked.search, "\"></div>");
    if (!asked.sort.empty()) html("<input type=\"hidden\" name=\"sort\" value=\"", asked.sort, "\">");
    return html("<button>Show</button> <a href=\"owners\">Clear</a></form>");
}

Html owner_pages(const OwnersAsked& asked, const api::OwnerPage& page) {
    Html html;
    html("<nav class=\"pages\" aria-label=\"Pages of owners\">");
    if (!asked.cursor.empty())
        html("<a rel=\"first\" href=\"owners", owner_parameters(asked, asked.sort, ""), "\">First page</a> ");
    if (page.next)
        html("<a rel=\"next\" href=\"owners", owner_parameters(asked, asked.sort, *page.next),
             "\">Next page</a>");
    std::string csv = owner_parameters(asked, asked.sort, "");
    csv += (csv.empty() ? "?" : "&") + std::string("limit=1000&format=csv");
    return html("</nav><p><a id=\"csv\" download=\"owners.csv\" href=\"api/v1/owners", csv,
                "\">As CSV</a></p>");
}

}  // namespace

Html owner_table(const OwnersAsked& asked, const base::Result<api::OwnerPage>& page, base::Time now) {
    Html html;
    html(
        "<section id=\"owners\" aria-labelledby=\"owners-title\"><h1 id=\"owners-title\">Owners of old "
        "keys</h1>",
        search_form(asked), "<div id=\"found\">");
    if (!page) return html(unread(page.error()), "</div></section>");
    html("<p id=\"total\" role=\"status\">", some(page->total, "owner"), " found.</p>");
    if (page->items.empty())
        return html(
            "<p class=\"none\">Nobody owns an old key, as far as this search goes.</p></div></section>");
    html("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"owners-title\"><table>",
         "<caption>Owners of old keys</caption><thead><tr>");
    for (const SortColumn& column : kOwnerColumns) html(owner_heading(column, asked));
    html("</tr></thead><tbody>");
    for (const api::Owner& owner : page->items) html(owner_row(owner, now));
    return html("</tbody></table></div>", owner_pages(asked, *page), "</div></section>");
}

}  // namespace keyshift::page
