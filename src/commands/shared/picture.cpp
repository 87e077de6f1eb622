// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/picture.hpp"

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

Result<Picture> of_daemon(const config::Config& config) {
    Picture picture;
    auto state = store::State::attach(config.state.directory);
    if (!state) return state.error();
    picture.state = std::move(*state);
    if (!picture.state) return picture;
    auto model = journal::load_model(*picture.state);
    if (!model) return model.error();
    picture.model = std::move(*model);
    picture.of_daemon = picture.model.keys.has_value();
    picture.now = domain::database_now(picture.model, base::now());
    return picture;
}

/// A failed look leaves what is known.
void take_look(const config::CollectorConfig& collector, daemon::Cycle& cycle, journal::EvidenceBook& book,
               domain::Model& model) {
    domain::SourceStatus& status = model.sources[collector.type];
    status.implicit = collector.extra;
    if (!cycle.observation) {
        status.fail(cycle.error);
        return;
    }
    status.succeed(cycle.observation->taken_at);
    book.take(collector.type, *cycle.observation, collector.schedule.interval, base::now(), model);
}

/// Of all sources but those that are seen by the gateway, which the daemon alone may bother. The key table
/// comes last: how it is judged depends on the others.
Result<Picture> look(const config::Config& config) {
    Picture picture;
    auto state = store::State::scratch(config.state.directory);
    if (!state) return state.error();
    picture.state = std::move(*state);
    drivers::Interrupt interrupt;
    domain::Model known;
    known.policy = journal::judging(config);
    journal::EvidenceBook book;
    if (auto loaded = book.load(*picture.state, known, base::now()); !loaded) return loaded.error();
    std::optional<daemon::Cycle> keys;
    for (const bool last : {false, true}) {
        for (const config::CollectorConfig& collector : config.collectors) {
            if (last != (collector.type == domain::kKeysSource)) continue;
            daemon::Source source(config.gateway, collector, *picture.state, interrupt);
            if (!source.may_cause().empty()) continue;
            source.resume(book.cursor(source.name()));
            daemon::Cycle cycle =
                source.run_cycle({counted_fallback(known, domain::database_now(known, base::now())),
                                  book.take_uses(), journal::journal_settings(config)});
            if (last && !cycle.observation) return cycle.error;
            if (last && cycle.keys->state_error) return *cycle.keys->state_error;
            take_look(collector, cycle, book, known);
            if (last) keys = std::move(cycle);
        }
    }
    auto model = journal::load_model(*picture.state);
    if (!model) return model.error();
    picture.model = std::move(*model);
    picture.model.keys = std::move(keys->keys);
    picture.model.evidence = std::move(known.evidence);
    picture.model.probe = known.probe;
    picture.model.gauges = known.gauges;
    picture.model.skew = known.skew;
    domain::take_skew(picture.model, keys->observation->skew, base::now());
    // Whoever looks once has not watched.
    picture.model.watch.reset();
    for (auto& [name, status] : known.sources)
        if (name != domain::kKeysSource) picture.model.sources[name] = status;
    picture.model.sources[domain::kKeysSource].up = true;
    picture.model.policy = known.policy;
    journal::EvidenceBook::update(picture.model, base::now());
    picture.now = keys->observation->taken_at;
    return picture;
}

}  // namespace

Result<KeyTableAccess> keys_collector(const config::Config& config) {
    for (const config::CollectorConfig& collector : config.collectors)
        if (const auto* const options = collectors::configured(collector).key_table())
            return KeyTableAccess{*options, collector.schedule};
    return Error{Errc::config, "the configuration has no keys collector",
                 "add one: {type: keys, database_url_file: ...}"};
}

Result<Picture> take_picture(const config::Config& config) {
    const auto collector = keys_collector(config);
    if (!collector) return collector.error();
    if (store::is_state_held(config.state.directory)) {
        auto picture = of_daemon(config);
        // A daemon that has not completed a look yet has nothing to show.
        if (!picture || picture->of_daemon) {
            if (picture) judge_by(config, picture->model);
            return picture;
        }
    }
    auto picture = look(config);
    if (picture) judge_by(config, picture->model);
    return picture;
}

domain::FallbackMode known_fallback_mode(const config::Config& config) {
    domain::FallbackMode mode = journal::judging(config).asserted;
    if (mode != domain::FallbackMode::unknown || !store::is_state_held(config.state.directory)) return mode;
    // Only to word the report better: without it the report says that it is not known.
    if (const auto picture = of_daemon(config); picture && picture->of_daemon)
        mode = picture->model.keys->migration.detected.mode;
    return mode;
}

}  // namespace keyshift::commands
