// SPDX-License-Identifier: Apache-2.0
// Phases, fallback mode, progress, forecast and verdict as metric families. Pure; safe from any thread.
#pragma once

#include <vector>

#include "base/time.hpp"
#include "domain/model.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace keyshift::exposition {

void append_migration_families(const domain::Model& model, base::Time now,
                               std::vector<prometheus::MetricFamily>& out);

}  // namespace keyshift::exposition
