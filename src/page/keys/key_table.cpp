// SPDX-License-Identifier: Apache-2.0
#include "page/keys/key_table.hpp"

#include <array>

#include "page/answers/failing.hpp"
#include "page/html/words.hpp"
#include "page/keys/sorting.hpp"

namespace keyshift::page {
namespace {

constexpr std::uint64_t kMostInCsv = 1000;

constexpr std::array<SortColumn, 6> kColumns{{{"name", "Key", true},
                                              {"owner", "Owner", true},
                                              {"phase", "Phase", true},
                                              {"since", "In it since"},
                                              {"created", "Created"},
                                              {"last_used", "Last used"}}};

struct Choice {
    std::string_view value;
    std::string_view title;
};
constexpr std::array<Choice, 14> kChoices{{{"", "all that are there"},
                                           {"stranded,retired_in_use", "failing now"},
                                           {"overlap", "both keys in use"},
                                           {"issued", "new key not in use"},
                                           {"pending", "nothing done yet"},
                                           {"dormant", "unused for long"},
                                           {"drained", "moved"},
                                           {"quarantined", "blocked"},
                                           {"expired", "expired"},
                                           {"stranded", "stopped working while in use"},
                                           {"retired_in_use", "deleted while in use"},
                                           {"upgraded", "upgraded"},
                                           {"gone", "all that have gone"},
                                           {"all", "all, also those gone"}}};

/// The parameters of a link, with these instead of those that were asked for.
std::string parameters(const KeysAsked& asked, std::string_view sort, std::string_view cursor) {
    std::string out;
    if (!asked.phase.empty()) append_parameter(out, "phase", asked.phase);
    if (asked.by_owner) append_parameter(out, "owner", asked.owner);
    if (!asked.search.empty()) append_parameter(out, "search", asked.search);
    if (!sort.empty()) append_parameter(out, "sort", sort);
    if (!cursor.empty()) append_parameter(out, "cursor", cursor);
    return out;
}

Html phase_choice(const KeysAsked& asked) {
    Html html;
    bool known = false;
    html("<label for=\"phase\">Phase</label><select id=\"phase\" name=\"phase\">");
    for (const Choice& choice : kChoices) {
        html("<option value=\"", choice.value, "\"");
        if (choice.value == asked.phase) html(" selected");
        known = known || choice.value == asked.phase;
        html(">", choice.title, "</option>");
    }
    if (!known) html("<option value=\"", asked.phase, "\" selected>", asked.phase, "</option>");
    return html("</select>");
}

Html filter(const KeysAsked& asked) {
    Html html;
    html("<form id=\"filter\" class=\"filter\" method=\"get\" action=\"keys\" role=\"search\"><div>",
         "<label for=\"search\">Search in id, name, prefix and owner</label>",
         "<input id=\"search\" name=\"search\" type=\"search\" maxlength=\"255\" autocomplete=\"off\" "
         "spellcheck=\"false\" value=\"",
         asked.search, "\"></div><div>", phase_choice(asked), "</div>");
    if (!asked.sort.empty()) html("<input type=\"hidden\" name=\"sort\" value=\"", asked.sort, "\">");
    if (asked.by_owner) html("<input type=\"hidden\" name=\"owner\" value=\"", asked.owner, "\">");
    html("<button>Show</button> <a href=\"keys\">Clear</a></form>");
    if (asked.by_owner && asked.owner.empty()) html("<p>Only keys without an owner.</p>");
    if (asked.by_owner && !asked.owner.empty())
        html("<p>Only keys of ", Data{asked.owner}, ". <a href=\"keys\">All owners</a></p>");
    return html;
}

Html heading(const SortColumn& column, const KeysAsked& asked) {
    return sort_heading(column, asked.sort.empty() ? "-created" : asked.sort,
                        [&asked](std::string_view next) { return "keys" + parameters(asked, next, ""); });
}

Html row(const api::Key& key, base::Time now) {
    Html html;
    return html("<tr><th scope=\"row\">", key_link(key, ""), " <code>", Data{key.prefix}, "</code></th><td>",
                owner_link(key.owner, ""), "</td><td>", phase_badge(key.phase), "</td><td>",
                key.since ? Html()(At{*key.since, now}) : Html()("–"), "</td><td>",
                key.created_at ? Html()(At{*key.created_at, now}) : Html()("–"), "</td><td>",
                When{key.last_used_at, now}, "</td></tr>");
}

Html ways_on(const KeysAsked& asked, const api::KeyPage& page) {
    Html html;
    html("<nav class=\"pages\" aria-label=\"Pages of keys\">");
    if (!asked.cursor.empty())
        html("<a rel=\"first\" href=\"keys", parameters(asked, asked.sort, ""), "\">First page</a> ");
    if (page.next)
        html("<a rel=\"next\" href=\"keys", parameters(asked, asked.sort, *page.next), "\">Next page</a>");
    html("</nav><p>");
    std::string csv = parameters(asked, asked.sort, "");
    csv += (csv.empty() ? "?" : "&") + std::string("limit=1000&format=csv");
    html("<a id=\"csv\" download=\"keys.csv\" href=\"api/v1/keys", csv, "\">As CSV</a>");
    if (page.total > kMostInCsv)
        html(" (the first ", kMostInCsv, " of ", page.total,
             "; <code>keyshift report --format csv</code> writes all)");
    return html("</p>");
}

}  // namespace

Html key_link(const api::Key& key, std::string_view root) {
    Html html;
    return html("<a href=\"", root, "keys/", url_part(key.id), "\">",
                Data{!key.name || key.name->empty() ? "unnamed" : *key.name}, "</a>");
}

Html owner_link(const std::optional<std::string>& owner, std::string_view root) {
    Html html;
    if (!owner) return html("<span class=\"none\">no owner</span>");
    return html("<a href=\"", root, "keys?owner=", url_part(*owner), "\">", Data{*owner}, "</a>");
}

Html key_table(const KeysAsked& asked, const base::Result<api::KeyPage>& page, base::Time now) {
    Html html;
    html("<section id=\"keys\" aria-labelledby=\"keys-title\"><h1 id=\"keys-title\">Old keys</h1>",
         filter(asked), "<div id=\"found\">");
    if (!page) return html(unread(page.error()), "</div></section>");
    html("<p id=\"total\" role=\"status\">", some(page->total, "key"), " found.</p>");
    if (page->items.empty())
        return html(
            "<p class=\"none\">No key fits. <a href=\"keys?phase=all\">Show all, also those that have "
            "gone</a>.</p></div></section>");
    html(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"keys-title\"><table "
        "class=\"keys\">",
        "<caption>Old keys</caption><thead><tr>");
    for (const SortColumn& column : kColumns) html(heading(column, asked));
    html("</tr></thead><tbody>");
    for (const api::Key& key : page->items) html(row(key, now));
    return html("</tbody></table></div>", ways_on(asked, *page), "</div></section>");
}

}  // namespace keyshift::page
