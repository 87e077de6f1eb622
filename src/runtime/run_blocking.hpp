// SPDX-License-Identifier: Apache-2.0
// Runs blocking work on a thread pool and resumes the awaiting coroutine on its own executor with the result.
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace keyshift::runtime {

/// `work` runs on a thread of `pool` and must not throw: its result carries its errors (an exception that
/// crosses threads through Asio 1.81 is a data race). Cancelling the awaiting coroutine does not interrupt
/// the work, and it is resumed only when the work is over; whoever cancels has to interrupt the work by its
/// own means. `pool` must outlive it.
template <class Work>
auto run_blocking(boost::asio::thread_pool& pool, Work work)
    -> boost::asio::awaitable<std::invoke_result_t<Work>> {
    namespace asio = boost::asio;
    using Value = std::invoke_result_t<Work>;
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Value)>(
        [&pool](auto handler, Work job) {
            auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
            asio::post(pool, [guard = std::move(guard), handler = std::move(handler),
                              job = std::move(job)]() mutable {
                Value value = job();
                const auto executor = guard.get_executor();
                asio::post(executor,
                           [guard = std::move(guard), handler = std::move(handler),
                            value = std::move(value)]() mutable { std::move(handler)(std::move(value)); });
            });
        },
        asio::use_awaitable, std::move(work));
}

}  // namespace keyshift::runtime
