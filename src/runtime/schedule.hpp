// SPDX-License-Identifier: Apache-2.0
// When a source is polled next: every interval, jittered so that many daemons do not meet, and half as
// often while it fails: one that is back is read within two intervals. Pure; not thread-safe.
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

    /// ±5 %: from the start of a successful poll to the start of the next one, the interval; from the end of
    /// a failed one likewise, and of each further one in a row twice that, or five minutes if these are less,
    /// but never less than the interval.
    base::Duration after_success();
    base::Duration after_failure();

 private:
    base::Duration jittered(base::Duration d);

    base::Duration interval_;
    bool failed_ = false;
    std::minstd_rand random_;
};

}  // namespace keyshift::runtime
