// SPDX-License-Identifier: Apache-2.0
#include "page/charts/rates.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "page/charts/plot.hpp"
#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

using base::Time;
using namespace std::chrono_literals;

constexpr base::Duration kShown = 24h * 7;
constexpr base::Duration kShortest = 24h;
/// Reasons with a colour of their own; the others share one.
constexpr std::size_t kColours = 4;

/// Of one bar, from the bottom up.
using Parts = std::vector<std::uint64_t>;

struct Bars {
    std::string name;  ///< of the chart in the document
    std::string title;
    std::string description;
    std::function<Parts(const api::Hour&)> parts;
};

std::vector<api::Hour> shown_hours(const std::vector<api::Hour>& hours, Time now) {
    std::vector<api::Hour> out;
    for (const api::Hour& hour : hours)
        if (hour.at > now - kShown && hour.at <= now) out.push_back(hour);
    return out;
}

Span hours_span(const std::vector<api::Hour>& hours, Time now) {
    const Time first = hours.empty() ? now : hours.front().at;
    return {std::min(first, now - kShortest), now + 1h, 1};
}

Html bar(const Plot& plot, const api::Hour& hour, const Parts& parts) {
    Html html;
    const double width = std::max(2.0, plot.x(hour.at + 1h) - plot.x(hour.at) - 1);
    double below = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i] == 0) continue;
        const double above = below + static_cast<double>(parts[i]);
        html("<rect class=\"series", i + 1, "\" x=\"", coordinate(plot.x(hour.at)), "\" y=\"",
             coordinate(plot.y(above)), "\" width=\"", coordinate(width), "\" height=\"",
             coordinate(std::max(1.0, plot.y(below) - plot.y(above))), "\"/>");
        below = above;
    }
    return html;
}

Html bars(Width width, const std::vector<api::Hour>& hours, const Bars& what, Time now) {
    Span span = hours_span(hours, now);
    for (const api::Hour& hour : hours) {
        double sum = 0;
        for (const std::uint64_t part : what.parts(hour)) sum += static_cast<double>(part);
        span.most = std::max(span.most, sum);
    }
    const Plot plot(width, span);
    Html html;
    html(plot.begin(what.name, what.title, what.description), plot.axes(""));
    for (const api::Hour& hour : hours) html(bar(plot, hour, what.parts(hour)));
    return html("</svg>");
}

Html both(const std::vector<api::Hour>& hours, const Bars& what, Time now) {
    Html html;
    return html(bars(Width::wide, hours, what, now), bars(Width::narrow, hours, what, now));
}

Html fallback_chart(const api::Status& status, const std::vector<api::Hour>& hours) {
    Html html;
    html("<h3>Fallback hits an hour</h3>");
    if (status.fallback.evidence.empty())
        return html("<p class=\"none\">Not counted here yet: no source tells of them.</p>");
    const std::string text = some(status.fallback.hits, "hit") + " in all, " +
                             grouped(status.fallback.hits_24h) + " in the last 24 hours, counted by " +
                             status.fallback.evidence + ".";
    return html("<p>Requests for which the gateway had to compare an old key the slow way. ", text,
                "</p><figure>",
                both(hours,
                     {"fallback", "Fallback hits an hour", text,
                      [](const api::Hour& hour) { return Parts{hour.fallback_hits}; }},
                     status.at),
                "</figure>");
}

/// The most frequent ones first.
std::vector<std::string> reasons_of(const std::vector<api::Hour>& hours) {
    std::map<std::string, std::uint64_t> sums;
    for (const api::Hour& hour : hours)
        for (const auto& [reason, count] : hour.failures) sums[reason] += count;
    std::vector<std::string> out;
    for (const auto& [reason, count] : sums) out.push_back(reason);
    std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return sums[a] > sums[b]; });
    return out;
}

Parts failures_of(const api::Hour& hour, const std::vector<std::string>& reasons) {
    Parts out(std::min(reasons.size(), kColours + 1));
    for (std::size_t i = 0; i < reasons.size(); ++i) {
        const auto found = hour.failures.find(reasons[i]);
        if (found != hour.failures.end()) out[std::min(i, kColours)] += found->second;
    }
    return out;
}

Html reason_legend(const std::vector<std::string>& reasons) {
    Html html;
    html("<ul class=\"legend\">");
    for (std::size_t i = 0; i < std::min(reasons.size(), kColours); ++i)
        html("<li class=\"key-series", i + 1, "\">", reason_words(reasons[i]), "</li>");
    if (reasons.size() > kColours) html("<li class=\"key-series5\">other reasons</li>");
    return html("</ul>");
}

