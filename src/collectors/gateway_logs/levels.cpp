// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/levels.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

#include "formats/text/number.hpp"

namespace keyshift::collectors {
namespace {

constexpr std::string_view kHeading = "levels";
constexpr std::string_view kReached = "+";
constexpr std::string_view kNotReached = "-";
constexpr std::uint64_t kMostSeconds = 253'402'300'799;  // the year 9999

/// What stands before the next `end`, which is taken too; empty: there is none.
std::optional<std::string_view> next_field(std::string_view& text, char end) {
    const std::size_t size = text.find(end);
    if (size == std::string_view::npos) return std::nullopt;
    const std::string_view word = text.substr(0, size);
    text.remove_prefix(size + 1);
    return word;
}

std::string seconds(base::Time at) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    return std::to_string(std::max<std::int64_t>(0, whole));
}

std::optional<base::Time> parse_seconds(std::string_view text) {
    const auto number = formats::parse_unsigned(text);
    if (!number || *number > kMostSeconds) return std::nullopt;
    return base::Time(std::chrono::seconds(*number));
}

std::string line_of(const std::vector<std::string>& targets) {
    std::string out;
    for (const std::string& target : targets) out += (out.empty() ? "" : " ") + target;
    return out;
}

}  // namespace

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

void GatewayLogLevels::match(std::size_t level, std::string_view target) {
    for (std::uint64_t wanted = wanted_.at(level).to_ullong(); wanted != 0; wanted &= wanted - 1) {
        const auto group = static_cast<std::size_t>(std::countr_zero(wanted));
        if (has_target(target, targets_[group])) wanted_.at(level).reset(group);
    }
}

void GatewayLogLevels::end_of_block(base::Time now) {
    const std::uint64_t lines = std::accumulate(lines_.begin(), lines_.end(), std::uint64_t{0});
    if (lines == lines_before_) return;
    lines_before_ = lines;
    shift_to(now);
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

/// What an earlier process saw lacking goes on lacking from here.
void GatewayLogLevels::shift_to(base::Time now) {
    for (Reaches& reaches : reach_)
        for (Reach& reach : reaches)
            if (resumed_ && reach.lacking_since) *reach.lacking_since += now - read_at_;
    resumed_ = false;
    read_at_ = std::chrono::floor<std::chrono::minutes>(now);
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

std::string GatewayLogLevels::memory() const {
    std::string out;
    for (std::size_t group = 0; group < targets_.size(); ++group) {
        const Reaches& reaches = reach_[group];
        if (std::ranges::none_of(reaches, &Reach::reached)) continue;
        if (out.empty()) out = std::string(kHeading) + " " + seconds(read_at_) + "\n";
        for (const Reach& reach : reaches) {
            const bool lacks = reach.reached && reach.lacking_since;
            out += lacks ? seconds(*reach.lacking_since) : reach.reached ? kReached : kNotReached;
            out += ' ';
        }
        out += line_of(targets_[group]) + "\n";
    }
    return out;
}

std::optional<GatewayLogLevels::Reaches> GatewayLogLevels::parse_reaches(std::string_view& text) {
    Reaches reaches;
    for (Reach& reach : reaches) {
        const auto word = next_field(text, ' ');
        if (!word) return std::nullopt;
        if (*word == kNotReached) continue;
        reach = {true, parse_seconds(*word)};
        if (!reach.lacking_since && *word != kReached) return std::nullopt;
    }
    return reaches;
}

bool GatewayLogLevels::resume(std::string_view memory) {
    if (next_field(memory, ' ') != kHeading) return false;
    const auto read_at = parse_seconds(next_field(memory, '\n').value_or(""));
    if (!read_at) return false;
    auto resumed = reach_;
    while (!memory.empty()) {
        auto line = next_field(memory, '\n');
        auto reaches = line ? parse_reaches(*line) : std::nullopt;
        if (!reaches) return false;
        for (Reach& reach : *reaches)
            if (reach.lacking_since) reach.lacking_since = std::min(*reach.lacking_since, *read_at);
        for (std::size_t group = 0; group < targets_.size(); ++group)
            if (line_of(targets_[group]) == *line) resumed[group] = *reaches;
    }
    reach_ = std::move(resumed);
    read_at_ = *read_at;
    resumed_ = true;
    return true;
}

bool GatewayLogLevels::reaches(std::size_t group, formats::TracingLevel level) const {
    return reach_.at(group).at(static_cast<std::size_t>(level)).reached;
}

}  // namespace keyshift::collectors
