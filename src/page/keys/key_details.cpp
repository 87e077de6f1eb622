// SPDX-License-Identifier: Apache-2.0
#include "page/keys/key_details.hpp"

#include <algorithm>

#include "page/html/words.hpp"
#include "page/keys/key_table.hpp"

namespace keyshift::page {
namespace {

constexpr std::string_view kUp = "../";

std::string_view matched_by(std::string_view rule) {
    if (rule == "pair") return "an operator has paired them";
    if (rule == "name") return "it has the same owner and the same name";
    return "it is its owner's only other key, which is a guess until somebody confirms it (keyshift pair)";
}

Html replacement(const api::KeyDetails& key) {
    Html html;
    if (!key.replacement) return html("None is known.");
    const api::KeyReplacement& found = *key.replacement;
    html("<code>", Data{found.id}, "</code>. It is taken for the replacement since ", matched_by(found.rule),
         "; recognised ", When{found.found_at, key.at}, ". ");
    if (found.used_at) return html("It was first seen in use ", When{found.used_at, key.at}, ".");
    return html("<strong>It has not been used yet.</strong>");
}

/// What the rules of the phase have looked at.
Html rule(const api::KeyDetails& key) {
    Html html;
    if (key.gone_at) return html;
    html("<p>keyshift calls a key quiet when nobody has used it for ", key.drain_window);
    if (key.longest_gap) html(" (the longest pause between two uses of this key was ", *key.longest_gap, ")");
    html(". This one was ", std::string_view(key.used_within_drain_window ? "" : "not "),
         "used within that time. After ", key.dormant_after, " without a use it counts as unused for long.");
    if (key.fallback == "absent") html(" The gateway accepts no old key any more.");
    if (key.fallback == "present") html(" The gateway still accepts old keys.");
    if (key.fallback == "unknown") html(" It is not known whether the gateway still accepts old keys.");
    return html("</p>");
}

Html step(const api::KeyDetails& key) {
    Html html;
    const std::string_view act = key.phase ? phase_words(*key.phase).act : std::string_view();
    html("<p class=\"act\"><strong>Next step:</strong> ");
    if (!act.empty()) return html(act, "</p>");
    return html(std::string_view(key.phase ? "Nothing." : "Wait for the next reading."), "</p>");
}

void add_fact(Html& html, std::string_view name, const Html& value) {
    html("<div><dt>", name, "</dt><dd>", value, "</dd></div>");
}

Html restrictions(const api::KeyDetails& key) {
    std::string text;
    const auto add = [&](bool is, std::string_view word) {
        if (is) text.append(text.empty() ? "" : ", ").append(word);
    };
    add(key.blocked, "blocked");
    add(key.over_budget, "over its budget");
    add(key.expires_at && *key.expires_at <= key.at, "expired");
    add(key.acknowledged, "acknowledged by an operator");
    return Html()(text.empty() ? std::string("none") : text);
}

Html facts(const api::KeyDetails& key, const std::string& address) {
    Html html;
    html("<dl class=\"details\">");
    add_fact(html, "Owner", owner_link(key.owner, kUp));
    if (!address.empty()) add_fact(html, "Address", mail_link(address));
    add_fact(html, "Last used", Html()(When{key.last_used_at, key.at}));
    add_fact(html, "Created", key.created_at ? Html()(When{key.created_at, key.at}) : Html()("not known"));
    add_fact(html, "Expires", Html()(When{key.expires_at, key.at}));
    add_fact(html, "Restrictions", restrictions(key));
    add_fact(html, "Replacement", replacement(key));
    add_fact(html, "Id", Html()("<code>", Data{key.id}, "</code>"));
    return html("</dl>");
}

Html timeline(const api::KeyDetails& key) {
    Html html;
    html("<section aria-labelledby=\"timeline-title\"><h2 id=\"timeline-title\">What happened to it</h2>",
         "<ol class=\"timeline\">");
    for (const api::KeyEvent& event : key.history)
        html("<li>", At{event.at, key.at}, " ", Data{event.text}, "</li>");
    return html("</ol></section>");
}

Html letter_part(const std::string& letter) {
    Html html;
    if (letter.empty()) return html;
    html(
        "<section id=\"letter-part\" aria-labelledby=\"letter-title\"><h2 id=\"letter-title\">Letter to its "
        "owner</h2><p>To be copied into a mail; keyshift sends nothing. It names all old keys of this "
        "owner with which something is to be done.</p><pre id=\"letter\" tabindex=\"0\" role=\"group\" "
        "aria-labelledby=\"letter-title\">");
    for (std::string_view rest = letter; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        html(rest.substr(0, end), "\n");
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return html(
        "</pre><p><button type=\"button\" class=\"js-only\" data-copy=\"letter\">Copy the letter</button> "
        "<span id=\"copied\" role=\"status\" data-keep></span></p></section>");
}

}  // namespace

Html key_details(const api::KeyDetails& key, const KeyExtras& extras, const Viewer& viewer) {
    Html html;
    html("<article id=\"key\"><h1>", Data{!key.name || key.name->empty() ? "unnamed" : *key.name}, " <code>",
         Data{key.prefix}, "</code></h1><p class=\"standing\">", phase_badge(key.phase));
    if (key.since) html(" since ", When{key.since, key.at});
    html("</p>");
    // What the API says holds for this very key.
    if (!key.phase_means.empty())
        html("<p class=\"means\">", begun(key.phase_means), ".</p>");
    else if (key.phase)
        html("<p class=\"means\">", phase_words(*key.phase).means, "</p>");
    return html(step(key), rule(key), facts(key, extras.address), key_forms(viewer, key, kUp), timeline(key),
                letter_part(extras.letter), "</article>");
}

}  // namespace keyshift::page
