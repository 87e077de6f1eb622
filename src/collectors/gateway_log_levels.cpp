// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_log_levels.hpp"

#include <algorithm>
#include <numeric>

namespace keyshift::collectors {

bool has_target(std::string_view target, const std::vector<std::string>& beginnings) {
    if (beginnings.empty() || target.empty()) return true;
    return std::ranges::any_of(beginnings, [&](const std::string& one) { return target.starts_with(one); });
}

std::size_t GatewayLogLevels::group(const std::vector<std::string>& targets) {
    const auto known = std::ranges::find(targets_, targets);
    if (known != targets_.end()) return static_cast<std::size_t>(known - targets_.begin());
    if (targets_.size() == kMostGroups) return 0;
    targets_.push_back(targets);
    reach_.emplace_back();
    for (Groups& wanted : wanted_) wanted.set(targets_.size() - 1);
    return targets_.size() - 1;
}

void GatewayLogLevels::look(std::size_t level, std::string_view target) {
    for (std::size_t group = 0; group < targets_.size(); ++group)
        if (wanted_.at(level).test(group) && has_target(target, targets_[group]))
            wanted_.at(level).reset(group);
}

void GatewayLogLevels::end_of_block(base::Time now) {
    const std::uint64_t lines = std::accumulate(lines_.begin(), lines_.end(), std::uint64_t{0});
    if (lines == lines_before_) return;
    lines_before_ = lines;
    for (std::size_t group = 0; group < targets_.size(); ++group) {
        bool seen = false;
        for (std::size_t level = formats::kTracingLevels; level-- > 0;) {
            seen = seen || !wanted_.at(level).test(group);
            settle(reach_[group].at(level), seen, now);
        }
    }
    for (Groups& wanted : wanted_)
        for (std::size_t group = 0; group < targets_.size(); ++group) wanted.set(group);
}

void GatewayLogLevels::settle(Reach& reach, bool seen, base::Time now) const {
    if (seen) {
        reach = {true, std::nullopt};
    } else if (!reach.lacking_since) {
        reach.lacking_since = now;
    } else if (now - *reach.lacking_since >= kGone) {
        reach.reached = false;
    }
}

bool GatewayLogLevels::reaches(std::size_t group, formats::TracingLevel level) const {
    return reach_.at(group).at(static_cast<std::size_t>(level)).reached;
}

}  // namespace keyshift::collectors
