// SPDX-License-Identifier: Apache-2.0
#include "page/charts/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/people_time.hpp"

namespace keyshift::page {
namespace {

using namespace std::chrono_literals;

constexpr std::array<base::Duration, 14> kTimeSteps{
    1min, 5min, 15min, 1h, 3h, 6h, 24h, 48h, 24h * 7, 24h * 14, 24h * 30, 24h * 91, 24h * 182, 24h * 365};

base::Duration time_step(base::Duration span, int parts) {
    for (const base::Duration step : kTimeSteps)
        if (span / step <= parts) return step;
    return span / parts;
}

}  // namespace

std::string coordinate(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

std::string path_of(const std::vector<std::pair<double, double>>& points) {
    std::string out;
    for (const auto& [x, y] : points) out += (out.empty() ? "M" : "L") + coordinate(x) + " " + coordinate(y);
    return out;
}

double number_step(double most, int parts) {
    double step = 1;
    for (int i = 0; most / step > parts; ++i) step *= i % 3 == 1 ? 2.5 : 2;
    return step;
}

Plot::Plot(Width width, const Span& span)
    : width_(width),
      span_(span),
      size_x_(width == Width::wide ? 760 : 340),
      size_y_(width == Width::wide ? 280 : 240),
      left_(width == Width::wide ? 64 : 48),
      right_(size_x_ - (width == Width::wide ? 24 : 12)),
      top_(28),
      bottom_(size_y_ - 30) {
    const int parts = 4;
    const double step = number_step(std::max(1.0, span.most), parts);
    span_.most = step * std::ceil(std::max(1.0, span.most) / step);
}

double Plot::x(base::Time at) const {
    const double share =
        static_cast<double>((at - span_.from).count()) / static_cast<double>((span_.to - span_.from).count());
    return left_ + share * (right_ - left_);
}

double Plot::y(double value) const {
    return bottom_ - value / span_.most * (bottom_ - top_);
}

Html Plot::begin(std::string_view name, std::string_view title, std::string_view description) const {
    Html html;
    const std::string id = std::string(name) + (width_ == Width::wide ? "-wide" : "-narrow");
    return html("<svg class=\"chart ", width_ == Width::wide ? std::string_view("wide") : "narrow",
                "\" role=\"img\" viewBox=\"0 0 ", coordinate(size_x_), " ", coordinate(size_y_),
                "\" aria-labelledby=\"", id, "-title ", id, "-desc\"><title id=\"", id, "-title\">", title,
                "</title><desc id=\"", id, "-desc\">", description, "</desc><clipPath id=\"", id,
                "-clip\"><rect x=\"", coordinate(left_), "\" y=\"", coordinate(top_ - 4), "\" width=\"",
                coordinate(right_ - left_), "\" height=\"", coordinate(bottom_ - top_ + 6),
                "\"/></clipPath>");
}

std::string Plot::time_label(base::Time at, base::Duration step) const {
    const std::string text = base::format_for_people(at, span_.from);  // "6 Dec [2025 ]14:32 UTC"
    const std::size_t clock = text.size() - 9;
    if (step < 24h) return text.substr(clock, 5);
    return text.substr(0, clock - 1);
}

Html Plot::axes(std::string_view unit) const {
    Html html;
    html("<g class=\"axes\" aria-hidden=\"true\">");
    const double step = number_step(span_.most, 4);
    for (double value = 0; value <= span_.most + step / 2; value += step) {
        const std::string y = coordinate(this->y(value));
        html("<path class=\"grid\" d=\"M", coordinate(left_), " ", y, "H", coordinate(right_),
             "\"/><text x=\"", coordinate(left_ - 8), "\" y=\"", coordinate(this->y(value) + 4),
             "\" class=\"end\">", static_cast<std::uint64_t>(value), unit, "</text>");
    }
    const base::Duration every = time_step(span_.to - span_.from, width_ == Width::wide ? 7 : 3);
    const auto first = span_.from.time_since_epoch() / every + 1;
    for (base::Time at{first * every}; at <= span_.to; at += every) {
        if (x(at) > right_ - 10 || x(at) < left_ + 10) continue;
        html("<path class=\"tick\" d=\"M", coordinate(x(at)), " ", coordinate(bottom_), "v5\"/><text x=\"",
             coordinate(x(at)), "\" y=\"", coordinate(bottom_ + 19), "\" class=\"middle\">",
             time_label(at, every), "</text>");
    }
    return html("</g>");
}

Html Plot::upright(base::Time at, std::string_view style, const std::string& word) const {
    Html html;
    if (!holds(at)) return html;
    const bool at_end = x(at) > (left_ + right_) / 2;
    return html("<g class=\"", style, "\"><path d=\"M", coordinate(x(at)), " ", coordinate(top_ - 12), "V",
                coordinate(bottom_), "\"/><text x=\"", coordinate(x(at) + (at_end ? -5 : 5)), "\" y=\"",
                coordinate(top_ - 5), "\" class=\"", at_end ? std::string_view("end") : "start", "\">", word,
                "</text></g>");
}

}  // namespace keyshift::page
