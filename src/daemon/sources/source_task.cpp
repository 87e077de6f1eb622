// SPDX-License-Identifier: Apache-2.0
#include "daemon/sources/source_task.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unistd.h>

#include "runtime/run_blocking.hpp"
#include "runtime/schedule.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kAskAgain = 20ms;

}  // namespace

base::Result<void> SourceTask::resume(const std::map<std::string, std::string>& cursor) {
    source_.resume(cursor);
    const int wake = source_.wake_fd();
    if (wake < 0) return {};
    const int own = ::dup(wake);
    if (own < 0) {
        return base::Error{base::Errc::config, "no descriptor is left for the source " + name(),
                           "raise the limit of open files (LimitNOFILE=)"};
    }
    wake_.emplace(timer_.get_executor(), own);
    return {};
}

void SourceTask::stop(Stop how) {
    if (stop_ != Stop::at_once) stop_ = how;
    interrupt_.raise();
    timer_.cancel();
}

asio::awaitable<void> SourceTask::run() {
    runtime::Schedule schedule(source_.interval(), std::random_device{}());
    // Work is named before it is awaited: GCC 12 destroys a temporary lambda in a co_await expression twice
    // (bug 107288).
    JournalInput input;
    const auto poll = [this, &input] { return source_.run_cycle(input); };
    while (!stopped()) {
        if (!source_.expected_side_effects().empty()) {
            auto others = wait_for_others();
            co_await std::move(others);
            if (stopped()) break;
        }
        const auto began = Clock::now();
        if (source_.keeps_journal()) input = hooks_.journal_input();
        // Left out beforehand: another source may count it before this one is back.
        const std::vector<domain::Event> expected_side_effects = source_.expected_side_effects();
        hooks_.begin_own_requests(expected_side_effects);
        polling_ = true;
        Cycle cycle = co_await runtime::run_blocking(source_.worker(), poll);
        polling_ = false;
        if (stop_ == Stop::at_once) break;
        const base::Duration min_delay = cycle.min_delay;
        const bool succeeded = cycle.observation.has_value();
        const auto max_poll_interval = cycle.max_poll_interval.value_or(base::Duration::max());
        hooks_.end_own_requests(expected_side_effects);
        // That it was interrupted is no failure.
        if (stopped() && !succeeded) break;
        hooks_.apply(*this, std::move(cycle));
        // After a failure the pause counts from its end: one that took as long as the interval must not
        // follow itself.
        const auto now = Clock::now();
        const auto next = succeeded ? began + std::min(schedule.after_success(), max_poll_interval)
                                    : now + schedule.after_failure();
        co_await pause(now + min_delay, std::max(next, now + min_delay));
    }
}

/// What it is about to cause, whoever counts it must not find there at the very first poll: nobody could tell
/// whether that poll has seen it already.
asio::awaitable<void> SourceTask::wait_for_others() {
    while (!stopped() && hooks_.others_unpolled(name())) {
        timer_.expires_after(kAskAgain);
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

/// Until `latest`, or from `earliest` on until the source has something new.
asio::awaitable<void> SourceTask::pause(Clock::time_point earliest, Clock::time_point latest) {
    if (wake_ && earliest > Clock::now() && !stopped()) {
        timer_.expires_at(earliest);
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (stopped() || latest <= Clock::now()) co_return;
    timer_.expires_at(latest);
    if (wake_) {
        wake_->async_wait(asio::posix::stream_descriptor::wait_read,
                          [this](const boost::system::error_code& error) {
                              if (!error) timer_.cancel();
                          });
    }
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (wake_) wake_->cancel();
}

}  // namespace keyshift::daemon
