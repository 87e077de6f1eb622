// SPDX-License-Identifier: Apache-2.0
#include "journal/evidence_book.hpp"

#include <algorithm>

#include "domain/evidence_facts.hpp"
#include "domain/fallback_witnesses.hpp"
#include "journal/marks/saved_marks.hpp"
#include "journal/saved_evidence.hpp"

namespace keyshift::journal {
namespace {

using base::Result;
using base::Time;
using domain::Event;
using domain::SourceCounts;

constexpr base::Duration kTrimFailuresEvery = std::chrono::minutes{10};
constexpr std::size_t kMostUntrimmed = 2'000;

constexpr base::Duration kKeepHours = std::chrono::hours{24 * 31};

std::string scope_fact(const std::string& source) {
    return "scope:" + source;
}

/// Only what is new is there. An opposite answer of a later time was given before the clock was set back.
void record_answers(const domain::ProbeAnswers& answers, domain::ProbeAnswers& known) {
    const auto record = [](std::optional<Time>& to, std::optional<Time>& opposite,
                           const std::optional<Time>& from) {
        if (!from) return;
        to = from;
        if (opposite >= to) opposite.reset();
    };
    record(known.refused_at, known.accepted_at, answers.refused_at);
    record(known.accepted_at, known.refused_at, answers.accepted_at);
    record(known.canary_accepted_at, known.canary_refused_at, answers.canary_accepted_at);
    record(known.canary_refused_at, known.canary_accepted_at, answers.canary_refused_at);
}

bool mixes_in_own_requests(const domain::Model& model, const std::string& source) {
    const auto& known = model.policy.known_sources;
    const auto found = known.find(source);
    return found != known.end() && found->second.own_requests == domain::OwnRequests::mixed_in;
}

template <class Map>
Map newer(const Map& now, Map& saved) {
    Map out;
    for (const auto& [name, value] : now) {
        const auto before = saved.find(name);
        if (before == saved.end() || before->second != value) out[name] = value;
    }
    saved = now;
    return out;
}

template <class Map>
void overwrite(Map& to, const Map& from) {
    for (const auto& [name, value] : from) to.insert_or_assign(name, value);
}

}  // namespace

void UnsavedEvidence::merge(const UnsavedEvidence& newer) {
    overwrite(facts, newer.facts);
    overwrite(counters, newer.counters);
    overwrite(instances, newer.instances);
    overwrite(hourly, newer.hourly);
    overwrite(observation_starts, newer.observation_starts);
    overwrite(cursors, newer.cursors);
    for (const auto& [source, tally] : newer.failures)
        failures.try_emplace(source, store::kMostFailures).first->second.merge(tally);
    uses.merge(newer.uses);
    if (newer.forget_failures_before) forget_failures_before = newer.forget_failures_before;
    if (!newer.failure_counts.empty()) failure_counts = newer.failure_counts;
    if (newer.legacy_use) legacy_use = newer.legacy_use;
}

void UnsavedEvidence::write(store::Transaction& to) const {
    for (const auto& [name, value] : facts) to.set_fact(name, value);
    for (const auto& [name, value] : counters) to.set_counter(name.first, name.second, value);
    for (const auto& [name, memory] : instances)
        to.set_part(name.first, name.second, memory ? &*memory : nullptr);
    for (const auto& [name, value] : hourly) to.set_hourly(name.first, name.second, value);
    for (const auto& [name, at] : observation_starts) to.set_observation_start(name, at);
    for (const auto& [name, value] : cursors) to.set_cursor(name.first, name.second, value);
    for (const auto& [source, tally] : failures) to.add_failures(source, tally);
    to.add_key_uses(uses);
    if (forget_failures_before) to.forget_failures(*forget_failures_before, store::kMostFailures);
    to.follow_marks(failure_counts, legacy_use, base::now());
}

Result<void> EvidenceBook::load(store::State& state, domain::Model& model, Time now) {
    const auto facts = state.load_facts();
    if (!facts) return facts.error();
    const auto counters = state.load_counters();
    if (!counters) return counters.error();
    auto instances = state.load_parts();
    if (!instances) return instances.error();
    auto hourly = state.load_hourly();
    if (!hourly) return hourly.error();
    auto cursors = state.load_cursors();
    if (!cursors) return cursors.error();
    cursors_ = std::move(*cursors);
    load_evidence(*facts, *counters, model);
    auto marks = load_marks(state, now);
    if (!marks) return marks.error();
    model.marks = *std::move(marks);
    model.evidence.hourly = std::move(*hourly);
    remember_hits(model.evidence, now);
    for (auto& [name, counts] : model.evidence.sources) {
        restore(counts, now);
        const auto scope = facts->find(scope_fact(name));
        meters_[name] =
            domain::Meter(scope == facts->end() ? "" : scope->second, std::move((*instances)[name]));
    }
    return {};
}

void EvidenceBook::record(const std::string& source, const collectors::Observation& seen,
                          base::Duration poll_every, Time now, domain::Model& model) {
    for (auto& [name, counts] : model.evidence.sources) {
        if (!mixes_in_own_requests(model, name)) continue;
        for (const Event event : seen.caused)
            if (counts.countable.test(index_of(event))) add_own(counts, event);
    }
    if (seen.counted) add_counts(source, *seen.counted, poll_every, now, model);
    if (seen.log) record_log(source, *seen.log, now, model);
    if (seen.gauges) record_gauges(source, *seen.gauges, model);
    if (seen.probe) record_answers(*seen.probe, model.probe);
}

void EvidenceBook::record_cursor(const std::string& source,
                                 const std::map<std::string, std::optional<std::string>>& changes) {
    for (const auto& [name, text] : changes) {
        if (text) {
            cursors_[source][name] = *text;
        } else {
            cursors_[source].erase(name);
        }
        of_logs_.cursors[{source, name}] = text;
    }
}

void EvidenceBook::record_log(const std::string& source, const collectors::LogFacts& seen, Time now,
                              domain::Model& model) {
    domain::LogStatus& log = model.logs[source];
    log.lines.add(seen.lines);
    log.lag_bytes = seen.lag_bytes;
    log.read_since_start = true;
    record_cursor(source, seen.cursor);
    logged_uses_.merge(seen.uses);
    of_logs_.uses.merge(seen.uses);
    if (!seen.failures.empty())
        of_logs_.failures.try_emplace(source, store::kMostFailures).first->second.merge(seen.failures);
    failures_to_trim_ += seen.failures.kinds().size();
    if (now - trimmed_at_ < kTrimFailuresEvery && failures_to_trim_ < kMostUntrimmed) return;
    failures_to_trim_ = 0;
    trimmed_at_ = now;
    of_logs_.forget_failures_before = now - store::kFailuresKept;
}

void EvidenceBook::record_gauges(const std::string& source, const domain::Gauges& gauges,
                                 domain::Model& model) {
    gauges_[source] = gauges;
    domain::Gauges& to = model.gauges = {};
    for (const auto& [name, of_source] : gauges_) {
        to.cache_entries.insert(of_source.cache_entries.begin(), of_source.cache_entries.end());
        to.gateways_up.insert(of_source.gateways_up.begin(), of_source.gateways_up.end());
    }
    // The same client may stand in several logs.
    for (const std::string_view name :
         evidence_order(model.policy.known_sources, domain::Signal::auth_failures)) {
        const auto of_source = gauges_.find(std::string(name));
        if (of_source == gauges_.end() || of_source->second.failing_clients.empty()) continue;
        to.failing_clients = of_source->second.failing_clients;
        break;
    }
}

void EvidenceBook::add_counts(const std::string& source, const collectors::Counted& counted,
                              base::Duration poll_every, Time now, domain::Model& model) {
    domain::Meter& meter = meters_[source];
    SourceCounts& counts = model.evidence.sources[source];
    const auto growth = meter.advance(counted.readings, now);
    domain::Poll poll;
    poll.growth = growth.events;
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        poll.growth.at(i) += static_cast<std::int64_t>(counted.grown.at(i) + counted.own.at(i));
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        poll.own.at(i) = static_cast<std::int64_t>(counted.own.at(i));
    poll.countable = counted.countable;
    poll.resets = growth.resets;
    poll.missing = counted.missing;
    poll.ground = counted.ground;
    poll.poll_every = poll_every;
    poll.idle = model.policy.quiet_period;
    if (mixes_in_own_requests(model, source)) poll.in_flight = in_flight_;
    poll.lossy = counted.lossy || growth.unwatched || growth.resets > 0;
    const std::size_t forgotten = meter.forget_before(now - model.policy.windows.drain);
    if (counted.parts_stay) {
        const auto missing = meter.missing();
        poll.missing.insert(poll.missing.end(), missing.begin(), missing.end());
        poll.lossy = poll.lossy || forgotten > 0;
    }
    record_poll(counts, poll, now);
}

void EvidenceBook::begin_own_requests(const std::vector<Event>& events) {
    for (const Event event : events) ++in_flight_.at(index_of(event));
}

void EvidenceBook::end_own_requests(const std::vector<Event>& events) {
    for (const Event event : events) --in_flight_.at(index_of(event));
}

bool EvidenceBook::follow_table(std::uint64_t changes, Time now, domain::Model& model) {
    if (model.evidence.table_changes == changes) return false;
    model.evidence.table_changes = changes;
    for (auto& [name, counts] : model.evidence.sources)
        if (counts.counted_since) counts.counted_since = counts.lost_at = now;
    return true;
}

void EvidenceBook::update(domain::Model& model, Time now) {
    domain::Evidence& evidence = model.evidence;
    const domain::LegacyUse use = legacy_use(model, now);
    for (auto& [name, counts] : evidence.sources) {
        const std::uint64_t in_vain = settle_scans(counts, use, now);
        if (evidence.of(domain::Signal::fallback).evidence == name) evidence.match.in_vain(in_vain, now);
    }
    update_headlines(evidence, {model.policy.known_sources, model.policy.measurable},
                     model.keys ? std::optional(model.keys->totals.legacy_uses_observed) : std::nullopt, now);
    if (model.keys) {
        const domain::Migration& migration = model.keys->migration;
        follow_uses(evidence,
                    {model.keys->totals.legacy_uses_observed, host_time(model, migration.polled_at),
                     migration.poll_every, model.policy.last_used_delay},
                    now);
    }
    watch_last_use(model, now);
    note_failures(model, now);
    model.evidence.hourly.forget_before(now - kKeepHours - model.policy.windows.drain);
}

UnsavedEvidence EvidenceBook::take_unsaved(const domain::Model& model) {
    store::Facts facts;
    store::Counters counters;
    save_evidence(model, facts, counters);
    for (const auto& [name, meter] : meters_) facts[scope_fact(name)] = meter.scope();
    std::map<std::pair<std::string, std::int64_t>, std::uint64_t> hourly;
    for (const auto& [name, hours] : model.evidence.hourly.series())
        for (const auto& [hour, value] : hours) hourly[{name, hour}] = value;
    std::map<std::string, Time> starts;
    for (const auto& [name, status] : model.sources)
        if (status.observation_start) starts[name] = *status.observation_start;
    UnsavedEvidence out = std::exchange(of_logs_, {});
    out.failure_counts = domain::failure_counts(model);
    if (model.keys) out.legacy_use = model.keys->migration.evidence.newest_legacy_use;
    out.facts = newer(facts, saved_.facts);
    out.counters = newer(counters, saved_.counters);
    out.hourly = newer(hourly, saved_.hourly);
    out.observation_starts = newer(starts, saved_.observation_starts);
    for (auto& [source, meter] : meters_) {
        auto changed = meter.take_changed();
        if (all_parts_)
            for (const auto& [name, memory] : meter.instances()) changed.insert(name);
        for (const std::string& name : changed) {
            const auto memory = meter.instances().find(name);
            out.instances[{source, name}] =
                memory == meter.instances().end() ? std::nullopt : std::optional(memory->second);
        }
    }
    if (all_parts_)
        for (const auto& [source, cursor] : cursors_)
            for (const auto& [name, text] : cursor) out.cursors[{source, name}] = text;
    all_parts_ = false;
    return out;
}

void EvidenceBook::forget_saved() {
    saved_ = {};
    all_parts_ = true;
}

}  // namespace keyshift::journal
