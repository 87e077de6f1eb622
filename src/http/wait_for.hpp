// SPDX-License-Identifier: Apache-2.0
// Waits in a coroutine for what a function is called with. Used on the loop thread.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace keyshift::http {

/// `begin` takes a function that is to be called with the result, once, on the loop thread.
template <class Result>
boost::asio::awaitable<Result> wait_for(std::function<void(std::function<void(Result)>)> begin) {
    namespace asio = boost::asio;
    using Begin = std::function<void(std::function<void(Result)>)>;
    const auto initiate = [](auto handler, const Begin& work) {
        // A std::function can be copied, the handler cannot.
        const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        work([shared](Result result) {
            const auto executor = asio::get_associated_executor(*shared);
            asio::post(executor, [shared, result = std::move(result)]() mutable {
                std::move (*shared)(std::move(result));
            });
        });
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Result)>(
        initiate, asio::use_awaitable, begin);
}

/// The same, but `late()` where `timer` expires before that; what comes second goes nowhere.
template <class Result>
boost::asio::awaitable<Result> wait_for(std::function<void(std::function<void(Result)>)> begin,
                                        boost::asio::steady_timer& timer, std::function<Result()> late) {
    const auto begin_both = [&](std::function<void(Result)> done) {
        const auto first = std::make_shared<std::function<void(Result)>>(std::move(done));
        const auto finish = [first](Result result) {
            if (const auto once = std::exchange(*first, nullptr)) once(std::move(result));
        };
        timer.async_wait([finish, late](const boost::system::error_code& canceled) {
            if (!canceled) finish(late());
        });
        begin(finish);
    };
    Result result = co_await wait_for<Result>(begin_both);
    timer.cancel();
    co_return result;
}

}  // namespace keyshift::http
