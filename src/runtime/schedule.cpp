// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedule.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::runtime {

base::Duration Schedule::jittered(base::Duration d) {
    std::uniform_real_distribution<double> factor(0.95, 1.05);
    return base::Duration{static_cast<std::int64_t>(static_cast<double>(d.count()) * factor(random_))};
}

base::Duration Schedule::after_success() {
    failed_ = false;
    return jittered(interval_);
}

base::Duration Schedule::after_failure() {
    const bool again = std::exchange(failed_, true);
    return jittered(again ? std::max(interval_, std::min<base::Duration>(2 * interval_, kLongestBackOff))
                          : interval_);
}

}  // namespace keyshift::runtime
