// SPDX-License-Identifier: Apache-2.0
// When a source is looked at next: every interval, jittered so that many daemons do not meet, and ever more
// rarely while it fails. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <random>

#include "base/time.hpp"

namespace keyshift::runtime {

class Schedule {
 public:
    static constexpr base::Duration kLongestBackOff = std::chrono::minutes{5};

    /// The same seed gives the same jitter.
    Schedule(base::Duration interval, std::uint64_t seed) : interval_(interval), random_(seed) {}

    /// ±5 %: from the start of a successful look to the start of the next one, the interval; from the end of
    /// the n-th failed one in a row, the smaller of interval * 2^(n-1) and five minutes, but never less than
    /// the interval.
    base::Duration after_success();
    base::Duration after_failure();

 private:
    base::Duration jittered(base::Duration d);

    base::Duration interval_;
    int failures_ = 0;
    std::minstd_rand random_;
};

}  // namespace keyshift::runtime
