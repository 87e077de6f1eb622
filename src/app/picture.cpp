// SPDX-License-Identifier: Apache-2.0
#include "app/picture.hpp"

#include <algorithm>

#include "app/configuration.hpp"
#include "app/key_journal.hpp"
#include "app/saved_model.hpp"
#include "collectors/catalog.hpp"
#include "domain/assess.hpp"
#include "drivers/interrupt.hpp"

namespace keyshift::app {
namespace {

using base::Errc;
using base::Error;
using base::Result;

Result<Picture> of_daemon(const config::Config& config) {
    Picture picture;
    auto state = store::State::attach(config.state.directory);
    if (!state) return state.error();
    picture.state = std::move(*state);
    if (!picture.state) return picture;
    auto model = load_model(*picture.state);
    if (!model) return model.error();
    picture.model = std::move(*model);
    picture.of_daemon = picture.model.migration.has_value();
    picture.now = base::now();
    return picture;
}

Result<Picture> look(const config::Config& config, const config::CollectorConfig& collector) {
    Picture picture;
    auto state = store::State::scratch(config.state.directory);
    if (!state) return state.error();
    picture.state = std::move(*state);
    drivers::Interrupt interrupt;
    KeyJournal journal(*picture.state, {judging(config), config.state.retention});
    const auto wanted = journal.prepare();
    if (!wanted) return wanted.error();
    const auto keys = collectors::catalog_entry(collector.type).make(config.gateway, collector, interrupt);
    const auto observed = keys->collect({.deadline = base::Deadline::in(collector.schedule.timeout),
                                         .keys = &journal,
                                         .active_window = config.migration.drain_window,
                                         .wanted = *wanted});
    if (!observed) return observed.error();
    auto outcome = journal.finish(observed->taken_at, collector.schedule.interval);
    if (outcome.state_error) return *outcome.state_error;
    auto model = load_model(*picture.state);
    if (!model) return model.error();
    picture.model = std::move(*model);
    picture.model.inventory = std::move(outcome.inventory);
    picture.now = observed->taken_at;
    return picture;
}

}  // namespace

Result<const config::CollectorConfig*> keys_collector(const config::Config& config) {
    const auto keys =
        std::find_if(config.collectors.begin(), config.collectors.end(),
                     [](const config::CollectorConfig& c) { return c.type == domain::kKeysSource; });
    if (keys == config.collectors.end()) {
        return Error{Errc::config, "the configuration has no keys collector",
                     "add one: {type: keys, database_url_file: ...}"};
    }
    return &*keys;
}

Result<Picture> take_picture(const config::Config& config) {
    const auto collector = keys_collector(config);
    if (!collector) return collector.error();
    if (store::State::is_held(config.state.directory)) {
        auto picture = of_daemon(config);
        // A daemon that has not completed a look yet has nothing to show.
        if (!picture || picture->of_daemon) {
            if (picture) picture->model.policy = judging(config);
            return picture;
        }
    }
    auto picture = look(config, **collector);
    if (picture) picture->model.policy = judging(config);
    return picture;
}

domain::FallbackMode known_fallback_mode(const config::Config& config) {
    domain::FallbackMode mode = judging(config).asserted;
    if (mode != domain::FallbackMode::unknown || !store::State::is_held(config.state.directory)) return mode;
    // Only to word the report better: without it the report says that it is not known.
    if (const auto picture = of_daemon(config); picture && picture->of_daemon)
        mode = picture->model.migration->detected.mode;
    return mode;
}

}  // namespace keyshift::app
