// SPDX-License-Identifier: Apache-2.0
// Metric families to text: Prometheus' text format 0.0.4 and OpenMetrics 1.0, both as serializers of
// prometheus-cpp. Its own text writer knows no OpenMetrics, escapes no HELP, and spells bounds otherwise.
// Pure: safe from any thread.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include <prometheus/serializer.h>

#include "exposition/dialect.hpp"

namespace keyshift::exposition {

class Renderer final : public prometheus::Serializer {
 public:
    explicit Renderer(Dialect dialect) : dialect_(dialect) {}

    /// The families in their order, samples in theirs. A family without samples leaves no trace. Series
    /// names, labels and values are the same in both dialects; only the comment lines differ. The families
    /// must be fit (drop_invalid()); a histogram's +Inf bucket may be missing. No timestamps: the scrape's
    /// own time is meant. What ends a page is not part of it: see render_end().
    std::string Serialize(const std::vector<prometheus::MetricFamily>& families) const override;
    void Serialize(std::ostream& out, const std::vector<prometheus::MetricFamily>& families) const override;

 private:
    Dialect dialect_;
};

/// Appends what ends a page: "# EOF" in OpenMetrics, nothing in text.
void render_end(Dialect dialect, std::string& out);

/// Appends the shortest text that reads back as `value`; "NaN", "+Inf", "-Inf".
void append_number(std::string& out, double value);

}  // namespace keyshift::exposition
