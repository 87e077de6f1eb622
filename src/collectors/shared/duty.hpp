// SPDX-License-Identifier: Apache-2.0
// Keeps work in the gateway's database below a share of the time. Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.hpp"

namespace keyshift::collectors {

/// When a kind of scan may run again so that its share of the time stays below `share`.
class Budget {
 public:
    using Clock = std::chrono::steady_clock;
    explicit Budget(double share) : share_(share) {}
    /// Work that began at `began` has just ended.
    void spent_since(Clock::time_point began) { charge(began, Clock::now() - began); }
    /// Work that began then costs so much. If it began before its time, the next comes later by that.
    void charge(Clock::time_point began, Clock::duration cost) {
        const Clock::duration pause{static_cast<Clock::rep>(static_cast<double>(cost.count()) / share_)};
        due_ = std::clamp(due_, began, began + pause) + pause;
    }
    base::Duration min_delay() const {
        return std::max(base::Duration{0}, std::chrono::duration_cast<base::Duration>(due_ - Clock::now()));
    }

 private:
    double share_;
    Clock::time_point due_{};
};

}  // namespace keyshift::collectors
