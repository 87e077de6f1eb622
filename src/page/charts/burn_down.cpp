// SPDX-License-Identifier: Apache-2.0
#include "page/charts/burn_down.hpp"

#include <algorithm>
#include <array>

#include "base/people_time.hpp"
#include "page/charts/plot.hpp"

namespace keyshift::page {
namespace {

using base::Time;
using namespace std::chrono_literals;

constexpr std::size_t kPointsDrawn = 240;
constexpr std::size_t kRowsShown = 30;

/// Those that are looked for when the line bends.
constexpr std::array<std::string_view, 5> kBending{"fallback_mode", "backfill", "table_changed", "owner_gone",
                                                   "clock_set"};

Span span_of(const api::Status& status, const std::vector<api::HistoryPoint>& points) {
    Span span{points.front().at, std::max(status.at, points.back().at), 1};
    // What is further ahead would make a dot of the past.
    const base::Duration ahead = std::max<base::Duration>(8 * (span.to - span.from), 1h);
    const Time latest = span.to + ahead;
    Time end = span.to;
    for (const auto& at :
         {status.migration->deadline, status.migration->eta_p85, status.migration->eta_point})
        if (at) end = std::max(end, std::min(*at, latest));
    span.to = end + (end - span.from) / 40 + 1s;
    for (const api::HistoryPoint& point : points)
        span.most = std::max(span.most, static_cast<double>(point.live));
    return span;
}

std::string line(const Plot& plot, const std::vector<api::HistoryPoint>& points, Time now) {
    std::vector<std::pair<double, double>> out;
    for (const api::HistoryPoint& point : points) {
        const double y = plot.y(static_cast<double>(point.live));
        // The number holds until the next one: stairs.
        if (!out.empty()) out.emplace_back(plot.x(point.at), out.back().second);
        out.emplace_back(plot.x(point.at), y);
    }
    out.emplace_back(plot.x(now), out.back().second);
    return path_of(out);
}

Html expected(const Plot& plot, const api::Status& status, double left) {
    Html html;
    const api::MigrationProgress& migration = *status.migration;
    const auto from = std::pair(plot.x(status.at), plot.y(left));
    const auto to = [&](Time at) { return std::pair(plot.x(at), plot.y(0)); };
    if (left <= 0) return html;
    if (migration.eta_p50 && migration.eta_p85)
        html("<path class=\"band\" d=\"", path_of({from, to(*migration.eta_p50), to(*migration.eta_p85)}),
             "Z\"/>");
    if (migration.eta_point)
        html("<path class=\"forecast\" d=\"", path_of({from, to(*migration.eta_point)}), "\"/>");
    if (migration.deadline && *migration.deadline > status.at)
        html("<path class=\"pace\" d=\"", path_of({from, to(*migration.deadline)}), "\"/>");
    return html;
}

std::string mark_word(const api::Mark& mark) {
    return mark.kind.starts_with("brownout") ? "brownout" : mark.kind;
}

Html mark_drawing(const Plot& plot, const api::Mark& mark) {
    Html html;
    if (mark.kind == "brownout_end") return html;
    if (mark.ended_at && plot.holds(mark.at))
        html("<rect class=\"brownout\" x=\"", coordinate(plot.x(mark.at)), "\" y=\"", coordinate(plot.top()),
             "\" width=\"", coordinate(std::max(2.0, plot.x(*mark.ended_at) - plot.x(mark.at))),
             "\" height=\"", coordinate(plot.bottom() - plot.top()), "\"/>");
    return html(plot.upright(mark.at, "mark", mark_word(mark)));
}

bool bends(const api::Event& event) {
    return std::find(kBending.begin(), kBending.end(), event.kind) != kBending.end();
}

Html event_drawing(const Plot& plot, const api::Event& event) {
    Html html;
    if (!bends(event) || !plot.holds(event.at)) return html;
    return html("<path class=\"event\" d=\"M", coordinate(plot.x(event.at)), " ", coordinate(plot.bottom()),
                "l-5 -9h10z\"><title>", event.kind, ": ", event.detail, "</title></path>");
}

Html drawing(Width width, const api::Status& status, const Past& past, const std::string& description) {
    const Plot plot(width, span_of(status, past.points));
    const std::string id = width == Width::wide ? "burn-down-wide" : "burn-down-narrow";
    Html html;
    html(plot.begin("burn-down", "Old keys left over time", description), plot.axes(""),
         "<g clip-path=\"url(#", id, "-clip)\">",
         expected(plot, status, static_cast<double>(status.migration->legacy_keys)),
         "<path class=\"line\" d=\"", line(plot, past.points, status.at), "\"/></g>");
    for (const api::Mark& mark : past.marks) html(mark_drawing(plot, mark));
    for (const api::Event& event : past.events) html(event_drawing(plot, event));
    if (status.migration->deadline) html(plot.upright(*status.migration->deadline, "deadline", "deadline"));
    return html(plot.upright(status.at, "now", "now"), "</svg>");
}

std::string summary(const api::Status& status, const Past& past) {
    const api::MigrationProgress& migration = *status.migration;
    std::string out = some(past.points.front().live, "old key") + " on " +
                      base::format_for_people(past.points.front().at, status.at) + ", " +
                      grouped(migration.legacy_keys) + " now.";
    if (migration.legacy_keys == 0) return out + " None is left.";
    if (migration.eta_point)
        out += " At this pace the last one goes about " +
               base::format_for_people(*migration.eta_point, status.at) + ".";
    else
        out += " No forecast yet: it needs three removals, a day, and 1 % of the keys.";
    if (migration.eta_p50 && migration.eta_p85)
        out += " It is as likely as not done by " + base::format_for_people(*migration.eta_p50, status.at) +
               ", and very likely by " + base::format_for_people(*migration.eta_p85, status.at) + ".";
    return out;
}

/// What the deadline asks, in keys a day.
Html pace(const api::Status& status) {
    Html html;
    const api::MigrationProgress& migration = *status.migration;
    if (!migration.deadline || migration.legacy_keys == 0) return html;
    if (*migration.deadline <= status.at)
        return html("<p><strong>The deadline was missed ", When{migration.deadline, status.at},
                    ".</strong></p>");
    const double days =
        std::chrono::duration<double, std::ratio<86'400>>(*migration.deadline - status.at).count();
    const bool late = migration.eta_point && *migration.eta_point > *migration.deadline;
    return html("<p>To meet the deadline, ", coordinate(static_cast<double>(migration.legacy_keys) / days),
                " keys a day must go.", late ? std::string_view(" At the present pace it is missed.") : "",
                "</p>");
}

Html legend(const api::Status& status, const Past& past) {
    const api::MigrationProgress& migration = *status.migration;
    Html html;
    html("<ul class=\"legend\"><li class=\"key-line\">old keys left</li>");
    if (migration.eta_point) html("<li class=\"key-forecast\">forecast</li>");
    if (migration.eta_p50) html("<li class=\"key-band\">likely range</li>");
    if (migration.deadline) html("<li class=\"key-pace\">pace that the deadline needs</li>");
    if (!past.marks.empty()) html("<li class=\"key-mark\">what operators marked</li>");
    if (std::any_of(past.events.begin(), past.events.end(), bends))
        html("<li class=\"key-event\">an event that may bend the line: see What happened</li>");
    return html("</ul>");
}

Html table(const std::vector<api::HistoryPoint>& points, Time now) {
    Html html;
    html("<details id=\"burn-down-table\"><summary>The same as a table</summary>",
         "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Old keys over time\"><table>",
         "<caption>Old keys over time</caption><thead><tr><th scope=\"col\">Time</th>",
         "<th scope=\"col\" class=\"number\">Left</th><th scope=\"col\" class=\"number\">Moved</th>",
         "<th scope=\"col\" class=\"number\">Gone</th></tr></thead><tbody>");
    for (const api::HistoryPoint& point : thinned(points, kRowsShown))
        html("<tr><th scope=\"row\">", At{point.at, now}, "</th><td class=\"number\">", point.live,
             "</td><td class=\"number\">", point.drained, "</td><td class=\"number\">", point.removed,
             "</td></tr>");
    return html("</tbody></table></div></details>");
}

Html drawn(const api::Status& status, const Past& past) {
    Html html;
    const Past shown{thinned(past.points, kPointsDrawn), past.marks, past.events};
    const std::string text = summary(status, past);
    return html("<p>", text, "</p>", pace(status), "<figure>", drawing(Width::wide, status, shown, text),
                drawing(Width::narrow, status, shown, text), "<figcaption>", legend(status, past),
                "</figcaption></figure>", table(past.points, status.at));
}

}  // namespace

Html burn_down(const api::Status& status, const base::Result<Past>& past) {
    Html html;
    html("<section id=\"pace\" aria-labelledby=\"pace-title\"><h2 id=\"pace-title\">Are we in time?</h2>");
    if (!past)
        html("<p class=\"notice error\" data-unread><strong>The history cannot be read now.</strong> ",
             past.error().what, "</p>");
    else if (!status.migration || past->points.empty())
        html(
            "<p class=\"none\">There is no history yet: it begins with the first reading of the key "
            "table.</p>");
    else
        html(drawn(status, *past));
    return html("</section>");
}

std::vector<api::HistoryPoint> thinned(const std::vector<api::HistoryPoint>& points, std::size_t most) {
    if (points.size() <= most) return points;
    const Time from = points.front().at;
    const base::Duration each =
        (points.back().at - from) / static_cast<std::int64_t>(most) + base::Duration{1};
    std::vector<api::HistoryPoint> out;
    std::int64_t stretch = -1;
    for (const api::HistoryPoint& point : points) {
        const std::int64_t of_point = (point.at - from) / each;
        if (of_point == stretch)
            out.back() = point;
        else
            out.push_back(point);
        stretch = of_point;
    }
    return out;
}

}  // namespace keyshift::page
