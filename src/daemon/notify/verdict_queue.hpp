// SPDX-License-Identifier: Apache-2.0
// Changes of the verdict, from what the operator was last told of: those that nobody has been told of yet, in
// bounded memory. Pure; time is a parameter. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "daemon/notify/message.hpp"

namespace keyshift::daemon {

class VerdictQueue {
 public:
    /// So many changes wait at most. Of more, the oldest but the very first one is dropped: that one may be
    /// under way.
    static constexpr std::size_t kMost = 16;
    /// UNKNOWN is told when it has lasted so long: one poll that fails, or a reload, is no news.
    static constexpr base::Duration kUnknownLasts = std::chrono::seconds{30};

    /// What the operator was last told; empty: nothing, and the first verdict that is observed is no change.
    void restore(std::string verdict) { last_ = std::move(verdict); }

    /// The verdict is `seen.to` at `now`; `seen.from` is not looked at. The change, if it is one.
    const VerdictChange* observe(VerdictChange seen, base::Time now);

    /// The verdict that was last taken for settled; empty: none was.
    const std::string& last() const { return last_; }
    /// The oldest change; null: there is none.
    const VerdictChange* front() const { return waiting_.empty() ? nullptr : &waiting_.front(); }
    void pop() { waiting_.pop_front(); }
    /// How many changes were dropped since this was last called.
    std::uint64_t take_dropped() { return std::exchange(dropped_, 0); }

 private:
    std::string last_;
    std::optional<base::Time> unknown_since_;
    std::deque<VerdictChange> waiting_;
    std::uint64_t dropped_ = 0;
};

}  // namespace keyshift::daemon
