// SPDX-License-Identifier: Apache-2.0
#include "page/answers/failing.hpp"

#include <algorithm>

#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

constexpr std::size_t kClientsShown = 20;

Html owner_cell(const std::optional<std::string>& owner, const Addresses& addresses) {
    Html html;
    if (!owner) return html("<span class=\"none\">no owner</span>");
    const auto address = addresses.find(*owner);
    if (address != addresses.end()) return html(mail_link(address->second));
    return owner->find('@') == std::string::npos ? html(Data{*owner}) : html(mail_link(*owner));
}

Html key_row(const api::Key& key, const Addresses& addresses, base::Time now) {
    Html html;
    html("<tr id=\"failing-", url_part(key.id), "\"><th scope=\"row\"><a href=\"keys/", url_part(key.id),
         "\">", Data{key.name.value_or("unnamed")}, "</a> <code>", Data{key.prefix}, "</code></th><td>",
         phase_badge(key.phase), "</td><td>", owner_cell(key.owner, addresses), "</td>");
    return html("<td>", When{key.last_used_at, now}, "</td><td>", When{key.since, now}, "</td></tr>");
}

Html failing_keys(const api::KeyPage& keys, const Addresses& addresses, base::Time now) {
    Html html;
    html(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Keys whose clients fail\"><table "
        "class=\"failing\">",
        "<caption>", some(keys.total, "key"), " whose clients fail</caption><thead><tr>",
        "<th scope=\"col\">Key</th><th scope=\"col\">What happened</th><th scope=\"col\">Owner</th>",
        "<th scope=\"col\">Last used</th><th scope=\"col\">Failing since</th></tr></thead><tbody>");
    for (const api::Key& key : keys.items) html(key_row(key, addresses, now));
    html("</tbody></table></div>");
    if (keys.total > keys.items.size())
        html("<p><a href=\"keys?phase=stranded,retired_in_use\">All ", some(keys.total, "key"), "</a></p>");
    return html;
}

Html client_row(const api::FailingClient& client, base::Time now) {
    Html html;
    html("<tr><th scope=\"row\">", Data{client.client.empty() ? "address not known" : client.client});
    if (!client.user_agent.empty()) html("<br><small>", Data{client.user_agent}, "</small>");
    html("</th><td>", reason_words(client.reason), " <code>", client.reason,
         "</code></td><td class=\"number\">", client.failures, "</td>");
    html("<td>", When{client.last_at, now}, "</td><td>");
    if (client.key)
        html("<a href=\"keys/", url_part(*client.key), "\">", Data{*client.key}, "</a>");
    else if (!client.path.empty())
        html(Data{client.path});
    return html("</td></tr>");
}

Html reason_list(const api::FailureList& failures) {
    Html html;
    html("<ul class=\"chips\">");
    for (const api::FailureReason& reason : failures.reasons)
        html("<li><strong>", reason.failures, "</strong> ", reason_words(reason.reason), " (",
             some(reason.clients, "client"), ", by ", Data{reason.source}, ")</li>");
    return html("</ul>");
}

Html failing_clients(const api::FailureList& failures, base::Time now) {
    Html html;
    if (failures.sources.empty())
        return html(
            "<p class=\"none\">No log is watched that tells who fails. The collectors access_log and ",
            "gateway_log do.</p>");
    if (failures.items.empty()) return html("<p class=\"good\">No client failed in the last hour.</p>");
    html(reason_list(failures),
         "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Clients that failed\"><table>",
         "<caption>", some(failures.total, "kind"), " of failing clients</caption><thead><tr>",
         "<th scope=\"col\">Client</th><th scope=\"col\">Why it failed</th>",
         "<th scope=\"col\" class=\"number\">Times</th><th scope=\"col\">Last</th>",
         "<th scope=\"col\">Key or path</th></tr></thead><tbody>");
    const std::size_t shown = std::min(failures.items.size(), kClientsShown);
    for (std::size_t i = 0; i < shown; ++i) html(client_row(failures.items[i], now));
    html("</tbody></table></div>");
    if (failures.total > shown)
        html("<p>", failures.total - shown,
             " more: <a href=\"api/v1/failures?since=1h&amp;format=csv\">all as "
             "CSV</a></p>");
    return html;
}

Html key_answer(const api::Status& status, const base::Result<api::KeyPage>& keys,
                const Addresses& addresses) {
    Html html;
    if (!status.migration) return html("<p class=\"none\">The key table has not been read yet.</p>");
    if (!keys) return unread(keys.error());
    if (keys->items.empty() && keys_down(status))
        return html("<p class=\"none\">No known key was locked out on ", When{status.read_at, status.at},
                    ". What has happened since is not known.</p>");
    if (keys->items.empty()) return html("<p class=\"good\">No known key is locked out.</p>");
    return failing_keys(*keys, addresses, status.at);
}

}  // namespace

Html unread(const base::Error& error) {
    Html html;
    if (error.code == base::Errc::timeout)
        html("<p class=\"notice\" data-unread data-soon><strong>One moment.</strong> ");
    else
        html("<p class=\"notice error\" data-unread><strong>This cannot be shown now.</strong> ");
    return html(error.what, std::string_view(error.hint.empty() ? "" : ": "), error.hint, ".</p>");
}

base::Error being_read() {
    return {base::Errc::timeout,
            "All keys are being read, which takes some seconds where there are many; then they stand here",
            {}};
}

Html failing(const api::Status& status, const base::Result<api::KeyPage>& keys, const Addresses& addresses,
             const base::Result<api::FailureList>& failures) {
    Html html;
    html(
        "<section id=\"failing\" aria-labelledby=\"failing-title\"><h2 id=\"failing-title\">Failing now</h2>",
        key_answer(status, keys, addresses));
    if (status.fallback.maybe_locked_out_since)
        html("<p class=\"notice\"><strong>Perhaps ", some(status.fallback.maybe_locked_out, "key"),
             " more</strong> since ", When{status.fallback.maybe_locked_out_since, status.at},
             ": nobody has used an old key since, and unknown keys are refused.</p>");
    html("<h3>Clients refused in the last hour</h3>");
    return html(failures ? failing_clients(*failures, status.at) : unread(failures.error()), "</section>");
}

}  // namespace keyshift::page
