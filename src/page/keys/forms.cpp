// SPDX-License-Identifier: Apache-2.0
#include "page/keys/forms.hpp"

#include <algorithm>

namespace keyshift::page {
namespace {

/// A form that is sent to `path` by `method`; `fields` stand before the note.
struct Action {
    std::string_view id;
    std::string_view method;
    std::string path;
    std::string_view button;  ///< "Acknowledge"
};

Html action_form(const Action& action, const Html& fields) {
    Html html;
    return html("<form class=\"action\" id=\"", action.id, "\" data-action=\"", action.path,
                "\" data-method=\"", action.method, "\" data-keep autocomplete=\"off\">", fields,
                "<p><button type=\"submit\">", action.button,
                " …</button> <button type=\"button\" data-confirm hidden>", action.button,
                " now</button> <button type=\"button\" data-cancel hidden>Cancel</button></p>",
                "<div class=\"answer\" role=\"status\"></div></form>");
}

Html hidden(std::string_view name, std::string_view value) {
    Html html;
    return html("<input type=\"hidden\" name=\"", name, "\" value=\"", value, "\">");
}

/// `form` is the id of the form that it stands in.
Html note(std::string_view form, bool required) {
    Html html;
    html("<p><label for=\"", form, "-note\">Note", std::string_view(required ? "" : " (may be empty)"),
         "</label><input id=\"", form, "-note\" name=\"note\" maxlength=\"500\"");
    if (required) html(" required");
    return html("></p>");
}

Html acknowledge(const api::Key& key, std::string_view root) {
    Html html;
    const std::string path = std::string(root) + "api/v1/acks";
    html("<h3>Acknowledge</h3>");
    if (key.acknowledged)
        return html(
            "<p>It is acknowledged: nobody needs it.</p>",
            action_form({"ack-remove", "DELETE", path + "/" + url_part(key.id), "Take that back"}, Html()));
    return html(
        "<p>Say that you have asked, and nobody needs this key.</p>",
        action_form({"ack", "POST", path, "Acknowledge"}, Html()(hidden("key", key.id), note("ack", true))));
}

Html pair(const api::Key& key, std::string_view root) {
    Html html;
    const std::string path = std::string(root) + "api/v1/pairs";
    html("<h3>Replacement</h3>");
    if (key.replacement && key.replacement->rule == "pair")
        return html(
            "<p>An operator has said that ", Data{key.replacement->id}, " replaces it.</p>",
            action_form({"pair-remove", "DELETE", path + "/" + url_part(key.id), "Take that back"}, Html()));
    return html("<p>Say which new key replaces this one.</p>",
                action_form({"pair", "POST", path, "Pair"},
                            Html()(hidden("legacy", key.id),
                                   "<p><label for=\"pair-modern\">Id of the new key</label><input "
                                   "id=\"pair-modern\" name=\"modern\" required maxlength=\"255\"></p>",
                                   note("pair", false))));
}

Html remove_mark(const api::Mark& mark, base::Time now) {
    Html html;
    std::string kind = mark.kind;
    std::replace(kind.begin(), kind.end(), '_', ' ');
    const std::string id = "mark-remove-" + std::to_string(mark.id);
    return html(
        "<p>Last mark: ", kind, ", ", When{mark.at, now}, ", by ", Data{mark.by}, ".</p>",
        action_form({id, "DELETE", "api/v1/marks/" + std::to_string(mark.id), "Take that back"}, Html()));
}

}  // namespace

Html key_forms(const Viewer& viewer, const api::Key& key, std::string_view root) {
    Html html;
    if (!viewer.actions) return html;
    return html("<section id=\"decide\" class=\"decide\" aria-labelledby=\"decide-title\">",
                "<h2 id=\"decide-title\">Decide</h2><p>As ", Data{viewer.user},
                ". You see what would change before it does.</p>", pair(key, root), acknowledge(key, root),
                "</section>");
}

Html mark_forms(const Viewer& viewer, const std::vector<api::Mark>& marks, base::Time now) {
    Html html;
    if (!viewer.actions) return html;
    html(
        "<section id=\"decide\" class=\"decide\" aria-labelledby=\"decide-title\">",
        "<h2 id=\"decide-title\">Mark a brownout or the cutover</h2><p>A brownout switches the fallback off "
        "for some minutes; the cutover, for good. keyshift then tells who fails that did not before.</p>",
        action_form({"mark", "POST", "api/v1/marks", "Mark"},
                    Html()("<p><label for=\"mark-kind\">What</label><select id=\"mark-kind\" "
                           "name=\"kind\"><option value=\"brownout-begin\">a brownout begins</option><option "
                           "value=\"brownout-end\">the brownout ends</option><option value=\"cutover\">the "
                           "cutover</option></select></p>",
                           note("mark", false))));
    if (!marks.empty()) html(remove_mark(marks.back(), now));
    return html("</section>");
}

}  // namespace keyshift::page
