// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/verdict_queue.hpp"

#include <utility>

#include "domain/verdict/verdict.hpp"

namespace keyshift::daemon {

const VerdictChange* VerdictQueue::observe(VerdictChange seen, base::Time now) {
    if (seen.to != verdict_name(domain::Verdict::unknown)) {
        unknown_since_.reset();
    } else if (seen.to != last_) {
        // A clock that was set back begins it anew.
        if (!unknown_since_ || *unknown_since_ > now) unknown_since_ = now;
        if (now - *unknown_since_ < kUnknownLasts) return nullptr;
    }
    seen.from = std::exchange(last_, seen.to);
    if (seen.from.empty() || seen.from == seen.to) return nullptr;
    if (waiting_.size() == kMost) {
        waiting_.erase(waiting_.begin() + 1);
        ++dropped_;
    }
    waiting_.push_back(std::move(seen));
    return &waiting_.back();
}

}  // namespace keyshift::daemon
