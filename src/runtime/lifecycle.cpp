// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle.hpp"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "base/exit_code.hpp"
#include "base/log/log.hpp"

namespace keyshift::runtime {
namespace {

namespace log = base::log;
using namespace std::chrono_literals;

/// From the signal to the end: what is under way is finished, what cannot be is given up.
constexpr auto kGrace = 1800ms;

/// Who signals a process and its group, as timeout(1) does, signals twice and means once.
constexpr auto kSameSignal = 100ms;

}  // namespace

void Lifecycle::begin(Hooks hooks) {
    hooks_ = std::move(hooks);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
    wait_for_signal();
}

void Lifecycle::spawn(std::string name, boost::asio::awaitable<void> task, std::function<bool()> ended) {
    ++running_tasks_;
    boost::asio::co_spawn(loop_, std::move(task),
                          [this, name = std::move(name), ended = std::move(ended)](
                              const std::exception_ptr& thrown) { task_ended(thrown, name, ended()); });
}

void Lifecycle::wait_for_signal() {
    // One that had come when the last task ended must not keep the loop.
    if (stopping_ && running_tasks_ == 0) return;
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
        if (error) return;
        const bool same = Clock::now() < stopping_at_ + kSameSignal;
        if (stopping_ && (number == SIGHUP || same)) return wait_for_signal();
        if (stopping_) {
            log::error("stopped by a second signal");
            std::_Exit(base::kInternal);
        }
        if (number == SIGHUP) {
            hooks_.reload();
        } else {
            log::info("stopping", {{"signal", number}});
            stop();
        }
        wait_for_signal();
    });
}

void Lifecycle::stop() {
    if (stopping_) return;
    stopping_ = true;
    stopping_at_ = Clock::now();
    hooks_.stop();
    grace_.expires_after(kGrace);
    grace_.async_wait([](const boost::system::error_code& error) {
        if (error) return;
        log::error("a part did not stop in time; what was saved is whole");
        std::_Exit(base::kInternal);
    });
}

/// When the last one has ended nothing is left to wait for, and the loop returns by itself.
void Lifecycle::task_ended(const std::exception_ptr& thrown, const std::string& name, bool in_order) {
    if (thrown) {
        exit_code_ = base::kInternal;
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& e) {
            log::error("a part died", {{"part", name}, {"error", e.what()}});
        }
    }
    if (thrown || !in_order) stop();
    if (--running_tasks_ != 0) return;
    signals_.cancel();
    grace_.cancel();
    hooks_.over();
}

}  // namespace keyshift::runtime
