// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <list>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "http/listener.hpp"
#include "http/session.hpp"
#include "http/wire.hpp"

namespace keyshift::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptBackOff{100};

std::string describe(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception of unknown type";
    }
}

}  // namespace

struct Server::State {
    State(const asio::any_io_executor& e, const Limits& l, Router& r)
        : executor(e), limits(l), router(r), changed(e, Clock::time_point::max()) {}

    asio::awaitable<void> run();
    asio::awaitable<void> accept_from(tcp::acceptor& acceptor);
    asio::awaitable<void> make_room(tcp::acceptor& acceptor);
    asio::awaitable<void> drain();
    void start_session(tcp::socket socket);
    void stop();

    asio::any_io_executor executor;
    Limits limits;
    Router& router;
    std::vector<tcp::acceptor> acceptors;
    std::list<Session> sessions;
    std::size_t accepting = 0;   // accept_from() coroutines that are not over
    std::exception_ptr failure;  // of one of them
    bool stopping = false;
    asio::steady_timer changed;  // never expires; cancelled whenever something above has changed
};

asio::awaitable<void> Server::State::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto canceled = co_await asio::this_coro::cancellation_state;
    const auto accept_ended = [this](const std::exception_ptr& thrown) {
        --accepting;
        if (thrown) failure = thrown;
        if (thrown) stop();
        changed.cancel();
    };
    for (tcp::acceptor& acceptor : acceptors) {
        if (stopping) break;
        ++accepting;
        asio::co_spawn(executor, accept_from(acceptor), accept_ended);
    }
    while (!stopping && canceled.cancelled() == asio::cancellation_type::none) {
        co_await changed.async_wait(use_tuple);
    }
    stop();
    co_await drain();
    if (failure) std::rethrow_exception(failure);
}

asio::awaitable<void> Server::State::accept_from(tcp::acceptor& acceptor) {
    asio::steady_timer pause(executor);
    bool failing = false;
    while (!stopping) {
        while (!stopping && sessions.size() >= limits.connections) {
            co_await make_room(acceptor);
        }
        if (stopping) break;
        auto [ec, socket] = co_await acceptor.async_accept(use_tuple);
        if (stopping) break;
        if (!ec) {
            if (std::exchange(failing, false)) base::log::info("accepting connections again");
            start_session(std::move(socket));
            continue;
        }
        // Out of descriptors or memory: the connection stays in the backlog, and trying at once would spin.
        if (!std::exchange(failing, true))
            base::log::warn("cannot accept connections", {{"error", ec.message()}});
        pause.expires_after(kAcceptBackOff);
        co_await pause.async_wait(use_tuple);
    }
}

// Only when somebody is waiting does the longest idle connection go; while all are busy, the newcomer waits
// in the backlog.
asio::awaitable<void> Server::State::make_room(tcp::acceptor& acceptor) {
    co_await acceptor.async_wait(tcp::acceptor::wait_read, use_tuple);
    if (stopping || sessions.size() < limits.connections) co_return;
    const auto idle = std::ranges::min_element(sessions, {}, &Session::idle_since);
    if (idle->idle_since() != Clock::time_point::max()) idle->abort();
    co_await changed.async_wait(use_tuple);
}

void Server::State::start_session(tcp::socket socket) {
    const auto session = sessions.emplace(sessions.end(), std::move(socket), limits, router);
    asio::co_spawn(executor, session->run(), [this, session](const std::exception_ptr& thrown) {
        if (thrown) base::log::error("connection failed", {{"error", describe(thrown)}});
        sessions.erase(session);
        changed.cancel();
    });
}

asio::awaitable<void> Server::State::drain() {
    changed.expires_after(limits.drain_time);
    while (accepting > 0 || !sessions.empty()) {
        co_await changed.async_wait(use_tuple);
        if (changed.expiry() > Clock::now()) continue;
        for (Session& session : sessions) session.abort();
        changed.expires_at(Clock::time_point::max());
    }
}

void Server::State::stop() {
    if (std::exchange(stopping, true)) return;
    error_code ignored;
    for (tcp::acceptor& acceptor : acceptors) acceptor.close(ignored);
    for (Session& session : sessions) session.stop();
    changed.cancel();
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

base::Result<Server> Server::listen(const asio::any_io_executor& executor,
                                    const std::vector<base::ListenAddress>& addresses, const Limits& limits,
                                    Router& router) {
    auto state = std::make_unique<State>(executor, limits, router);
    for (const base::ListenAddress& address : addresses) {
        auto opened = open_acceptors(executor, address);
        if (!opened) return opened.error();
        std::ranges::move(*opened, std::back_inserter(state->acceptors));
    }
    return Server(std::move(state));
}

std::vector<std::string> Server::addresses() const {
    std::vector<std::string> texts;
    for (const tcp::acceptor& acceptor : state_->acceptors) {
        error_code ec;
        const tcp::endpoint local = acceptor.local_endpoint(ec);
        if (!ec) texts.push_back(base::ListenAddress{peer_text(local.address()), local.port()}.text());
    }
    return texts;
}

std::uint16_t Server::port() const {
    error_code ec;
    const tcp::endpoint local = state_->acceptors.at(0).local_endpoint(ec);
    return local.port();
}

asio::awaitable<void> Server::run() {
    return state_->run();
}

void Server::stop() {
    state_->stop();
}

std::size_t Server::connections() const {
    return state_->sessions.size();
}

}  // namespace keyshift::http
