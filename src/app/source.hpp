// SPDX-License-Identifier: Apache-2.0
// One watched source: its collector, its worker thread, and one cycle of looking and saving.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "app/key_journal.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "config/config.hpp"
#include "domain/model.hpp"
#include "store/state.hpp"

namespace keyshift::app {

/// What one cycle came to; made on the worker, taken over by the loop thread.
struct Cycle {
    std::optional<collectors::Observation> observation;  ///< empty: the source could not be read
    base::Error error;                                   ///< then: why
    std::optional<domain::Inventory> inventory;
    std::optional<domain::Migration> migration;
    std::optional<domain::Totals> totals;
    std::optional<base::Error> state_error;  ///< the result could not be saved
    std::string state_notice;                ///< the state file was replaced, and why; mostly empty
    std::uint64_t state_size_bytes = 0;
    base::Duration took{};
    base::Duration rest{};  ///< stay away that long at least
};

class Source {
 public:
    /// `state` and `interrupt` outlive the source; `state` is used by its worker only.
    Source(const config::Config& whole, const config::CollectorConfig& config, store::State& state,
           const drivers::Interrupt& interrupt);

    const std::string& name() const { return name_; }
    base::Duration interval() const { return schedule_.interval; }
    boost::asio::thread_pool& worker() { return worker_; }

    /// Blocking, on the worker. Never throws.
    Cycle run_cycle();
    /// Saves how often the source has failed so far, by reason; blocking, on the worker.
    std::optional<base::Error> save_errors(const std::map<base::Errc, std::uint64_t>& errors);

 private:
    Cycle look();

    std::string name_;
    config::Schedule schedule_;
    base::Duration drain_window_;
    store::State& state_;
    KeyJournal journal_;
    std::unique_ptr<collectors::Collector> collector_;
    std::optional<std::chrono::steady_clock::time_point> last_began_;  // the last look that succeeded
    boost::asio::thread_pool worker_{1};
};

/// The saved error counters of `source`.
std::map<base::Errc, std::uint64_t> saved_errors(const store::Counters& counters, const std::string& source);

}  // namespace keyshift::app
