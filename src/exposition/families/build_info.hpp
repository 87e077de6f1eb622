// SPDX-License-Identifier: Apache-2.0
// Which keyshift it is. Safe from any thread.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace keyshift::exposition {

/// keyshift_build_info: the version, the revision of the source ("unknown" where it was built outside of its
/// repository) and the compiler.
void append_build_info(std::vector<prometheus::MetricFamily>& out);

}  // namespace keyshift::exposition
