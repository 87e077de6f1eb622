// SPDX-License-Identifier: Apache-2.0
// The model as a Collectable of prometheus-cpp: the place where a metric gets its name, type, labels and
// help, but for those that keyshift counts of itself (own_metrics.hpp). Used by the thread that owns the
// model.
#pragma once

#include <vector>

#include <prometheus/collectable.h>

#include "base/time.hpp"
#include "domain/model.hpp"
#include "exposition/families/own_metrics.hpp"

namespace keyshift::exposition {

class ModelMetrics final : public prometheus::Collectable {
 public:
    /// The model as of `now`. `model` and `own` outlive it.
    ModelMetrics(const domain::Model& model, base::Time now, OwnMetrics& own)
        : model_(model), now_(now), own_(own) {}

    /// Everything that changes only with the model. What is not known has no sample: never a zero for
    /// "unknown".
    std::vector<prometheus::MetricFamily> Collect() const override;

 private:
    const domain::Model& model_;
    base::Time now_;
    OwnMetrics& own_;
};

}  // namespace keyshift::exposition
