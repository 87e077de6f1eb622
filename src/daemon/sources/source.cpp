// SPDX-License-Identifier: Apache-2.0
#include "daemon/sources/source.hpp"

#include <algorithm>
#include <exception>

#include <boost/asio/thread_pool.hpp>

#include "collectors/catalog.hpp"
#include "domain/assess.hpp"

namespace keyshift::daemon {
namespace {

using base::Errc;

base::Duration as_duration(std::chrono::steady_clock::duration d) {
    return std::chrono::duration_cast<base::Duration>(d);
}

}  // namespace

Source::Source(const config::Gateway& gateway, const config::CollectorConfig& config, store::State& state,
               const drivers::Interrupt& interrupt)
    : name_(config.type),
      schedule_(config.schedule),
      state_(state),
      collector_(collectors::configured(config).make(gateway, config.schedule, interrupt)),
      worker_(std::make_unique<boost::asio::thread_pool>(1)) {
    if (name_ == domain::kKeysSource) journal_ = std::make_unique<journal::KeyJournal>(state);
}

Source::~Source() = default;

Cycle Source::poll(const JournalInput& input) {
    if (journal_) return poll_keys(input);
    Cycle cycle;
    auto observed = collector_->collect({.deadline = base::Deadline::in(schedule_.timeout)});
    if (observed) {
        cycle.observation = *std::move(observed);
    } else {
        cycle.error = observed.error();
        cycle.cursor = collector_->saved_though_failed();
    }
    return cycle;
}

Cycle Source::poll_keys(const JournalInput& input) {
    Cycle cycle;
    journal_->configure(input.settings);
    journal_->record_counted(input.fallback, input.uses);
    const auto wanted = journal_->prepare();
    if (!wanted) {
        // What was known cannot be read: what the source says now could not be compared with it.
        cycle.state_error = cycle.error = wanted.error();
        return cycle;
    }
    const auto began = std::chrono::steady_clock::now();
    auto observed = collector_->collect({.deadline = base::Deadline::in(schedule_.timeout),
                                         .keys = journal_.get(),
                                         .active_window = input.settings.policy.windows.drain,
                                         .wanted = *wanted,
                                         .awaits_census = input.awaits_census});
    if (!observed) {
        journal_->forget_scan();
        cycle.error = observed.error();
        return cycle;
    }
    const auto ended = std::chrono::steady_clock::now();
    auto poll =
        journal_->finish(std::max(schedule_.interval, collector_->min_delay() + as_duration(ended - began)),
                         last_began_ ? std::optional(as_duration(began - *last_began_)) : std::nullopt);
    if (!poll) {
        cycle.error = poll.error();
        return cycle;
    }
    cycle.keys = *std::move(poll);
    last_began_ = began;
    cycle.observation = *std::move(observed);
    return cycle;
}

std::optional<domain::KeyPoll> Source::judge_again(const journal::JournalSettings& settings) {
    try {
        journal_->configure(settings);
        if (!journal_->prepare()) return std::nullopt;
        return journal_->judge_again();
    } catch (const std::exception&) {
        // The next poll finds, and says, what is wrong.
        journal_->forget_scan();
        return std::nullopt;
    }
}

Cycle Source::run_cycle(const JournalInput& input) {
    const auto began = std::chrono::steady_clock::now();
    Cycle cycle;
    try {
        cycle = poll(input);
    } catch (const std::exception& e) {
        if (journal_) journal_->forget_scan();
        cycle.error = {Errc::other, std::string("unexpected: ") + e.what(), {}};
    }
    cycle.took = as_duration(std::chrono::steady_clock::now() - began);
    cycle.min_delay = collector_->min_delay();
    cycle.max_poll_interval = collector_->max_poll_interval();
    if (journal_) cycle.state_notice = state_.take_notice();
    if (!cycle.state_notice.empty()) cycle.state_beginning = state_.beginning();
    cycle.state_size_bytes = state_.size_bytes();
    return cycle;
}

}  // namespace keyshift::daemon
