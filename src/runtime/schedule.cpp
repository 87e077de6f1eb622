// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedule.hpp"

#include <algorithm>

namespace keyshift::runtime {

base::Duration Schedule::jittered(base::Duration d) {
    std::uniform_real_distribution<double> factor(0.95, 1.05);
    return base::Duration{static_cast<std::int64_t>(static_cast<double>(d.count()) * factor(random_))};
}

base::Duration Schedule::after_success() {
    failures_ = 0;
    return jittered(interval_);
}

base::Duration Schedule::after_failure() {
    failures_ = std::min(failures_ + 1, 20);
    return jittered(
        std::max(interval_, std::min<base::Duration>(interval_ * (1LL << (failures_ - 1)), kLongestBackOff)));
}

}  // namespace keyshift::runtime
