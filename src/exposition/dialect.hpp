// SPDX-License-Identifier: Apache-2.0
// The two text formats in which Prometheus reads metrics: 0.0.4 and OpenMetrics 1.0.
#pragma once

#include <cstdint>

namespace keyshift::exposition {

enum class Dialect : std::uint8_t { text, open_metrics };

}  // namespace keyshift::exposition
