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

}  // namespace keyshift::http
