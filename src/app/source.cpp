// SPDX-License-Identifier: Apache-2.0
#include "app/source.hpp"

#include <algorithm>
#include <exception>

#include "app/configuration.hpp"
#include "app/saved_model.hpp"
#include "collectors/catalog.hpp"
#include "domain/assess.hpp"

namespace keyshift::app {
namespace {

using base::Errc;
using base::Error;

std::string error_label(const std::string& source, Errc code) {
    return source + ":" + std::string(base::reason(code));
}

constexpr const char* kErrors = "source_errors";

}  // namespace

Source::Source(const config::Config& whole, const config::CollectorConfig& config, store::State& state,
               const drivers::Interrupt& interrupt)
    : name_(config.type),
      schedule_(config.schedule),
      drain_window_(whole.migration.drain_window),
      state_(state),
      journal_(state, {judging(whole), whole.state.retention}),
      collector_(collectors::catalog_entry(config.type).make(whole.gateway, config, interrupt)) {}

Cycle Source::look() {
    Cycle cycle;
    const auto wanted = journal_.prepare();
    if (!wanted) {
        // What was known cannot be read: what the source says now could not be compared with it.
        cycle.state_error = cycle.error = wanted.error();
        return cycle;
    }
    const auto began = std::chrono::steady_clock::now();
    auto observed = collector_->collect({.deadline = base::Deadline::in(schedule_.timeout),
                                         .keys = journal_,
                                         .active_window = drain_window_,
                                         .wanted = *wanted});
    if (!observed) {
        journal_.forget_scan();
        cycle.error = observed.error();
        return cycle;
    }
    const auto ended = std::chrono::steady_clock::now();
    const auto as_duration = [](auto d) { return std::chrono::duration_cast<base::Duration>(d); };
    auto outcome = journal_.finish(
        observed->taken_at, std::max(schedule_.interval, collector_->rest() + as_duration(ended - began)),
        last_began_ ? std::optional(as_duration(began - *last_began_)) : std::nullopt);
    last_began_ = began;
    cycle.observation = *observed;
    cycle.inventory = std::move(outcome.inventory);
    cycle.migration = std::move(outcome.migration);
    cycle.totals = outcome.totals;
    cycle.state_error = std::move(outcome.state_error);
    return cycle;
}

Cycle Source::run_cycle() {
    const auto began = std::chrono::steady_clock::now();
    Cycle cycle;
    try {
        cycle = look();
    } catch (const std::exception& e) {
        journal_.forget_scan();
        cycle.error = {Errc::other, std::string("unexpected: ") + e.what(), {}};
    }
    cycle.took = std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now() - began);
    cycle.rest = collector_->rest();
    cycle.state_notice = journal_.take_notice();
    cycle.state_size_bytes = state_.size_bytes();
    return cycle;
}

std::optional<Error> Source::save_errors(const std::map<Errc, std::uint64_t>& errors) {
    auto transaction = state_.begin();
    if (!transaction) return transaction.error();
    for (const auto& [code, count] : errors)
        transaction->set_counter(kErrors, error_label(name_, code), count);
    if (name_ == domain::kKeysSource) save_keys_up(false, *transaction);
    const auto committed = transaction->commit();
    return committed ? std::nullopt : std::optional(committed.error());
}

std::map<Errc, std::uint64_t> saved_errors(const store::Counters& counters, const std::string& source) {
    std::map<Errc, std::uint64_t> out;
    for (const Errc code : domain::SourceStatus::kReasons) {
        const auto counter = counters.find({kErrors, error_label(source, code)});
        if (counter != counters.end()) out[code] = counter->second;
    }
    return out;
}

}  // namespace keyshift::app
