// SPDX-License-Identifier: Apache-2.0
#include "exposition/families/scrape_metrics.hpp"

#include <cstddef>

#include <prometheus/metric_family.h>

namespace keyshift::exposition {

std::vector<prometheus::MetricFamily> ScrapeMetrics::Collect() const {
    constexpr std::size_t kMost = 10;
    std::vector<prometheus::MetricFamily> out;
    out.reserve(kMost);
    own_.append_requests(out);
    own_.append_web_config(out);
    process_.append_families(out);
    return out;
}

}  // namespace keyshift::exposition
