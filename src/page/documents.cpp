// SPDX-License-Identifier: Apache-2.0
#include "page/documents.hpp"

#include "page/answers/banner.hpp"
#include "page/answers/checks.hpp"
#include "page/answers/events.hpp"
#include "page/answers/left.hpp"
#include "page/answers/sources.hpp"
#include "page/charts/rates.hpp"
#include "page/frame.hpp"
#include "page/html/words.hpp"

namespace keyshift::page {
std::string overview(const Common& common, const Overview& overview) {
    const api::Status& status = common.status;
    const std::vector<api::Mark> marks = overview.past ? overview.past->marks : std::vector<api::Mark>();
    Html html;
    html(banner(status, ""), failing(status, overview.failing, overview.addresses, overview.failures),
         checks(status), burn_down(status, overview.past), rates(status, overview.hours), left(status),
         events(overview.events, known_since(overview.since), status.at), sources(status),
         mark_forms(common.viewer, marks, status.at));
    return framed(common, {Place::overview, ""}, html);
}

Overview without_state(const base::Error& error, std::vector<api::Hour> hours) {
    return {error, error, error, error, "24h", std::move(hours), {}};
}

std::string keys(const Common& common, const KeysAsked& asked, const base::Result<api::KeyPage>& page) {
    return framed(common, {Place::keys, "Keys"}, key_table(asked, page, common.status.at));
}

std::string key(const Common& common, const api::KeyDetails& key, const KeyExtras& extras) {
    return framed(common, {Place::key, key.name.value_or(key.prefix)},
                  key_details(key, extras, common.viewer));
}

std::string which_key(const Common& common, std::string_view asked, const std::vector<api::Key>& candidates) {
    Html html;
    html("<section id=\"keys\"><h1>", std::string_view(candidates.empty() ? "No such key" : "Which key?"),
         "</h1><p>");
    if (candidates.empty())
        html("No old key, living or gone, has the id, prefix or name ", Data{asked},
             ". keyshift follows old keys only. <a href=\"../keys\">All old keys</a></p></section>");
    else
        html("Several keys may be meant by ", Data{asked}, ":</p><ul>");
    if (candidates.empty()) return framed(common, {Place::key, "No such key"}, html);
    for (const api::Key& each : candidates)
        html("<li>", key_link(each, "../"), " <code>", Data{each.prefix}, "</code> ", phase_badge(each.phase),
             ", ", owner_link(each.owner, "../"), "</li>");
    return framed(common, {Place::key, "Which key?"}, html("</ul></section>"));
}

std::string unread_key(const Common& common, const base::Error& error) {
    Html html;
    html("<section id=\"keys\"><h1>Key</h1>", unread(error), "</section>");
    return framed(common, {Place::key, "Key"}, html);
}

std::string owners(const Common& common, const OwnersAsked& asked, const base::Result<api::OwnerPage>& page) {
    return framed(common, {Place::owners, "Owners"}, owner_table(asked, page, common.status.at));
}

std::string refusal(int status, std::string_view why) {
    Html html;
    html("<h1>This page is not shown to you</h1><p>", why, "</p>");
    if (status == 401)
        html("<p>Log in, and load the page again.</p>");
    else
        html(
            "<p>To see it: open it in a browser on keyshift’s host, or through a tunnel such as <code>ssh -L "
            "11947:127.0.0.1:11947 HOST</code>, by the address <code>http://localhost:11947/</code>. On the "
            "host "
            "itself, <code>keyshift status</code> tells the same. Who may see the page is said by "
            "<code>web.inventory</code> in keyshift’s configuration.</p>");
    return plain("keyshift: not shown", html);
}

}  // namespace keyshift::page
