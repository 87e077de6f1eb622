// SPDX-License-Identifier: Apache-2.0
// A rectangle of SVG with time from left to right and a number from bottom to top. Each chart is drawn twice,
// for wide and for narrow screens, and the style sheet shows one: text that is scaled cannot be read. Pure:
// safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

enum class Width : std::uint8_t { wide, narrow };

/// What the axes span.
struct Span {
    base::Time from;
    base::Time to;    ///< later than `from`
    double most = 1;  ///< the highest number, at least 1
};

class Plot {
 public:
    Plot(Width width, const Span& span);

    double x(base::Time at) const;
    double y(double value) const;
    bool holds(base::Time at) const { return at >= span_.from && at <= span_.to; }
    Width width() const { return width_; }
    double left() const { return left_; }
    double right() const { return right_; }
    double top() const { return top_; }
    double bottom() const { return bottom_; }

    /// "<svg ...>" with title, description and axes; `name` is of the chart, and unique in the document.
    Html begin(std::string_view name, std::string_view title, std::string_view description) const;
    /// The scale of the numbers ends with `unit`: "%" or nothing.
    Html axes(std::string_view unit) const;
    /// A line from top to bottom, with a word at its upper end.
    Html upright(base::Time at, std::string_view style, const std::string& word) const;

 private:
    std::string time_label(base::Time at, base::Duration step) const;

    Width width_;
    Span span_;
    double size_x_, size_y_, left_, right_, top_, bottom_;
};

/// "12.5"; one digit behind the point.
std::string coordinate(double value);
/// "M1.0 2.0L3.0 4.0".
std::string path_of(const std::vector<std::pair<double, double>>& points);
/// The least of 1, 2, 5, 10, 20 ... that parts `most` into at most `parts`.
double number_step(double most, int parts);

}  // namespace keyshift::page
