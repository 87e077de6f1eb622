// SPDX-License-Identifier: Apache-2.0
// A bucket of tokens, one for each request. Pure: time is a parameter. Used by one thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace keyshift::http {

class RateLimit {
 public:
    using Time = std::chrono::steady_clock::time_point;

    /// Allows everything.
    RateLimit() = default;
    /// `burst` requests at once, and one more in each `interval`; an interval that is not above 0 allows
    /// everything, a burst below 1 nothing.
    RateLimit(std::chrono::nanoseconds interval, std::int64_t burst)
        : interval_(interval), burst_(static_cast<double>(burst)), tokens_(burst_) {}

    bool allow(Time now) {
        if (interval_.count() <= 0) return true;
        if (last_ != Time{} && now > last_) {
            const std::chrono::duration<double, std::nano> since = now - last_;
            tokens_ += since.count() / static_cast<double>(interval_.count());
        }
        last_ = now;
        if (tokens_ > burst_) tokens_ = burst_;
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

 private:
    std::chrono::nanoseconds interval_{0};
    double burst_ = 0;
    double tokens_ = 0;
    Time last_{};
};

}  // namespace keyshift::http