Html failure_chart(const api::Status& status, const std::vector<api::Hour>& hours) {
    Html html;
    html("<h3>Refused requests an hour, by reason</h3>");
    if (status.auth_failures.evidence.empty())
        return html("<p class=\"none\">Not measured here: no source tells of failures.</p>");
    const auto reasons = reasons_of(hours);
    const std::string text = some(status.auth_failures.failures, "request") + " refused in all, " +
                             grouped(status.auth_failures.failures_24h) +
                             " in the last 24 hours, counted by " + status.auth_failures.evidence + ".";
    return html("<p>", text, "</p><figure>",
                both(hours,
                     {"failures", "Refused requests an hour", text,
                      [&](const api::Hour& hour) { return failures_of(hour, reasons); }},
                     status.at),
                "<figcaption>", reason_legend(reasons), "</figcaption></figure>");
}

std::optional<double> hit_percent(const api::Hour& hour) {
    const std::uint64_t all = hour.cache_hits + hour.cache_misses;
    if (all == 0) return std::nullopt;
    return 100.0 * static_cast<double>(hour.cache_hits) / static_cast<double>(all);
}

Html ratio_drawing(Width width, const std::vector<api::Hour>& hours, const std::string& text, Time now) {
    Span span = hours_span(hours, now);
    span.most = 100;
    const Plot plot(width, span);
    Html html;
    std::vector<std::pair<double, double>> points;
    html(plot.begin("cache", "Share of requests that the cache answered", text), plot.axes("%"));
    for (const api::Hour& hour : hours) {
        const auto percent = hit_percent(hour);
        if (!percent) continue;
        points.emplace_back(plot.x(hour.at + 30min), plot.y(*percent));
        html("<circle class=\"dot\" cx=\"", coordinate(points.back().first), "\" cy=\"",
             coordinate(points.back().second), "\" r=\"2.5\"/>");
    }
    return html("<path class=\"line\" d=\"", path_of(points), "\"/></svg>");
}

Html cache_chart(const api::Status& status, const std::vector<api::Hour>& hours) {
    Html html;
    html("<h3>Cache hits</h3>");
    if (!status.auth_cache.hit_ratio)
        return html("<p class=\"none\">Not measured here, or nothing was counted yet.</p>");
    const auto percent = static_cast<std::uint64_t>(std::floor(*status.auth_cache.hit_ratio * 100));
    const std::string text = grouped(percent) + " % of all requests were answered from the cache of keys (" +
                             some(status.auth_cache.hits, "hit") + ", " + grouped(status.auth_cache.misses) +
                             " misses), counted by " + status.auth_cache.evidence + ".";
    return html("<p>", text, "</p><figure>", ratio_drawing(Width::wide, hours, text, status.at),
                ratio_drawing(Width::narrow, hours, text, status.at), "</figure>");
}

Html failures_cell(const api::Hour& hour) {
    Html html;
    bool first = true;
    for (const auto& [reason, count] : hour.failures)
        html(std::string_view(std::exchange(first, false) ? "" : ", "), reason, " ", count);
    return html(std::string_view(first ? "0" : ""));
}

Html rates_table(const std::vector<api::Hour>& hours, Time now) {
    Html html;
    html("<details id=\"rates-table\"><summary>The same as a table</summary>",
         "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Counts by the hour\"><table>",
         "<caption>Hours in which something was counted</caption><thead><tr><th scope=\"col\">Hour</th>",
         "<th scope=\"col\" class=\"number\">Fallback hits</th><th scope=\"col\">Refused</th>",
         "<th scope=\"col\" class=\"number\">Cache hits</th></tr></thead><tbody>");
    for (auto hour = hours.rbegin(); hour != hours.rend(); ++hour) {
        const auto percent = hit_percent(*hour);
        html("<tr><th scope=\"row\">", At{hour->at, now}, "</th><td class=\"number\">", hour->fallback_hits,
             "</td><td>", failures_cell(*hour), "</td><td class=\"number\">",
             percent ? grouped(static_cast<std::uint64_t>(*percent)) + " %" : "–", "</td></tr>");
    }
    return html("</tbody></table></div></details>");
}

}  // namespace

Html rates(const api::Status& status, const std::vector<api::Hour>& hours) {
    const auto shown = shown_hours(hours, status.at);
    Html html;
    return html("<section id=\"rates\" aria-labelledby=\"rates-title\">",
                "<h2 id=\"rates-title\">Fallback, failures and cache</h2><div class=\"charts\"><div>",
                fallback_chart(status, shown), "</div><div>", failure_chart(status, shown), "</div><div>",
                cache_chart(status, shown), "</div></div>", rates_table(shown, status.at), "</section>");
}

}  // namespace keyshift::page
