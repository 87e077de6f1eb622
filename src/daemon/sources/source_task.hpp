// SPDX-License-Identifier: Apache-2.0
// One watched source as a task of the loop: it polls, applies what came of it, and pauses until its interval
// has passed or there is something new. Used on the loop thread; the source's own worker does the reading.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/config.hpp"
#include "daemon/sources/source.hpp"
#include "domain/counts/event.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::daemon {

class SourceTask {
 public:
    /// What a task needs of the rest. Called on the loop thread.
    struct Hooks {
        std::function<JournalInput()> journal_input;
        /// Other sources have not been polled since the start.
        std::function<bool(const std::string& besides)> others_unpolled;
        std::function<void(const std::vector<domain::Event>&)> begin_own_requests, end_own_requests;
        std::function<void(SourceTask&, Cycle)> apply;
    };

    /// `state` and `hooks` outlive the task.
    SourceTask(boost::asio::io_context& loop, const config::Gateway& gateway,
               const config::CollectorConfig& collector, store::State& state, const Hooks& hooks)
        : hooks_(hooks), source_(gateway, collector, state, interrupt_), timer_(loop) {}

    Source& source() { return source_; }
    const Source& source() const { return source_; }
    const std::string& name() const { return source_.name(); }
    /// A descriptor tells when there is something new.
    bool wakes() const { return wake_.has_value(); }
    /// Its worker is at it.
    bool polling() const { return polling_; }

    /// Before run(): goes on where an earlier process had got to. Errors: config, and then the source is
    /// polled by its interval.
    base::Result<void> resume(const std::map<std::string, std::string>& cursor);
    /// Polls until stop().
    boost::asio::awaitable<void> run();
    /// What is under way is interrupted; what it has found is applied all the same, unless `at_once`.
    enum class Stop {
        exchanged,  ///< another source takes its place: what was seen before counts
        at_once     ///< the daemon ends
    };
    void stop(Stop how);
    bool stopped() const { return stop_.has_value(); }
    /// Nothing of it runs any more.
    void set_finished() { finished_ = true; }
    bool finished() const { return finished_; }

 private:
    using Clock = std::chrono::steady_clock;

    boost::asio::awaitable<void> wait_for_others();
    boost::asio::awaitable<void> pause(Clock::time_point earliest, Clock::time_point latest);

    const Hooks& hooks_;
    drivers::Interrupt interrupt_;
    Source source_;
    boost::asio::steady_timer timer_;
    std::optional<boost::asio::posix::stream_descriptor> wake_;
    bool polling_ = false;
    std::optional<Stop> stop_;
    bool finished_ = false;
};

}  // namespace keyshift::daemon
