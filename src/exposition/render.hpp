// SPDX-License-Identifier: Apache-2.0
// Metric families to text: Prometheus' text format 0.0.4 and OpenMetrics 1.0. Pure functions: safe from any
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "exposition/family.hpp"

namespace keyshift::exposition {

enum class Dialect : std::uint8_t { text, open_metrics };

/// Appends the families in their order, samples in theirs. A family without samples leaves no trace. Series
/// names, labels and values are the same in both dialects; only the comment lines differ. The families must
/// be fit (drop_unfit()); counters and histograms need no more care than that: their +Inf bucket is added
/// here.
void render(std::span<const Family> families, Dialect dialect, std::string& out);

/// Appends what ends a page: "# EOF" in OpenMetrics, nothing in text.
void render_end(Dialect dialect, std::string& out);

/// Appends the shortest text that reads back as `value`; "NaN", "+Inf", "-Inf".
void append_number(std::string& out, double value);

}  // namespace keyshift::exposition
