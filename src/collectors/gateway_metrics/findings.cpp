// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/findings.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace keyshift::collectors {
namespace {

constexpr std::size_t kShown = 20;

Finding describe(const TargetSnapshot& target) {
    if (!target.page) return failure(target.page.error());
    const std::size_t series = target.page->readings.size();
    return {Finding::Kind::ok, target.name + " answers: " + std::to_string(series) +
                                   (series == 1 ? " series counts" : " series count")};
}

void append_targets(const GatewaySnapshot& snapshot, std::vector<Finding>& out) {
    std::vector<const TargetSnapshot*> targets;
    for (const TargetSnapshot& target : snapshot.targets) targets.push_back(&target);
    const auto in_trouble = [](const TargetSnapshot* target) { return !target->page; };
    std::stable_partition(targets.begin(), targets.end(), in_trouble);
    for (std::size_t i = 0; i < std::min(targets.size(), kShown); ++i) out.push_back(describe(*targets[i]));
    if (targets.size() <= kShown) return;
    const auto rest = targets.begin() + static_cast<std::ptrdiff_t>(kShown);
    const auto failing = std::count_if(rest, targets.end(), in_trouble);
    const std::size_t more = targets.size() - kShown;
    out.push_back(
        {failing > 0 ? Finding::Kind::failure : Finding::Kind::ok,
         std::to_string(more) + " more targets, of which " + std::to_string(failing) + " do not answer"});
}

void append_aliases(const GatewaySnapshot& snapshot, std::vector<Finding>& out) {
    for (std::size_t i = 0; i < std::min(snapshot.aliases.size(), kShown); ++i) {
        out.push_back({Finding::Kind::ok, snapshot.aliases[i].name + " is the replica " +
                                              snapshot.aliases[i].of + ", which is read once"});
    }
}

/// Targets that one process may stand behind: what it counts would count twice. Processes that one roll-out
/// starts may have begun in the same moment too, so that they are read all the same.
void append_twins(const GatewaySnapshot& snapshot, std::vector<Finding>& out) {
    std::map<double, std::string> first;
    for (const TargetSnapshot& target : snapshot.targets) {
        if (!target.page || !target.page->started_at) continue;
        const auto [seen, is_new] = first.emplace(*target.page->started_at, target.name);
        if (is_new) continue;
        out.push_back(
            {Finding::Kind::warning,
             target.name + " and " + seen->second +
                 " seem to be one process: both were started in the same moment, and count twice",
             "where they are, take " + target.name +
                 " out of targets; name each replica once, by an address of its own and not by that "
                 "of a load balancer (each_address: true, or file_sd)"});
        return;
    }
}

bool matched(const GatewaySnapshot& snapshot, std::size_t rule) {
    return std::ranges::any_of(snapshot.targets, [rule](const TargetSnapshot& target) {
        return target.page && target.page->matched[rule];
    });
}

}  // namespace

std::vector<Finding> gateway_findings(const GatewaySnapshot& snapshot, const CounterRules& rules) {
    std::vector<Finding> out;
    for (const DiscoveryFault& fault : snapshot.files) out.push_back(failure(fault.error));
    for (const DiscoveryFault& fault : snapshot.hosts) out.push_back(failure(fault.error));
    append_targets(snapshot, out);
    append_aliases(snapshot, out);
    append_twins(snapshot, out);
    const bool any_answer =
        std::ranges::any_of(snapshot.targets, [](const auto& target) { return target.page.has_value(); });
    for (std::size_t i = 0; any_answer && i < rules.size(); ++i) {
        if (matched(snapshot, i)) continue;
        out.push_back({Finding::Kind::warning, "no target has " + text_of(rules[i]),
                       "check its name and labels; a gateway may show a counter only after its first use"});
    }
    if (rules.empty()) {
        out.push_back({Finding::Kind::warning,
                       "nothing is counted: the preset knows no counters of this gateway",
                       "say which ones count what, as `counters`"});
    }
    return out;
}

}  // namespace keyshift::collectors
