// SPDX-License-Identifier: Apache-2.0
#include "exposition/scrape_metrics.hpp"

#include <prometheus/metric_family.h>

namespace keyshift::exposition {

std::vector<prometheus::MetricFamily> ScrapeMetrics::Collect() const {
    std::vector<prometheus::MetricFamily> out;
    own_.append_requests(out);
    process_.append_families(out);
    return out;
}

}  // namespace keyshift::exposition
