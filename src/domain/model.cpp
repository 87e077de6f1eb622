// SPDX-License-Identifier: Apache-2.0
#include "domain/model.hpp"

#include <algorithm>

namespace keyshift::domain {

void SourceStatus::add_duration(base::Duration d) {
    const double seconds = static_cast<double>(d.count()) / 1e6;
    ++polls;
    duration_sum += seconds;
    const auto* const bound = std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), seconds);
    if (bound != kDurationBounds.end())
        ++durations.at(static_cast<std::size_t>(bound - kDurationBounds.begin()));
}

void SourceStatus::add_error(base::Errc code) {
    const bool other = base::reason(code) == base::reason(base::Errc::other);
    ++errors[other ? base::Errc::other : code];
}

}  // namespace keyshift::domain
