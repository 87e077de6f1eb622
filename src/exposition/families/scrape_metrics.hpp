// SPDX-License-Identifier: Apache-2.0
// What is different at every scrape: the requests that keyshift has answered, and its process. Used by one
// thread only.
#pragma once

#include <vector>

#include <prometheus/collectable.h>

#include "exposition/families/own_metrics.hpp"
#include "exposition/families/process.hpp"

namespace keyshift::exposition {

class ScrapeMetrics final : public prometheus::Collectable {
 public:
    /// Both outlive it.
    ScrapeMetrics(const OwnMetrics& own, const Process& process) : own_(own), process_(process) {}

    std::vector<prometheus::MetricFamily> Collect() const override;

 private:
    const OwnMetrics& own_;
    const Process& process_;
};

}  // namespace keyshift::exposition
