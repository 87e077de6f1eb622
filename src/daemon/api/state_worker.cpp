// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/inventory_worker.hpp"

#include <exception>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <malloc.h>

#include "base/log/log.hpp"
#include "daemon/api/asked.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
namespace log = base::log;
using base::Result;
using inventory::JudgedBy;
using inventory::KeyIndex;
using namespace std::chrono_literals;

constexpr std::size_t kMostWaiting = 100;
constexpr int kUnavailable = 503;
/// An index that was built so fast is built anew for each poll of the key table.
constexpr auto kFast = 50ms;
/// A larger one costs at most so much of the worker's time: one part in.
constexpr int kDuty = 20;
constexpr auto kForgetAfter = 10min;

}  // namespace

InventoryWorker::InventoryWorker(asio::io_context& loop, std::unique_ptr<store::State> state)
    : loop_(loop), idle_(loop), state_(std::move(state)) {}

http::Response InventoryWorker::ask(JudgedBy by, Work work) {
    http::Response response;
    if (waiting_ >= kMostWaiting) {
        response = http::problem(kUnavailable, "Too many ask at once.");
        response.headers.emplace_back("Retry-After", "1");
        return response;
    }
    response.later = [this, by, work = std::move(work)](http::Answer answer) {
        ++waiting_;
        auto guard = asio::make_work_guard(loop_);
        asio::post(thread_, [this, guard = std::move(guard), by, work, answer = std::move(answer)]() mutable {
            auto done = std::make_shared<http::Response>(run(by, work));
            asio::post(guard.get_executor(), [this, done, answer = std::move(answer)] {
                --waiting_;
                answer(std::move(*done));
            });
        });
    };
    return response;
}

http::Response InventoryWorker::ask_keys(JudgedBy by, KeyWork work) {
    forget_later();
    return ask(by, [this, work = std::move(work)](store::State& state, const JudgedBy& judged_by) {
        return run_with_index(state, judged_by, work);
    });
}

/// On the worker's thread, as all below.
http::Response InventoryWorker::run(const JudgedBy& by, const Work& work) {
    try {
        const auto refreshed = state_->refresh();
        if (!refreshed) return problem_of(refreshed.error());
        // Its rows are of the state that was there before.
        if (*refreshed == store::State::Contents::others) index_.reset();
        auto response = work(*state_, by);
        if (response) return *std::move(response);
        if (response.error().code != base::Errc::usage)
            log::error("the state cannot be read for the API",
                       {{"error", response.error().what}, {"hint", response.error().hint}});
        return problem_of(response.error());
    } catch (const std::exception& thrown) {
        log::error("request failed", {{"handler", "api"}, {"error", thrown.what()}});
        return http::problem(500, "Internal error; the log has the detail.");
    }
}

bool InventoryWorker::may_answer_from(const std::optional<base::Time>& read_at) const {
    if (!index_) return false;
    if (index_of_ == read_at) return true;
    return build_took_ > kFast && Clock::now() - built_at_ < kDuty * build_took_;
}

Result<http::Response> InventoryWorker::run_with_index(store::State& state, JudgedBy by,
                                                       const KeyWork& work) {
    if (!may_answer_from(by.read_at))
        if (auto built = build_index(state, by.read_at); !built) return built.error();
    by.read_at = index_of_;
    const std::shared_ptr<const KeyIndex> index = index_;
    return work(state, *index, by);
}

Result<void> InventoryWorker::build_index(store::State& state, std::optional<base::Time> read_at) {
    const auto began = Clock::now();
    auto built = KeyIndex::build(state);
    if (!built) return built.error();
    index_ = *std::move(built);
    index_of_ = read_at;
    built_at_ = Clock::now();
    build_took_ = built_at_ - began;
    return {};
}

/// On the loop's thread.
void InventoryWorker::forget_later() {
    idle_.expires_after(kForgetAfter);
    idle_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        asio::post(thread_, [this] {
            index_.reset();
            ::malloc_trim(0);
        });
    });
}

void InventoryWorker::stop() {
    idle_.cancel();
}

}  // namespace keyshift::daemon
