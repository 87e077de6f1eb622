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

Events Model::can_count(const std::string& source) const {
    const auto by_configuration = policy.measurable.find(source);
    if (by_configuration == policy.measurable.end()) return {};
    const auto found = evidence.sources.find(source);
    return found == evidence.sources.end() ? by_configuration->second
                                           : by_configuration->second | found->second.offers;
}

}  // namespace keyshift::domain
