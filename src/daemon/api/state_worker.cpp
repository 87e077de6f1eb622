// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/state_worker.hpp"

#include <exception>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "base/log/log.hpp"
#include "daemon/api/asked.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
namespace log = base::log;

constexpr std::size_t kMostWaiting = 100;
constexpr int kUnavailable = 503;

}  // namespace

void log_unread(const base::Error& error) {
    log::error("the state cannot be read for the API", {{"error", error.what}, {"hint", error.hint}});
}

bool are_too_many(std::size_t waiting) {
    return waiting >= kMostWaiting;
}

http::Response too_many_ask() {
    http::Response response = http::problem(kUnavailable, "Too many ask at once.");
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

StateWorker::StateWorker(asio::io_context& loop, std::unique_ptr<store::State> state)
    : loop_(loop), state_(std::move(state)) {}

http::Response StateWorker::ask(Work work) {
    if (are_too_many(waiting_)) return too_many_ask();
    http::Response response;
    response.later = [this, work = std::move(work)](http::Answer answer) { begin(work, std::move(answer)); };
    return response;
}

void StateWorker::begin(Work work, http::Answer answer) {
    ++waiting_;
    auto guard = asio::make_work_guard(loop_);
    asio::post(thread_, [this, guard = std::move(guard), work = std::move(work),
                         answer = std::move(answer)]() mutable {
        auto done = std::make_shared<http::Response>(run(work));
        asio::post(guard.get_executor(), [this, done, answer = std::move(answer)] {
            --waiting_;
            answer(std::move(*done));
        });
    });
}

/// On the worker's thread.
http::Response StateWorker::run(const Work& work) {
    try {
        const auto refreshed = state_->refresh();
        if (!refreshed) return problem_of(refreshed.error());
        // The first one has opened it.
        if (*refreshed == store::State::Contents::others && has_read_) ++exchanges_;
        has_read_ = true;
        auto response = work(*state_);
        if (response) return *std::move(response);
        if (response.error().code != base::Errc::usage) log_unread(response.error());
        return problem_of(response.error());
    } catch (const std::exception& thrown) {
        log::error("request failed", {{"handler", "api"}, {"error", thrown.what()}});
        return http::problem(500, "Internal error; the log has the detail.");
    }
}

}  // namespace keyshift::daemon
