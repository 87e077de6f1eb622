// SPDX-License-Identifier: Apache-2.0
// Sums of what others claim to have counted: they stop at the largest number there is. Pure.
#pragma once

#include <cstdint>
#include <limits>

namespace keyshift::domain {

constexpr std::int64_t add_bounded(std::int64_t a, std::int64_t b) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (b > 0 && a > Limits::max() - b) return Limits::max();
    if (b < 0 && a < Limits::min() - b) return Limits::min();
    return a + b;
}

}  // namespace keyshift::domain
