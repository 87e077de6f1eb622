// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/client.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "drivers/http_client/exchange.hpp"
#include "drivers/net/tls_context.hpp"

namespace keyshift::drivers {
namespace {

namespace asio = boost::asio;
using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using boost::system::error_code;

const Error kStopped{Errc::canceled, "stopped", {}};

/// A loop that ends when its work is done and tells when we are to stop.
class Loop {
 public:
    Loop(const Interrupt& interrupt, std::function<void()> on_interrupt)
        : interrupt_(context_, interrupt.descriptor()) {
        const auto raised = [stop = std::move(on_interrupt)](const error_code& error) {
            if (!error) stop();
        };
        interrupt_.async_wait(asio::posix::stream_descriptor::wait_read, raised);
    }
    ~Loop() { done(); }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    asio::any_io_executor executor() { return context_.get_executor(); }
    void run() { context_.run(); }
    /// The work is over: run() returns. The descriptor is not ours to close.
    void done() {
        if (interrupt_.is_open()) interrupt_.release();
    }

 private:
    asio::io_context context_{1};
    asio::posix::stream_descriptor interrupt_;
};

class Batch {
 public:
    Batch(const Interrupt& interrupt, std::span<const HttpRequest> requests, const HttpLimits& limits,
          Deadline deadline, const HttpClient::Handler& handle)
        : requests_(requests),
          limits_(limits),
          deadline_(deadline),
          handle_(handle),
          loop_(interrupt, [this] { stop(); }) {}

    void run();

 private:
    asio::awaitable<void> work();
    asio::awaitable<Result<HttpResponse>> one(const HttpRequest& request);
    Result<asio::ssl::context*> tls_context(const HttpRequest& request);
    void stop();

    std::span<const HttpRequest> requests_;
    const HttpLimits& limits_;
    Deadline deadline_;
    const HttpClient::Handler& handle_;
    std::vector<std::pair<TlsOptions, Result<std::unique_ptr<asio::ssl::context>>>> contexts_;
    std::vector<HttpExchange*> running_;
    std::size_t next_ = 0;
    std::size_t workers_ = 0;
    bool stopped_ = false;
    Loop loop_;  // last: what still waits in it uses the rest
};

void Batch::run() {
    const auto over = [this](const std::exception_ptr& thrown) {
        if (--workers_ == 0) loop_.done();
        if (thrown) std::rethrow_exception(thrown);
    };
    workers_ = std::clamp<std::size_t>(limits_.at_once, 1, requests_.size());
    for (std::size_t i = 0, count = workers_; i < count; ++i) asio::co_spawn(loop_.executor(), work(), over);
    loop_.run();
}

void Batch::stop() {
    stopped_ = true;
    for (HttpExchange* const exchange : running_) exchange->stop(kStopped);
}

asio::awaitable<void> Batch::work() {
    while (next_ < requests_.size()) {
        const std::size_t index = next_++;
        auto result = co_await one(requests_[index]);
        handle_(index, std::move(result));
    }
}

asio::awaitable<Result<HttpResponse>> Batch::one(const HttpRequest& request) {
    if (stopped_) co_return kStopped;
    if (deadline_.passed())
        co_return Error{Errc::timeout, request.printable() + ": its turn did not come in time", {}};
    auto tls = tls_context(request);
    if (!tls) co_return tls.error();
    const auto exchange = std::make_shared<HttpExchange>(loop_.executor(), request, limits_, deadline_, *tls);
    running_.push_back(exchange.get());
    auto result = co_await exchange->run();
    std::erase(running_, exchange.get());
    co_return result;
}

Result<asio::ssl::context*> Batch::tls_context(const HttpRequest& request) {
    if (!request.url.tls) return nullptr;
    auto found = std::ranges::find(contexts_, request.tls, [](const auto& entry) { return entry.first; });
    if (found == contexts_.end()) {
        contexts_.emplace_back(request.tls, make_tls_context(request.tls));
        found = std::prev(contexts_.end());
    }
    if (!found->second) return found->second.error();
    return found->second->get();
}

/// What cannot even begin, such as for want of descriptors.
Error cannot_begin(const std::exception& e) {
    return {Errc::other, std::string("cannot start HTTP requests: ") + e.what(), {}};
}

void run_all(const Interrupt& interrupt, std::span<const HttpRequest> requests, const HttpLimits& limits,
             Deadline deadline, const HttpClient::Handler& handle) {
    std::optional<Batch> batch;
    try {
        batch.emplace(interrupt, requests, limits, deadline, handle);
    } catch (const std::system_error& e) {
        for (std::size_t i = 0; i < requests.size(); ++i) handle(i, cannot_begin(e));
        return;
    }
    batch->run();
}

}  // namespace

Result<HttpResponse> HttpClient::send(const HttpRequest& request, const HttpLimits& limits,
                                      Deadline deadline) const {
    Result<HttpResponse> answer = kStopped;
    run_all(interrupt_, {&request, 1}, limits, deadline,
            [&](std::size_t, Result<HttpResponse> result) { answer = std::move(result); });
    return answer;
}

void HttpClient::send_all(const std::vector<HttpRequest>& requests, const HttpLimits& limits,
                          Deadline deadline, const Handler& handle) const {
    if (!requests.empty()) run_all(interrupt_, requests, limits, deadline, handle);
}

Result<std::vector<std::string>> HttpClient::resolve(const std::string& host, Deadline deadline) const try {
    std::optional<Error> why;
    NameLookup* running = nullptr;
    const auto stop = [&](const Error& error) {
        if (why) return;
        why = error;
        if (running != nullptr) running->cancel();
    };
    Loop loop(interrupt_, [&] { stop(kStopped); });
    NameLookup lookup(loop.executor());
    asio::steady_timer alarm(loop.executor(), deadline.left());
    std::vector<std::string> names;
    const auto work = [&]() -> asio::awaitable<void> {
        auto found = co_await lookup.run(host);
        if (!found) stop(found.error());
        if (found)
            for (const auto& address : *found) names.push_back(address.to_string());
    };
    const auto over = [&](const std::exception_ptr& thrown) {
        alarm.cancel();
        loop.done();
        if (thrown) std::rethrow_exception(thrown);
    };
    running = &lookup;
    alarm.async_wait([&](const error_code& error) {
        if (!error)
            stop({Errc::timeout, "the name server did not give the address of " + host + " in time", {}});
    });
    asio::co_spawn(loop.executor(), work, over);
    loop.run();
    if (why) return *why;
    std::ranges::sort(names);
    return names;
} catch (const std::exception& e) {
    return cannot_begin(e);
}

}  // namespace keyshift::drivers
