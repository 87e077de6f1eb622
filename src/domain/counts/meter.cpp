// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/meter.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>

#include "domain/counts/bounded.hpp"

namespace keyshift::domain {
namespace {

/// More than anything can count, and any weight times it still fits.
constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max() / 128;

void count(const Reading& reading, std::uint64_t by, Meter::Growth& growth) {
    const auto units = static_cast<std::int64_t>(std::min(by, kMost));
    for (const Contribution& to : reading.counts) {
        std::int64_t& event = growth.events.at(index_of(to.event));
        event = add_bounded(event, to.weight * units);
    }
}

/// Whether a part that both have differs.
bool contradict(std::string_view one, std::string_view other) {
    for (;;) {
        const std::string_view a = one.substr(0, one.find('/'));
        const std::string_view b = other.substr(0, other.find('/'));
        if (!a.empty() && !b.empty() && a != b) return true;
        if (a.size() == one.size() || b.size() == other.size()) return false;
        one.remove_prefix(a.size() + 1);
        other.remove_prefix(b.size() + 1);
    }
}

/// Whether the counter has, or may have, begun anew.
bool advance(const Reading& reading, const SeriesMemory& last, Meter::Growth& growth) {
    const bool other_epoch = last.epoch != reading.epoch;
    const bool set_back = last.value > reading.value;
    const bool anew = set_back || contradict(last.epoch, reading.epoch);
    count(reading, anew ? reading.value : reading.value - last.value, growth);
    return set_back || other_epoch;
}

}  // namespace

Meter::Growth Meter::advance(const Readings& readings, base::Time now) {
    Growth growth;
    const bool same_scope = scope_ == readings.scope;
    scope_ = readings.scope;
    present_.clear();
    for (const Instance& instance : readings.instances) {
        present_.insert(instance.name);
        if (advance(instance, same_scope, now, growth)) ++growth.resets;
    }
    return growth;
}

/// Whether one of its counters has, or may have, begun anew.
bool Meter::advance(const Instance& instance, bool same_scope, base::Time now, Growth& growth) {
    const auto known = instances_.find(instance.name);
    const bool from_zero = known == instances_.end() ? instance.began_lately : same_scope;
    InstanceMemory& memory = instances_[instance.name];
    bool reset = false;
    std::map<std::string, SeriesMemory> series;
    for (const Reading& reading : instance.readings) {
        const auto before = memory.series.find(reading.series);
        if (before == memory.series.end()) {
            if (from_zero) count(reading, reading.value, growth);
            const bool counted = reading.value > 0 && !reading.counts.empty();
            growth.unwatched = growth.unwatched || (counted && !from_zero);
        } else if (domain::advance(reading, before->second, growth)) {
            reset = true;
        }
        series[reading.series] = {reading.value, reading.epoch};
    }
    for (const auto& [name, gone] : memory.series) reset = reset || (same_scope && series.count(name) == 0);
    const auto hour = [](base::Time t) { return std::chrono::floor<std::chrono::hours>(t); };
    if (memory.series != series || hour(memory.seen_at) != hour(now)) changed_.insert(instance.name);
    memory.series = std::move(series);
    memory.seen_at = now;
    return reset;
}

std::vector<std::string> Meter::missing() const {
    std::vector<std::string> out;
    for (const auto& [name, instance] : instances_)
        if (present_.count(name) == 0) out.push_back(name);
    return out;
}

std::size_t Meter::forget_before(base::Time until) {
    std::size_t forgotten = 0;
    for (auto instance = instances_.begin(); instance != instances_.end();) {
        const auto next = std::next(instance);
        if (instance->second.seen_at < until) {
            changed_.insert(instance->first);
            instances_.erase(instance);
            ++forgotten;
        }
        instance = next;
    }
    return forgotten;
}

}  // namespace keyshift::domain
