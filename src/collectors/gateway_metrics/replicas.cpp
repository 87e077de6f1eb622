// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/replicas.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

namespace keyshift::collectors {
namespace {

/// A start that is earlier by less may be of the same process.
constexpr double kJitter = 2;

/// The start that a process shows is made of the machine's own start, which is known to the second, and may
/// change by one when the clock is set. Anything else is another process, however soon it followed.
bool is_same_start(double a, double b) {
    constexpr double kExact = 0.0015;
    const double apart = std::abs(a - b);
    return apart < kExact || std::abs(apart - 1) < kExact;
}

bool same_start(const MetricsPage& a, const MetricsPage& b) {
    if (!a.started_at || !b.started_at) return !a.started_at && !b.started_at;
    return is_same_start(*a.started_at, *b.started_at);
}

bool is_alias(const TargetSnapshot& target, const TargetSnapshot& of) {
    return !of.loopback.empty() && target.loopback == of.loopback && target.page && of.page &&
           same_start(*target.page, *of.page);
}

std::map<std::string, std::uint64_t> values_of(const MetricsPage& page) {
    std::map<std::string, std::uint64_t> out;
    for (const domain::Reading& reading : page.readings) out[reading.series] = reading.value;
    return out;
}

/// Whether a value in `now` is below that of `last`.
bool fell(const std::map<std::string, std::uint64_t>& last, const std::map<std::string, std::uint64_t>& now) {
    return std::ranges::any_of(now, [&](const auto& item) {
        const auto before = last.find(item.first);
        return before != last.end() && item.second < before->second;
    });
}

std::string names_of(const std::set<std::string>& names) {
    constexpr std::size_t kNamed = 5;
    std::string out;
    std::size_t shown = 0;
    for (const std::string& name : names) {
        if (shown++ == kNamed) return out + " and " + std::to_string(names.size() - kNamed) + " more";
        out += (out.empty() ? "" : ", ") + name;
    }
    return out;
}

}  // namespace

void merge_aliases(GatewaySnapshot& snapshot) {
    std::vector<TargetSnapshot> kept;
    for (TargetSnapshot& target : snapshot.targets) {
        const auto of =
            std::ranges::find_if(kept, [&](const auto& other) { return is_alias(target, other); });
        if (of == kept.end()) {
            kept.push_back(std::move(target));
        } else {
            snapshot.aliases.push_back({target.name, of->name});
        }
    }
    snapshot.targets = std::move(kept);
}

/// Whether this page is of another process than that of the last poll, which still runs.
bool GatewayReplicas::is_another(Seen& seen, const MetricsPage& page) {
    const bool earlier =
        page.started_at && seen.newest_start && *page.started_at < *seen.newest_start - kJitter;
    auto now = values_of(page);
    const bool fell_before = fell(seen.before, seen.last);
    const bool is_back = fell_before && !fell(seen.before, now) && fell(now, seen.last);
    if (is_back) {
        ++seen.returns;
        seen.calm = 0;
    }
    seen.before = std::exchange(seen.last, std::move(now));
    return earlier || (is_back && seen.returns >= 2);
}

void GatewayReplicas::steady_epoch(Seen& seen, MetricsPage& page) {
    if (page.started_at) {
        const bool same = seen.newest_start && is_same_start(*page.started_at, *seen.newest_start);
        if (!same) seen.epoch = page.epoch;
        seen.newest_start =
            same ? seen.newest_start : std::max(seen.newest_start.value_or(0), *page.started_at);
        page.epoch = seen.epoch;
    }
    for (domain::Reading& reading : page.readings) reading.epoch = page.epoch;
}

void GatewayReplicas::record(GatewaySnapshot& snapshot) {
    std::map<std::string, Seen> present;
    for (TargetSnapshot& target : snapshot.targets) {
        const auto known = seen_.find(target.name);
        Seen seen = known == seen_.end() ? Seen() : std::move(known->second);
        if (target.page) {
            const bool another = is_another(seen, *target.page);
            seen.calm = another ? 0 : std::min(seen.calm + 1, kCalm);
            seen.mixed = another || (seen.mixed && seen.calm < kCalm);
            if (!seen.mixed && seen.calm == kCalm) seen.returns = 0;
            if (!another) steady_epoch(seen, *target.page);
        }
        target.mixed = seen.mixed;
        present.emplace(target.name, std::move(seen));
    }
    seen_ = std::move(present);
}

domain::Ground gateway_ground(const GatewaySnapshot& snapshot, const CounterRules& rules) {
    CounterRules fallback;
    std::set<std::string> releases;
    domain::Ground out;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i].event != domain::Event::fallback || !rules[i].reason_label.empty()) continue;
        fallback.push_back(rules[i]);
        std::set<std::string> have;
        std::set<std::string> lack;
        for (const TargetSnapshot& target : snapshot.targets)
            if (target.page) (target.page->matched[i] ? have : lack).insert(target.name);
        out.at_work = out.at_work || !have.empty();
        if (have.empty() || lack.empty() || !out.doubt.empty()) continue;
        out.doubt = names_of(lack) + (lack.size() == 1 ? " shows" : " show") + " no " + text_of(rules[i]) +
                    ", which " + names_of(have) + (have.size() == 1 ? " does" : " do") +
                    ": let each replica show it from its start, at 0";
    }
    if (!fallback.empty() && !out.at_work)
        out.doubt = std::string(kNoTargetShows) + text_of(fallback.front()) + ": check its name and labels";
    out.at_work = out.at_work && out.doubt.empty();
    for (const TargetSnapshot& target : snapshot.targets) {
        if (target.page && !target.page->release.empty()) releases.insert(target.page->release);
        if (!target.mixed || !out.doubt.empty()) continue;
        out.doubt = "several processes answer as " + target.name +
                    ", and their counters cannot be told apart: give each replica's own address, or "
                    "each_address: true";
    }
    out.version = scope_of(fallback);
    if (!releases.empty()) out.version += "release " + names_of(releases);
    return out;
}

}  // namespace keyshift::collectors
