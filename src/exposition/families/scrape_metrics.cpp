// SPDX-License-Identifier: Apache-2.0
#include "exposition/families/scrape_metrics.hpp"

#include <cstddef>

#include <prometheus/metric_family.h>

namespace keyshift::exposition {

std::vector<prometheus::MetricFamily> ScrapeMetrics::Collect() const {
    constexpr std::size_t kMost = 8;
    std::vector<prometheus::MetricFamily> out;
    out.reserve(kMost);
    own_.append_requests(out);
    process_.append_families(out);
    return out;
}

}  // namespace keyshift::exposition
