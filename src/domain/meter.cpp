// SPDX-License-Identifier: Apache-2.0
#include "domain/meter.hpp"

#include <iterator>

namespace keyshift::domain {
namespace {

void count(const Reading& reading, std::uint64_t by, Meter::Growth& growth) {
    for (const Contribution& to : reading.counts)
        growth.events.at(index_of(to.event)) += to.weight * static_cast<std::int64_t>(by);
}

}  // namespace

Meter::Growth Meter::advance(const Readings& readings, base::Time now) {
    Growth growth;
    const bool same_scope = scope_ == readings.scope;
    scope_ = readings.scope;
    present_.clear();
    for (const Part& part : readings.parts) {
        present_.insert(part.name);
        if (advance(part, same_scope, now, growth)) ++growth.resets;
    }
    return growth;
}

/// Whether one of its counters had begun anew.
bool Meter::advance(const Part& part, bool same_scope, base::Time now, Growth& growth) {
    const auto known = parts_.find(part.name);
    const bool from_zero = known == parts_.end() ? part.began_lately : same_scope;
    PartMemory& memory = parts_[part.name];
    bool reset = false;
    std::map<std::string, SeriesMemory> series;
    for (const Reading& reading : part.readings) {
        const auto before = memory.series.find(reading.series);
        if (before == memory.series.end()) {
            if (from_zero) count(reading, reading.value, growth);
        } else if (before->second.epoch != reading.epoch || before->second.value > reading.value) {
            reset = true;
            count(reading, reading.value, growth);
        } else {
            count(reading, reading.value - before->second.value, growth);
        }
        series[reading.series] = {reading.value, reading.epoch};
    }
    for (const auto& [name, gone] : memory.series) reset = reset || (same_scope && series.count(name) == 0);
    const auto hour = [](base::Time t) { return std::chrono::floor<std::chrono::hours>(t); };
    if (memory.series != series || hour(memory.seen_at) != hour(now)) changed_.insert(part.name);
    memory.series = std::move(series);
    memory.seen_at = now;
    return reset;
}

std::vector<std::string> Meter::missing() const {
    std::vector<std::string> out;
    for (const auto& [name, part] : parts_)
        if (present_.count(name) == 0) out.push_back(name);
    return out;
}

std::size_t Meter::forget_before(base::Time until) {
    std::size_t forgotten = 0;
    for (auto part = parts_.begin(); part != parts_.end();) {
        const auto next = std::next(part);
        if (part->second.seen_at < until) {
            changed_.insert(part->first);
            parts_.erase(part);
            ++forgotten;
        }
        part = next;
    }
    return forgotten;
}

}  // namespace keyshift::domain
