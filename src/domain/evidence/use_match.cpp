// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence/use_match.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::domain {
namespace {

/// What is that near to each other is one entry: a log is read many times a second.
constexpr base::Duration kGrain = std::chrono::seconds{10};
/// Where the key table is not polled, nothing is ever forgotten.
constexpr std::size_t kMostEntries = 1'000;

}  // namespace

void UseMatch::add(Entries& to, std::uint64_t count, base::Time now) {
    if (count == 0) return;
    const bool near = !to.empty() && now - to.back().at < kGrain && now >= to.back().at;
    if (near && !to.back().excused) {
        to.back().count += count;
    } else {
        to.push_back({.at = now, .count = count});
    }
    if (to.size() > kMostEntries) to.pop_front();
}

std::uint64_t UseMatch::take(Entries& from, std::uint64_t most) {
    std::uint64_t taken = 0;
    while (!from.empty() && taken < most) {
        const std::uint64_t instance = std::min(most - taken, from.front().count);
        taken += instance;
        from.front().count -= instance;
        if (from.front().count == 0) from.pop_front();
    }
    return taken;
}

void UseMatch::forget_before(Entries& from, base::Time until) {
    while (!from.empty() && from.front().at + kGrain < until) from.pop_front();
}

/// Either side may come first: a log is read at once and the table by the minute, or a batch of last uses is
/// written before a slow counter is read. So each side takes from what the other has left over, the oldest
/// first, and leaves what it has not found there.
std::uint64_t UseMatch::hits(std::uint64_t hits, base::Time now) {
    const std::uint64_t new_hits = hits - take(waiting_, hits);
    add(counted_, new_hits, now);
    return new_hits;
}

void UseMatch::in_vain(std::uint64_t scans, base::Time now) {
    add(vain_, scans - take(waiting_, scans), now);
}

std::uint64_t UseMatch::uses(std::uint64_t uses, base::Time since, base::Time now) {
    forget_before(counted_, since);
    forget_before(vain_, since);
    const std::uint64_t not_counted = uses - take(counted_, uses);
    // A scan that was taken to be in vain explains the use, but was not counted as a hit: it counts now.
    add(waiting_, not_counted - take(vain_, not_counted), now);
    return not_counted;
}

std::uint64_t UseMatch::overdue(base::Duration patience, base::Time now) {
    std::uint64_t out = 0;
    const base::Duration longest = std::max(patience, kPatience);
    while (!waiting_.empty() && (now - waiting_.front().at >= longest || waiting_.front().at > now)) {
        // A time in the future is of a clock that has been set back since: nobody knows how long it waited.
        if (waiting_.front().at <= now && !waiting_.front().excused) out += waiting_.front().count;
        waiting_.pop_front();
    }
    return out;
}

void UseMatch::excuse() {
    for (Entry& entry : waiting_) entry.excused = true;
}

void UseMatch::wait_for(UseMatch& before) {
    waiting_ = std::exchange(before.waiting_, {});
    excuse();
}

void UseMatch::remember(std::uint64_t hits, base::Time now) {
    add(counted_, hits, now);
}

}  // namespace keyshift::domain
