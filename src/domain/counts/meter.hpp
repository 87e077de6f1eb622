// SPDX-License-Identifier: Apache-2.0
// Growth of counters that others keep: they start at some value nobody watched, are set back when a process
// or its statistics start anew, and come and go with their series. A Meter turns what was read of one source
// into how much was counted, never negative per series and never twice. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::domain {

/// `weight` of `event` for each unit that a counter grows by: statements that found nothing are calls minus
/// rows, the sum of two counters with weights 1 and -1.
struct Contribution {
    Event event = Event::fallback;
    std::int8_t weight = 1;
};

/// A counter as it was read.
struct Reading {
    std::string series;  ///< unique within its instance, and the same over restarts of keyshift
    std::uint64_t value = 0;
    /// Differs when the counter has certainly begun anew. Of one in pieces ("a/b") an empty piece tells
    /// nothing. Where only one of two polls has a piece, it may have begun anew, and only what it has grown
    /// by counts.
    std::string epoch = {};
    std::vector<Contribution> counts = {};
};

/// What one server, replica or host said: all its counters that matter, so that one that is missing is gone.
struct Instance {
    std::string name;  ///< "" where a source is one thing
    /// Matters while it is not known: it came into being after polling had begun, so that all it has counted
    /// was counted since.
    bool began_lately = false;
    std::vector<Reading> readings = {};
};

/// Everything that one poll of a source read. An instance that did not answer is not among them.
struct Readings {
    /// What the readings depend on in the configuration: when it changes, series not known before are taken
    /// as they stand.
    std::string scope = {};
    std::vector<Instance> instances = {};
};

/// As saved.
struct SeriesMemory {
    std::uint64_t value = 0;
    std::string epoch;
    bool operator==(const SeriesMemory&) const = default;
};
struct InstanceMemory {
    base::Time seen_at;  ///< by this host's clock; as saved, up to an hour early
    std::map<std::string, SeriesMemory> series;
};

class Meter {
 public:
    using Instances = std::map<std::string, InstanceMemory>;

    Meter() = default;
    Meter(std::string scope, Instances instances)
        : scope_(std::move(scope)), instances_(std::move(instances)) {}

    struct Growth {
        PerEvent<std::int64_t> events{};  ///< weights applied
        std::uint64_t resets = 0;         ///< instances of which a counter has, or may have, begun anew
        bool unwatched = false;           ///< something had been counted before the first poll of it
    };
    /// A series seen for the first time counts from 0 if its instance was known, or began recently; otherwise
    /// what it counted before is nobody's. One that is set back, or whose epoch differs, has counted from 0.
    Growth advance(const Readings& readings, base::Time now);

    /// Parts known and not among the last readings.
    std::vector<std::string> missing() const;
    /// Forgets instances last seen before `until`; returns how many.
    std::size_t forget_before(base::Time until);

    const std::string& scope() const { return scope_; }
    const Instances& instances() const { return instances_; }
    /// Parts changed or forgotten since this was last asked: what must be saved.
    std::set<std::string> take_changed() { return std::exchange(changed_, {}); }

 private:
    bool advance(const Instance& instance, bool same_scope, base::Time now, Growth& growth);

    std::string scope_;
    Instances instances_;
    std::set<std::string> present_;
    std::set<std::string> changed_;
};

}  // namespace keyshift::domain
