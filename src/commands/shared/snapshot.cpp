// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/snapshot.hpp"

#include <algorithm>
#include <iterator>

#include "collectors/catalog.hpp"
#include "commands/shared/configuration.hpp"
#include "daemon/sources/source.hpp"
#include "domain/assess.hpp"
#include "domain/evidence_facts.hpp"
#include "drivers/net/interrupt.hpp"
#include "journal/evidence_book.hpp"
#include "journal/judging.hpp"
#include "journal/saved_model.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// Sources that were watched once, and are no longer, are not shown.
void judge_by(const config::Config& config, domain::Model& model) {
    model.policy = journal::judging(config);
    if (model.keys) model.keys->judged_by = model.policy;
    for (auto source = model.sources.begin(); source != model.sources.end();) {
        const bool watched =
            std::any_of(config.collectors.begin(), config.collectors.end(),
                        [&](const auto& collector) { return collector.type == source->first; });
        source = watched ? std::next(source) : model.sources.erase(source);
    }
}

Result<Snapshot> of_daemon(const config::Config& config) {
    Snapshot snapshot;
    auto state = store::State::attach(config.state.directory);
    if (!state) return state.error();
    snapshot.state = std::move(*state);
    if (!snapshot.state) return snapshot;
    auto model = journal::load_model(*snapshot.state);
    if (!model) return model.error();
    snapshot.model = std::move(*model);
    snapshot.of_daemon = snapshot.model.keys.has_value();
    snapshot.now = domain::database_now(snapshot.model, base::now());
    return snapshot;
}

/// A failed poll leaves what is known.
void record_poll(const config::CollectorConfig& collector, daemon::Cycle& cycle, journal::EvidenceBook& book,
                 domain::Model& model) {
    domain::SourceStatus& status = model.sources[collector.type];
    status.implicit = collector.implicit;
    if (!cycle.observation) {
        status.fail(cycle.error);
        return;
    }
    status.succeed(cycle.observation->taken_at);
    book.record(collector.type, *cycle.observation, collector.schedule.interval, base::now(), model);
}

/// Of all sources but those that are seen by the gateway, which the daemon alone may bother. The key table
/// comes last: how it is judged depends on the others.
Result<Snapshot> look(const config::Config& config) {
    Snapshot snapshot;
    auto state = store::State::scratch(config.state.directory);
    if (!state) return state.error();
    snapshot.state = std::move(*state);
    drivers::Interrupt interrupt;
    domain::Model known;
    known.policy = journal::judging(config);
    journal::EvidenceBook book;
    if (auto loaded = book.load(*snapshot.state, known, base::now()); !loaded) return loaded.error();
    std::optional<daemon::Cycle> keys;
    for (const bool last : {false, true}) {
        for (const config::CollectorConfig& collector : config.collectors) {
            if (last != (collector.type == domain::kKeysSource)) continue;
            daemon::Source source(config.gateway, collector, *snapshot.state, interrupt);
            if (!source.expected_side_effects().empty()) continue;
            source.resume(book.cursor(source.name()));
            daemon::Cycle cycle =
                source.run_cycle({counted_fallback(known, domain::database_now(known, base::now())),
                                  book.take_uses(), journal::journal_settings(config)});
            if (last && !cycle.observation) return cycle.error;
            if (last && cycle.keys->state_error) return *cycle.keys->state_error;
            record_poll(collector, cycle, book, known);
            if (last) keys = std::move(cycle);
        }
    }
    auto model = journal::load_model(*snapshot.state);
    if (!model) return model.error();
    snapshot.model = std::move(*model);
    snapshot.model.keys = std::move(keys->keys);
    snapshot.model.evidence = std::move(known.evidence);
    snapshot.model.probe = known.probe;
    snapshot.model.gauges = known.gauges;
    snapshot.model.skew = known.skew;
    domain::set_skew(snapshot.model, keys->observation->skew, base::now());
    // Whoever looks once has not watched.
    snapshot.model.watch.reset();
    for (auto& [name, status] : known.sources)
        if (name != domain::kKeysSource) snapshot.model.sources[name] = status;
    snapshot.model.sources[domain::kKeysSource].up = true;
    snapshot.model.policy = known.policy;
    journal::EvidenceBook::update(snapshot.model, base::now());
    snapshot.now = keys->observation->taken_at;
    return snapshot;
}

}  // namespace

Result<Snapshot> take_snapshot(const config::Config& config) {
    const auto collector = keys_collector(config);
    if (!collector) return collector.error();
    if (store::is_state_held(config.state.directory)) {
        auto snapshot = of_daemon(config);
        // A daemon that has not completed a poll yet has nothing to show.
        if (!snapshot || snapshot->of_daemon) {
            if (snapshot) judge_by(config, snapshot->model);
            return snapshot;
        }
    }
    auto snapshot = look(config);
    if (snapshot) judge_by(config, snapshot->model);
    return snapshot;
}

domain::FallbackMode known_fallback_mode(const config::Config& config) {
    domain::FallbackMode mode = journal::judging(config).asserted;
    if (mode != domain::FallbackMode::unknown || !store::is_state_held(config.state.directory)) return mode;
    // Only to word the report better: without it the report says that it is not known.
    if (const auto snapshot = of_daemon(config); snapshot && snapshot->of_daemon)
        mode = snapshot->model.keys->migration.detected.mode;
    return mode;
}

}  // namespace keyshift::commands
