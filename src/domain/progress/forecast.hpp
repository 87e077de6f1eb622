// SPDX-License-Identifier: Apache-2.0
// When the last legacy key will be gone, from how many were removed so far. An estimate that cannot be given
// is empty: never zero, infinite or NaN. Pure; the same input gives the same output. Costs up to 50 ms: not
// for the loop thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/time.hpp"

namespace keyshift::domain {

/// Legacy keys removed up to `at`, in total; samples in ascending order of time. The number may fall: a
/// deleted key can come back.
struct RemovedAt {
    base::Time at;
    std::uint64_t removed = 0;
};

struct Forecast {
    std::optional<base::Time> point;  ///< Theil-Sen: the median slope between any two samples
    std::optional<base::Time> p50;    ///< half of the simulated migrations are done by then
    std::optional<base::Time> p85;    ///< 85 % of them
};

/// How far back the past says something about the future: four weeks, so that each weekday counts alike.
inline constexpr base::Duration kForecastWindow = std::chrono::hours{24 * 28};

/// `remaining`: live legacy keys now; `baseline`: all there ever were.
/// `point` needs 3 removals (samples that are higher than the one before), 1 % of the baseline removed, 24 h
/// of samples, and a positive slope. p50 and p85 need that and 7 d of samples: Monte Carlo, 2,000 runs with a
/// fixed seed. Each run draws days (of 24 h, ending at `now`, days without a removal included) with
/// replacement from a resample of the observed days, so that the uncertainty of few days counts too, until
/// nothing remains. All are empty when nothing remains, or when it would take more than ten years. Theil
/// (1950), Sen (1968); bootstrap: Efron and Tibshirani (1993).
Forecast forecast(std::span<const RemovedAt> samples, std::uint64_t remaining, std::uint64_t baseline,
                  base::Time now);

}  // namespace keyshift::domain
