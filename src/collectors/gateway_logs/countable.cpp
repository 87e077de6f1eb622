// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/countable.hpp"

#include <string>
#include <utility>

#include "collectors/gateway_logs/rust_log.hpp"

namespace keyshift::collectors {
namespace {

using domain::Events;
using formats::TracingLevel;

constexpr std::string_view kSeen = "seen ";
constexpr std::string_view kBetween = ", ";

std::string names_of(const Events& events) {
    std::string out;
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        if (events.test(i))
            out += std::string(out.empty() ? "" : kBetween) +
                   std::string(domain::event_name(domain::event_at(i)));
    return out;
}

/// Back from names_of().
std::optional<Events> events_named(std::string_view names) {
    Events out;
    while (true) {
        const std::size_t end = names.find(kBetween);
        const auto event = domain::event_named(names.substr(0, end));
        if (!event) return std::nullopt;
        out.set(index_of(*event));
        if (end == std::string_view::npos) return out;
        names.remove_prefix(end + kBetween.size());
    }
}

/// "inferxgate" of "inferxgate::auth".
std::string crate_of(const LogRule& rule) {
    return rule.targets.empty() ? std::string()
                                : rule.targets.front().substr(0, rule.targets.front().find(':'));
}

}  // namespace

GatewayLogCountable::GatewayLogCountable(const LogRules& rules, std::string sqlx_target)
    : sqlx_target_(std::move(sqlx_target)) {
    for (const LogRule& rule : rules) {
        if (rule.use == LogRule::Use::shows) continue;
        const std::size_t group = levels_.group(rule.targets);
        needs_.push_back(
            {events_of(rule), rule.use == LogRule::Use::counts_once_seen, group, rule.level, crate_of(rule)});
        if (rule.use == LogRule::Use::counts_once_seen) seen_matters_ |= events_of(rule);
    }
}

bool GatewayLogCountable::is_reached(const Need& need) const {
    // Where no level is stated, any line will do; in a log without lines, nothing can be zero.
    return levels_.reaches(need.group, need.level.value_or(TracingLevel::error));
}

Events GatewayLogCountable::countable(const Events& seen) const {
    Events some;
    Events not_all;
    for (const Need& need : needs_) {
        some |= need.events;
        if (!is_reached(need)) not_all |= need.events;
        if (need.once_seen) not_all |= need.events & ~seen;
    }
    return some & ~not_all;
}

std::string GatewayLogCountable::memory(const Events& seen) const {
    const Events kept = seen & seen_matters_;
    std::string out = kept.none() ? std::string() : std::string(kSeen) + names_of(kept) + "\n";
    return out + levels_.memory();
}

Events GatewayLogCountable::resume(std::string_view memory) {
    Events seen;
    if (memory.starts_with(kSeen)) {
        const std::size_t end = memory.find('\n');
        if (end == std::string_view::npos) return {};
        const auto named = events_named(memory.substr(kSeen.size(), end - kSeen.size()));
        if (!named) return {};
        seen = *named & seen_matters_;
        memory.remove_prefix(end + 1);
    }
    if (!memory.empty() && !levels_.resume(memory)) return {};
    return seen;
}

/// What lets the gateway write all that rules wait for.
std::string GatewayLogCountable::remedy() const {
    const Need* farthest = nullptr;
    for (const Need& need : needs_)
        if (need.level && !is_reached(need) && (farthest == nullptr || *need.level > *farthest->level))
            farthest = &need;
    if (farthest == nullptr) return {};
    if (sqlx_target_.empty()) return start_for_lines(farthest->crate, *farthest->level);
    return start_for_statements(farthest->crate.empty() ? sqlx_target_ : farthest->crate, *farthest->level);
}

std::vector<Finding> GatewayLogCountable::unreached(TracingLevel level) const {
    Events events;
    for (const Need& need : needs_)
        if (need.level == level && !is_reached(need)) events |= need.events;
    if (events.none()) return {};
    const std::string what = "0 lines at " + std::string(formats::tracing_level_name(level)) + " seen" +
                             (levels_.lines(level) == 0 ? "" : " lately of the rules' targets");
    return {
        {Finding::Kind::warning, what + ": the rules for " + names_of(events) + " cannot match", remedy()}};
}

std::vector<Finding> GatewayLogCountable::findings() const {
    std::vector<Finding> out;
    std::string counts;
    for (std::size_t i = 0; i < formats::kTracingLevels; ++i) {
        const auto level = static_cast<TracingLevel>(i);
        counts += (counts.empty() ? "" : ", ") + std::to_string(levels_.lines(level)) + " " +
                  std::string(formats::tracing_level_name(level));
    }
    out.push_back({Finding::Kind::ok, "lines by level: " + counts});
    for (std::size_t i = 0; i < formats::kTracingLevels; ++i)
        for (Finding& finding : unreached(static_cast<TracingLevel>(i))) out.push_back(std::move(finding));
    return out;
}

}  // namespace keyshift::collectors
