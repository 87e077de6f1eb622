// SPDX-License-Identifier: Apache-2.0
// Whether somebody else uses the canary key (S13): it is left out of all numbers, so that a key in use that
// is named by mistake would vanish from them. Compares how often its last use is seen to change with how
// often the probe was seen to have used it. Not thread-safe.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.hpp"

namespace keyshift::domain {

class CanaryUses {
 public:
    /// The probe's newest request with the key that was let in, as far as is known before a poll.
    void asked(std::optional<base::Time> at) {
        if (at && asked_at_ && *at > *asked_at_) surplus_ = std::max(surplus_ - 1, -kUnderWay);
        if (at) asked_at_ = at;
    }
    /// The key's last use as a poll shows it.
    void used(std::optional<base::Time> at) {
        if (at && seen_ && (!used_at_ || *at > *used_at_)) ++surplus_;
        seen_ = true;
        if (at) used_at_ = at;
    }
    /// It was used more often than the probe can have used it. Whatever happens once does not make it so: a
    /// request whose answer was lost.
    bool is_shared() const { return surplus_ > kUnderWay; }

 private:
    /// Requests of which a poll knows the answer or the use, and not yet the other.
    static constexpr int kUnderWay = 2;

    std::optional<base::Time> asked_at_, used_at_;
    bool seen_ = false;
    int surplus_ = 0;
};

}  // namespace keyshift::domain
