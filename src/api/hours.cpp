// SPDX-License-Identifier: Apache-2.0
#include "api/hours.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "domain/counts/event.hpp"

namespace keyshift::api {

std::vector<Hour> hours(const domain::Model& model) {
    std::map<std::int64_t, Hour> by_hour;
    const auto add = [&](std::string_view name, auto&& to) {
        const auto series = model.evidence.hourly.series().find(name);
        if (series == model.evidence.hourly.series().end()) return;
        for (const auto& [hour, count] : series->second) to(by_hour[hour], count);
    };
    add(domain::kHourlyFallback, [](Hour& hour, std::uint64_t n) { hour.fallback_hits = n; });
    add(event_name(domain::Event::auth_cache_hit), [](Hour& hour, std::uint64_t n) { hour.cache_hits = n; });
    add(event_name(domain::Event::auth_cache_miss),
        [](Hour& hour, std::uint64_t n) { hour.cache_misses = n; });
    for (std::size_t i = 0; i < domain::kFailureReasons; ++i) {
        const domain::Event event = after(domain::kFirstFailure, i);
        add(event_name(event),
            [&](Hour& hour, std::uint64_t n) { hour.failures[std::string(event_label(event))] = n; });
    }
    std::vector<Hour> out;
    for (auto& [hour, counts] : by_hour) {
        counts.at = base::Time{std::chrono::hours{hour}};
        out.push_back(std::move(counts));
    }
    return out;
}

}  // namespace keyshift::api
