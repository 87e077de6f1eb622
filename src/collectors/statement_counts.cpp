// SPDX-License-Identifier: Apache-2.0
#include "collectors/statement_counts.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::collectors {
namespace {

using domain::Contribution;
using domain::Event;

struct Weights {
    std::vector<Contribution> calls;
    std::vector<Contribution> rows = {};
};

/// A lookup that returns no row was of a legacy or unknown key; a key that was accepted on the full path is
/// touched; and each that was accepted, also by the cache, is read again by its id. Who manages keys reads
/// them by id too, and then changes them.
const Weights& weights(Shape shape) {
    static const std::array<Weights, kShapes.size()> kWeights{{
        {{{Event::lookup_not_found, 1}, {Event::failure_unknown_key, 1}, {Event::auth_attempt, 1}},
         {{Event::lookup_found, 1},
          {Event::lookup_not_found, -1},
          {Event::failure_unknown_key, -1},
          {Event::auth_attempt, -1}}},
        {{}, {{Event::auth_cache_hit, 1}, {Event::auth_attempt, 1}}},
        {{{Event::verification, 1}, {Event::auth_cache_miss, 1}, {Event::auth_cache_hit, -1}}},
        {{{Event::fallback_scan, 1}, {Event::fallback, 1}}, {{Event::fallback_scanned_key, 1}}},
        {{}, {{Event::auth_cache_hit, -1}, {Event::auth_attempt, -1}}},
        {{}, {{Event::fallback, 1}, {Event::verification, 1}}},
    }};
    return kWeights.at(static_cast<std::size_t>(shape));
}

}  // namespace

bool StatementCounts::needs_texts(const StatementStatistics& statistics) const {
    return std::any_of(statistics.entries.begin(), statistics.entries.end(),
                       [&](const StatementEntry& entry) { return known_.count(entry.id) == 0; });
}

void StatementCounts::learn(const StatementStatistics& statistics, const std::vector<StatementText>& texts) {
    std::map<std::string, const StatementText*> by_id;
    for (const StatementText& text : texts) by_id[text.id] = &text;
    for (const StatementEntry& entry : statistics.entries) {
        const auto found = by_id.find(entry.id);
        if (found == by_id.end()) continue;  // gone since; should it come back, it is asked for again
        const auto [known, is_new] = known_.try_emplace(entry.id);
        if (!is_new) continue;
        known->second.lost_text = !found->second->text;
        if (found->second->text) known->second.shape = shapes_.of(*found->second->text);
    }
}

Counted StatementCounts::count(const StatementStatistics& statistics) {
    Counted counted;
    counted.readings.scope = statistics.database + " " + shapes_.scope();
    domain::Part& part = counted.readings.parts.emplace_back();
    counted.lossy = statistics.may_have_evicted;
    bool scanned = false;
    std::map<std::string, Known> present;
    for (const StatementEntry& entry : statistics.entries) {
        const auto before = known_.find(entry.id);
        if (before == known_.end()) continue;
        Known& known = present[entry.id] = before->second;
        counted.lossy = counted.lossy || (known.lost_text && known.calls != entry.calls);
        known.calls = entry.calls;
        if (!known.shape) continue;
        scanned = scanned || (known.shape == Shape::scan && entry.calls > 0);
        const std::string name(shape_name(*known.shape));
        const std::string epoch = statistics.reset_at + "/" + entry.since;
        const auto add = [&](std::string_view what, std::uint64_t value,
                             const std::vector<Contribution>& counts) {
            if (counts.empty()) return;
            part.readings.push_back({name + std::string(what) + entry.id, value, epoch, counts});
        };
        // Where a scan that finds a key promotes it, that is the same use.
        const bool twice = *known.shape == Shape::scan && shapes_.knows(Shape::promote);
        static const std::vector<Contribution> kScan{{Event::fallback_scan, 1}};
        add(".calls/", entry.calls, twice ? kScan : weights(*known.shape).calls);
        add(".rows/", entry.rows, weights(*known.shape).rows);
    }
    known_ = std::move(present);
    // An evicted statement takes along what it counted. That this has happened shows as a counter that began
    // anew, since its epoch is saved: evictions while keyshift was down are noticed too.
    if (statistics.evictions)
        part.readings.push_back({"evictions", 0, std::to_string(*statistics.evictions), {}});
    counted.offers = measures(shapes_);
    // With a fallback a lookup that finds nothing may be of a legacy key, which is then accepted.
    if (scanned) {
        counted.offers.reset(index_of(Event::failure_unknown_key));
        counted.offers.reset(index_of(Event::auth_attempt));
    }
    return counted;
}

std::size_t StatementCounts::seen(Shape shape) const {
    return static_cast<std::size_t>(std::count_if(
        known_.begin(), known_.end(), [&](const auto& entry) { return entry.second.shape == shape; }));
}

domain::Events StatementCounts::measures(const StatementShapes& shapes) {
    domain::Events events;
    const auto offer = [&](bool known, std::initializer_list<Event> all) {
        for (const Event event : all) events.set(index_of(event), known);
    };
    const bool scans = shapes.knows(Shape::scan);
    const bool lookups = shapes.knows(Shape::lookup);
    const bool accepted = shapes.knows(Shape::by_id);  // also those that a cache has answered
    const bool touches = shapes.knows(Shape::touch);
    const bool promotes = shapes.knows(Shape::promote);
    offer(scans || promotes, {Event::fallback});
    offer(scans, {Event::fallback_scan, Event::fallback_scanned_key});
    offer(lookups, {Event::lookup_found, Event::lookup_not_found});
    // A lookup that finds nothing may be of a legacy key, which is then promoted.
    offer(lookups && accepted && !promotes, {Event::failure_unknown_key, Event::auth_attempt});
    offer(touches || promotes, {Event::verification});
    offer(touches && accepted, {Event::auth_cache_hit, Event::auth_cache_miss});
    return events;
}

}  // namespace keyshift::collectors
