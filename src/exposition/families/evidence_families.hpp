// SPDX-License-Identifier: Apache-2.0
// The families of what sources count. Pure.
#pragma once

#include <vector>

#include "base/time.hpp"
#include "domain/model.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace keyshift::exposition {

/// A counter is there, from 0 on, as soon as a configured source might count it.
void append_evidence_families(const domain::Model& model, base::Time now,
                              std::vector<prometheus::MetricFamily>& out);

}  // namespace keyshift::exposition
