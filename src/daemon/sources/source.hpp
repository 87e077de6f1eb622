// SPDX-License-Identifier: Apache-2.0
// One watched source: its collector, its worker thread, and one cycle of polling and saving.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "config/config.hpp"
#include "domain/model.hpp"
#include "drivers/net/interrupt.hpp"
#include "journal/key_journal.hpp"
#include "store/state.hpp"

namespace boost::asio {
class thread_pool;  // Asio itself stays out of what commands include
}

namespace keyshift::daemon {

/// What one cycle came to; made on the worker, taken over by the loop thread.
struct Cycle {
    std::optional<collectors::Observation> observation;  ///< empty: the source could not be read
    base::Error error;                                   ///< then: why
    /// Then: what has to be saved of the source's cursor all the same.
    std::map<std::string, std::optional<std::string>> cursor;
    std::optional<domain::KeyPoll> keys;      ///< of the key table's source, unless there is an error
    std::optional<base::Error> state_error;   ///< what is known could not be read: there was no poll
    std::string state_notice;                 ///< what has happened to the state file; mostly empty
    store::State::Beginning state_beginning;  ///< with a notice: of the file that is there now
    std::uint64_t state_size_bytes = 0;
    base::Duration took{};
    base::Duration min_delay{};                       ///< stay away that long at least
    std::optional<base::Duration> max_poll_interval;  ///< come back that soon; empty: by the interval
};

/// What the key table's source has to know of the rest.
struct JournalInput {
    domain::CountedFallback fallback;
    domain::KeyUses uses;
    journal::JournalSettings settings;  ///< as configured now
    bool awaits_census = false;         ///< the verdict waits for nothing else
};

class Source {
 public:
    /// `state` and `interrupt` outlive the source; `state` is used by the worker of the key table's source
    /// only.
    Source(const config::Gateway& gateway, const config::CollectorConfig& config, store::State& state,
           const drivers::Interrupt& interrupt);
    ~Source();
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    const std::string& name() const { return name_; }
    base::Duration interval() const { return schedule_.interval; }
    boost::asio::thread_pool& worker() { return *worker_; }

    /// It reads the key table, and so keeps the journal.
    bool keeps_journal() const { return journal_ != nullptr; }
    /// What the next cycle may make the gateway count; while none is under way.
    std::vector<domain::Event> expected_side_effects() const { return collector_->expected_side_effects(); }
    /// See Collector.
    void resume(const std::map<std::string, std::string>& cursor) { collector_->resume(cursor); }
    int wake_fd() const { return collector_->wake_fd(); }
    /// Blocking, on the worker. Never throws.
    Cycle run_cycle(const JournalInput& input);
    /// Likewise: the last poll of the key table by other settings, without the source. Empty: there was none.
    std::optional<domain::KeyPoll> judge_again(const journal::JournalSettings& settings);

 private:
    Cycle poll(const JournalInput& input);
    Cycle poll_keys(const JournalInput& input);

    std::string name_;
    config::Schedule schedule_;
    store::State& state_;
    std::unique_ptr<journal::KeyJournal> journal_;  // of the key table's source alone
    std::unique_ptr<collectors::Collector> collector_;
    std::optional<std::chrono::steady_clock::time_point> last_began_;  // the last poll that succeeded
    std::unique_ptr<boost::asio::thread_pool> worker_;
};

}  // namespace keyshift::daemon
