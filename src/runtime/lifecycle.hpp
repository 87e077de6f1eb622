// SPDX-License-Identifier: Apache-2.0
// From the start to the end of the daemon: signals, the tasks that run, and the time that they have to end.
// Used on the loop thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace keyshift::runtime {

class Lifecycle {
 public:
    struct Hooks {
        std::function<void()> reload;  ///< SIGHUP came
        std::function<void()> stop;    ///< once: everything that runs is to end
        std::function<void()> over;    ///< the last task has ended
    };

    explicit Lifecycle(boost::asio::io_context& loop) : loop_(loop) {}

    /// From now on SIGTERM and SIGINT stop, SIGHUP reloads; a second signal, or a task that does not end in
    /// time, ends the process with base::kInternal. After the first spawn().
    void begin(Hooks hooks);

    /// Runs `task`, and waits for it at the end. `ended` is called when it is over, by an exception too, and
    /// says whether that is in order. If not, or after an exception, everything stops. `name` is for the log.
    void spawn(std::string name, boost::asio::awaitable<void> task, std::function<bool()> ended);

    /// Once; further calls do nothing.
    void stop();
    bool stopping() const { return stopping_; }
    /// Of the process, when the loop has returned: base::kOk, or base::kInternal when a task has died.
    int exit_code() const { return exit_code_; }

 private:
    using Clock = std::chrono::steady_clock;

    void wait_for_signal();
    void task_ended(const std::exception_ptr& thrown, const std::string& name, bool in_order);

    boost::asio::io_context& loop_;
    Hooks hooks_;
    boost::asio::signal_set signals_{loop_};
    boost::asio::steady_timer grace_{loop_};
    std::size_t running_tasks_ = 0;
    bool stopping_ = false;
    Clock::time_point stopping_at_;
    int exit_code_ = 0;
};

}  // namespace keyshift::runtime
