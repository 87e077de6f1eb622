// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/refused_keys.hpp"

#include <algorithm>

namespace keyshift::domain {
namespace {

using std::chrono::hours;

constexpr base::Duration kBaseline = hours{24 * 7};
constexpr double kTolerableGrowth = 2;

std::int64_t hour_of(base::Time at) {
    return std::chrono::floor<hours>(at).time_since_epoch().count();
}

std::uint64_t between(const RefusedKeys& refused, std::int64_t first, std::int64_t end) {
    std::uint64_t sum = 0;
    for (auto hour = refused.by_hour.lower_bound(first); hour != refused.by_hour.end() && hour->first < end;
         ++hour)
        sum += hour->second;
    return sum;
}

/// What is normal in an hour at most. Only whole hours count, and none in which the key may have gone
/// already.
double normal(const RefusedKeys& refused, base::Time gone_at) {
    const std::int64_t end = hour_of(gone_at);
    const std::int64_t first = std::max(hour_of(gone_at - kBaseline), hour_of(*refused.counted_since) + 1);
    if (first >= end) return 0;
    return kTolerableGrowth * static_cast<double>(between(refused, first, end)) /
           static_cast<double>(end - first);
}

}  // namespace

bool is_quiet(const RefusedKeys& refused, base::Time gone_at, base::Duration window, base::Time now) {
    if (!refused.counted_since || *refused.counted_since > now - window || gone_at > now - window)
        return false;
    const std::int64_t first = hour_of(now - window);
    const std::int64_t end = hour_of(now) + 1;
    return static_cast<double>(between(refused, first, end)) <=
           normal(refused, gone_at) * static_cast<double>(end - first);
}

}  // namespace keyshift::domain
