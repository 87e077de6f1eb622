// SPDX-License-Identifier: Apache-2.0
#include "page/frame.hpp"

#include "page/answers/banner.hpp"
#include "page/assets.hpp"
#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

/// From a document to the overview.
std::string_view root_of(Place place) {
    return place == Place::key ? "../" : "";
}

Html head(std::string_view root, std::string_view icon, std::string_view title) {
    Html html;
    const std::string assets = std::string(root) + asset_folder();
    return html(
        "<head><meta charset=\"utf-8\"><title>", title,
        "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
        "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">",
        "<link rel=\"icon\" type=\"image/svg+xml\" href=\"", assets, "icon-", icon, ".svg\">",
        "<link rel=\"stylesheet\" href=\"", assets, "page.css\">");
}

Html link_to(std::string_view address, std::string_view word, bool here) {
    Html html;
    html("<li><a href=\"", address, "\"");
    if (here) html(" aria-current=\"page\"");
    return html(">", word, "</a></li>");
}

Html header(const Common& common, Place place) {
    const std::string root(root_of(place));
    Html html;
    html(
        "<a class=\"skip\" href=\"#main\">To the content</a><header class=\"top\"><a class=\"brand\" href=\"",
        root.empty() ? "./" : root, "\">keyshift</a><nav aria-label=\"Pages\"><ul>",
        link_to(root.empty() ? "./" : root, "Answer", place == Place::overview),
        link_to(root + "keys", "Keys", place == Place::keys),
        link_to(root + "owners", "Owners", place == Place::owners), "</ul></nav>");
    if (!common.viewer.user.empty()) html("<p class=\"user\">", Data{common.viewer.user}, "</p>");
    return html("</header>");
}

/// What assets/page.js shows when the document cannot be fetched any more. Nothing else says it.
Html losses() {
    Html html;
    return html(
        "<div id=\"lost\" class=\"notice lost\" role=\"alert\" data-keep><p data-lost=\"gone\" "
        "hidden><strong>keyshift "
        "does not answer.</strong> All numbers on this page are old: they are those of <span "
        "data-last></span>. "
        "On its host: <code>systemctl status keyshift</code>.</p>"
        "<p data-lost=\"session\" hidden><strong>You are not logged in any more.</strong> All numbers on "
        "this "
        "page are old: they are those of <span data-last></span>. <a href=\"\">Log in again</a>.</p>"
        "<p data-lost=\"refused\" hidden><strong>You may not see this page any more.</strong> All numbers on "
        "it "
        "are old: they are those of <span data-last></span>. <a href=\"\">Ask why</a>.</p>"
        "<p data-lost=\"error\" hidden><strong>keyshift cannot answer now.</strong> All numbers on this page "
        "are "
        "old: they are those of <span data-last></span>. It is asked again every few seconds.</p></div>");
}

Html glossary() {
    Html html;
    return html(
        "<footer><details id=\"words\"><summary>Words on this page</summary><dl>"
        "<div><dt>old key</dt><dd>A key without a lookup hash (also: legacy key). The gateway finds its "
        "holder only by "
        "comparing it with every key.</dd></div>"
        "<div><dt>new key</dt><dd>A key with a lookup hash (also: modern key), which is found at "
        "once.</dd></div>"
        "<div><dt>fallback</dt><dd>That slow comparison. When nobody needs it any more, it can be "
        "removed.</dd></div>"
        "<div><dt>replacement</dt><dd>The new key that was made in place of an old one.</dd></div>"
        "<div><dt>locked out</dt><dd>A client whose key the gateway accepts no more: it fails.</dd></div>"
        "<div><dt>brownout, cutover</dt><dd>The fallback is switched off for some minutes, or for good, and "
        "an "
        "operator has told keyshift so.</dd></div>"
        "<div><dt>source</dt><dd>What keyshift reads: the key table, logs, metrics.</dd></div></dl></details>"
        "<p>keyshift " KEYSHIFT_VERSION
        ". It only reads: nothing in the gateway changes by this page. Times are "
        "UTC.</p></footer>");
}

}  // namespace

std::string framed(const Common& common, const Frame& frame, const Html& main) {
    const std::string_view root = root_of(frame.place);
    const api::Answer& answer = common.status.answer;
    const std::string_view icon = any_down(common.status) && verdict_class(answer) != "unsafe"
                                      ? std::string_view("unknown")
                                      : verdict_class(answer);
    std::string title(verdict_word(answer));
    title += (frame.title.empty() ? "" : " · " + frame.title) + " · keyshift";
    Html html;
    return html("<!doctype html>\n<html lang=\"en\" data-at=\"", base::format_rfc3339(common.status.at),
                "\" data-assets=\"", asset_folder(), "\">", head(root, icon, title),
                "<script type=\"module\" src=\"", root, asset_folder(), "page.js\"></script></head><body>",
                header(common, frame.place), losses(), "<main id=\"main\" tabindex=\"-1\">",
                frame.place == Place::overview ? Html()
                                               : small_banner(common.status, root.empty() ? "./" : root),
                main, "</main>", glossary(), "</body></html>\n")
        .take();
}

std::string plain(std::string_view title, const Html& main) {
    Html html;
    return html("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", title,
                "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
                "<meta name=\"color-scheme\" content=\"light dark\"></head><body><main>", main,
                "</main></body></html>\n")
        .take();
}

}  // namespace keyshift::page
