// SPDX-License-Identifier: Apache-2.0
// Requests with a key that no row knows, by hour: they tell whether somebody has been locked out since a key
// went. A gateway that the internet can reach always refuses some, so they are compared with those of before.
// Pure; times are those of the gateway's database.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/time.hpp"

namespace keyshift::domain {

struct RefusedKeys {
    std::optional<base::Time> counted_since;        ///< without a gap up to now; empty: nobody counts them
    std::map<std::int64_t, std::uint64_t> by_hour;  ///< hours since the epoch

    bool operator==(const RefusedKeys&) const = default;
};

/// Counted throughout the last `window`, which began after `gone_at`, and at most twice as many an hour as in
/// the week before `gone_at`. Of what was not counted before `gone_at` none is normal.
bool is_quiet(const RefusedKeys& refused, base::Time gone_at, base::Duration window, base::Time now);

}  // namespace keyshift::domain
