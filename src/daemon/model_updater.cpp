// SPDX-License-Identifier: Apache-2.0
#include "daemon/model_updater.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/log/log.hpp"
#include "base/utf8.hpp"
#include "collectors/catalog.hpp"
#include "domain/assess.hpp"
#include "domain/evidence_facts.hpp"
#include "journal/judging.hpp"
#include "journal/saved_evidence.hpp"

namespace keyshift::daemon {
namespace {

namespace log = base::log;
using domain::SourceStatus;
using namespace std::chrono_literals;

constexpr base::Duration kTolerableSkew = 5s;

}  // namespace

base::Result<void> ModelUpdater::restore(store::State& state, const config::Config& config) {
    const auto counters = state.load_counters();
    if (!counters) return counters.error();
    model_.saved_totals = journal::saved_totals(*counters);
    auto statuses = journal::restored_statuses(state, config.types());
    if (!statuses) return statuses.error();
    if (auto loaded = book_.load(state, model_, base::now()); !loaded) return loaded;
    reconfigure(config, *std::move(statuses));
    model_.state_size_bytes = state.size_bytes();
    model_.config_loaded_at = base::now();
    return {};
}

const std::map<std::string, std::string>& ModelUpdater::begin_source(const std::string& name) {
    if (collectors::catalog_entry(name).reads_log) model_.logs[name];
    logged_[name] = {};
    return book_.cursor(name);
}

bool ModelUpdater::apply(const Polled& source, Cycle cycle) {
    SourceStatus& status = model_.sources[source.name];
    const auto up_before = status.up;
    ++status.polls;
    if (cycle.observation) {
        apply_success(source, status, cycle);
    } else {
        apply_failure(source, status, cycle);
    }
    model_.state_size_bytes = cycle.state_size_bytes;
    return status.up != up_before;
}

void ModelUpdater::apply_success(const Polled& source, SourceStatus& status, Cycle& cycle) {
    const collectors::Observation& seen = *cycle.observation;
    if (status.up != true) log::info("source up", {{"source", source.name}});
    status.succeed(seen.taken_at);
    Logged& logged = logged_[source.name];
    logged.error.reset();
    const bool skewed = std::chrono::abs(seen.skew) > kTolerableSkew;
    if (skewed && !logged.skewed) {
        log::warn("clocks differ; times are the source's",
                  {{"source", source.name}, {"seconds_ahead_here", seen.skew / 1s}});
    }
    logged.skewed = skewed;
    if (source.keeps_journal) domain::set_skew(model_, seen.skew, base::now());
    if (cycle.keys) record_poll(*std::move(cycle.keys));
    log_refused(source, seen, logged);
    log_missing(source, seen, logged);
    book_.record(source.name, seen, source.interval, base::now(), model_);
}

void ModelUpdater::record_poll(domain::KeyPoll poll) {
    if (journal::EvidenceBook::follow_table(poll.totals.table_changes, base::now(), model_))
        log::warn("the key table is another one than before; counters cover from now on");
    model_.keys = std::move(poll);
    const domain::Migration& migration = model_.keys->migration;
    model_.watch = domain::watch_after(model_.watch, migration.clock_at, migration.poll_every);
}

/// Which replicas do not answer keyshift_gateway_up tells; why one that does is refused is said here.
void ModelUpdater::log_refused(const Polled& source, const collectors::Observation& seen, Logged& logged) {
    if (!seen.counted) return;
    for (const auto& [name, why] : seen.counted->refused) {
        if (!logged.refused.contains(name))
            log::warn("a target is refused", {{"source", source.name}, {"error", base::escape_unsafe(why)}});
    }
    logged.refused = seen.counted->refused;
}

/// Files of a log that cannot be read beside others that can.
void ModelUpdater::log_missing(const Polled& source, const collectors::Observation& seen, Logged& logged) {
    if (!seen.log || !seen.counted || seen.counted->missing == logged.missing) return;
    logged.missing = seen.counted->missing;
    if (logged.missing.empty()) {
        log::info("whole log read again", {{"source", source.name}});
    } else {
        log::warn("part of a log cannot be read", {{"source", source.name},
                                                   {"error", base::escape_unsafe(logged.missing.front())},
                                                   {"more", logged.missing.size() - 1}});
    }
}

void ModelUpdater::apply_failure(const Polled& source, SourceStatus& status, const Cycle& cycle) {
    book_.record_cursor(source.name, cycle.cursor);
    const bool is_news = status.not_measured.empty();
    if (status.fail(cycle.error) == SourceStatus::Failure::not_measured) {
        if (is_news) {
            log::info("not measured",
                      {{"source", source.name}, {"reason", cycle.error.what}, {"hint", cycle.error.hint}});
        }
        return;
    }
    Logged& logged = logged_[source.name];
    if (logged.error == cycle.error.code) return;
    logged.error = cycle.error.code;
    log::warn("source down", {{"source", source.name},
                              {"reason", base::reason(cycle.error.code)},
                              {"error", cycle.error.what},
                              {"hint", cycle.error.hint}});
}

JournalInput ModelUpdater::journal_input(const config::Config& config) {
    const base::Time now = database_now();
    return {counted_fallback(model_, now), book_.take_uses(), journal::journal_settings(config),
            assess(model_, now).judgement.awaits_census};
}

bool ModelUpdater::others_unpolled(const std::string& name) const {
    return std::any_of(model_.sources.begin(), model_.sources.end(), [&name](const auto& source) {
        return source.first != name && source.first != domain::kKeysSource && source.second.polls == 0;
    });
}

bool ModelUpdater::all_polled() const {
    return std::all_of(model_.sources.begin(), model_.sources.end(),
                       [](const auto& source) { return source.second.polls > 0; });
}

void ModelUpdater::note_configuration(bool valid) {
    model_.config_valid = valid;
    if (valid) model_.config_loaded_at = base::now();
}

void ModelUpdater::reconfigure(const config::Config& config, Statuses statuses) {
    forget_sources(config.types());
    for (auto& [name, status] : statuses) {
        if (const auto parked = parked_.find(name); parked != parked_.end()) status = parked->second;
        model_.sources.try_emplace(name, std::move(status));
        parked_.erase(name);
    }
    for (const config::CollectorConfig& collector : config.collectors)
        model_.sources[collector.type].implicit = collector.implicit;
    model_.policy = journal::judging(config);
    if (model_.keys && !config.web.per_key_series) model_.keys->key_series.clear();
}

void ModelUpdater::forget_sources(const std::set<std::string>& configured) {
    for (auto source = model_.sources.begin(); source != model_.sources.end();) {
        const auto next = std::next(source);
        if (configured.count(source->first) == 0) {
            book_.forget_gauges(source->first, model_);
            parked_.insert_or_assign(source->first, std::move(source->second));
            model_.sources.erase(source);
        }
        source = next;
    }
    if (configured.count(domain::kKeysSource) > 0) return;
    model_.saved_totals = model_.totals();
    model_.keys.reset();
}

bool ModelUpdater::set_notifications(const domain::Notifications& counts) {
    return std::exchange(model_.notifications, counts) != counts;
}

bool ModelUpdater::note_state(const std::string& notice, const store::State::Beginning& beginning) {
    if (beginning.at) {
        model_.state_begun_at = beginning.at;
        model_.state_begun_because = beginning.because;
    }
    if (notice.empty()) return false;
    log::error("the state file is not as it was", {{"what", notice}});
    book_.forget_saved();
    return true;
}

}  // namespace keyshift::daemon
