// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <list>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log/log.hpp"
#include "http/listening/listener.hpp"
#include "http/listening/local_listener.hpp"
#include "http/listening/stream.hpp"
#include "http/session.hpp"
#include "http/wire.hpp"

namespace keyshift::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

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

    /// The sockets of one address; gone when no longer accepting and nothing of it runs.
    struct Listener {
        std::optional<base::ListenAddress> address;  // as configured
        Acceptor acceptor;
        std::optional<LocalSocketFile> file = {};
    };

    asio::awaitable<void> run();
    void start_accepting(std::list<Listener>::iterator listener);
    void start_accepting(std::list<Listener> added);
    asio::awaitable<void> accept_from(Acceptor& acceptor);
    asio::awaitable<void> make_room(Acceptor& acceptor);
    asio::awaitable<void> drain();
    void start_session(Socket socket);
    void stop();
    base::Result<std::list<Listener>> open(const std::vector<base::ListenAddress>& addresses) const;

    asio::any_io_executor executor;
    Limits limits;
    Router& router;
    Gate* gate = nullptr;  // of connections from the network; null: there is none
    std::list<Listener> listeners;
    std::list<Session> sessions;
    std::size_t accepting = 0;   // accept_from() coroutines that are not over
    std::exception_ptr failure;  // of one of them
    bool stopping = false;
    asio::steady_timer changed;  // never expires; cancelled whenever something above has changed
};

asio::awaitable<void> Server::State::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto canceled = co_await asio::this_coro::cancellation_state;
    for (auto listener = listeners.begin(); listener != listeners.end() && !stopping; ++listener)
        start_accepting(listener);
    while (!stopping && canceled.cancelled() == asio::cancellation_type::none) {
        co_await changed.async_wait(use_tuple);
    }
    stop();
    co_await drain();
    if (failure) std::rethrow_exception(failure);
}

void Server::State::start_accepting(std::list<Listener>::iterator listener) {
    ++accepting;
    asio::co_spawn(executor, accept_from(listener->acceptor),
                   [this, listener](const std::exception_ptr& thrown) {
                       --accepting;
                       if (thrown) failure = thrown;
                       if (thrown) stop();
                       if (!stopping) listeners.erase(listener);
                       changed.cancel();
                   });
}

void Server::State::start_accepting(std::list<Listener> added) {
    while (!added.empty()) {
        listeners.splice(listeners.end(), added, added.begin());
        start_accepting(std::prev(listeners.end()));
    }
}

asio::awaitable<void> Server::State::accept_from(Acceptor& acceptor) {
    asio::steady_timer pause(executor);
    bool failing = false;
    while (!stopping && acceptor.is_open()) {
        while (!stopping && acceptor.is_open() && sessions.size() >= limits.connections) {
            co_await make_room(acceptor);
        }
        if (stopping || !acceptor.is_open()) break;
        auto [ec, socket] = co_await acceptor.async_accept(use_tuple);
        if (stopping || !acceptor.is_open()) break;
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

// Only when somebody is waiting does the longest idle connection go, or else the one whose client has been
// sending its request or taking its answer for longest: whoever means it does so at once. While all wait for
// their answers, the newcomer waits in the backlog.
asio::awaitable<void> Server::State::make_room(Acceptor& acceptor) {
    co_await acceptor.async_wait(Acceptor::wait_read, use_tuple);
    if (stopping || sessions.size() < limits.connections) co_return;
    const auto idle = std::ranges::min_element(sessions, {}, &Session::idle_since);
    const auto slow = std::ranges::min_element(sessions, {}, &Session::held_since);
    if (idle->idle_since() != Clock::time_point::max()) {
        idle->abort();
    } else if (slow->held_since() != Clock::time_point::max()) {
        slow->abort();
    }
    co_await changed.async_wait(use_tuple);
}

void Server::State::start_session(Socket socket) {
    const auto session = sessions.emplace(sessions.end(), std::move(socket), limits, router, gate);
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
    for (Listener& listener : listeners) {
        listener.file.reset();
        listener.acceptor.close(ignored);
    }
    for (Session& session : sessions) session.stop();
    changed.cancel();
}

base::Result<std::list<Server::State::Listener>> Server::State::open(
    const std::vector<base::ListenAddress>& addresses) const {
    std::list<Listener> out;
    for (const base::ListenAddress& address : addresses) {
        auto opened = open_acceptors(executor, address);
        if (!opened) return opened.error();
        for (Acceptor& acceptor : *opened) out.push_back({address, std::move(acceptor)});
    }
    return out;
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

base::Result<Server> Server::listen(const asio::any_io_executor& executor,
                                    const std::vector<base::ListenAddress>& addresses, const Limits& limits,
                                    Router& router) {
    auto state = std::make_unique<State>(executor, limits, router);
    auto opened = state->open(addresses);
    if (!opened) return opened.error();
    state->listeners = std::move(*opened);
    return Server(std::move(state));
}

base::Result<Server> Server::adopt(const asio::any_io_executor& executor, const std::vector<int>& descriptors,
                                   const Limits& limits, Router& router) {
    auto state = std::make_unique<State>(executor, limits, router);
    for (const int descriptor : descriptors) {
        auto acceptor = adopt_acceptor(executor, descriptor);
        if (!acceptor) return acceptor.error();
        state->listeners.push_back({std::nullopt, std::move(*acceptor)});
    }
    return Server(std::move(state));
}

base::Result<void> Server::listen_locally(const std::filesystem::path& directory, const std::string& name) {
    for (State::Listener& listener : state_->listeners) {
        if (!listener.file) continue;
        if (listener.file->is_there()) return {};
        error_code ignored;
        listener.file.reset();
        listener.acceptor.close(ignored);
    }
    auto opened = open_local_acceptor(state_->executor, directory, name);
    if (!opened) return opened.error();
    std::list<State::Listener> one;
    one.push_back({std::nullopt, std::move(opened->acceptor), std::move(opened->file)});
    const bool running = state_->accepting > 0;
    running ? state_->start_accepting(std::move(one))
            : state_->listeners.splice(state_->listeners.end(), one);
    return {};
}

base::Result<void> Server::move_to(const std::vector<base::ListenAddress>& from,
                                   const std::vector<base::ListenAddress>& to) {
    const auto only_in = [](const auto& list, const auto& other) {
        std::vector<base::ListenAddress> out;
        std::ranges::copy_if(list, std::back_inserter(out), [&](const base::ListenAddress& address) {
            return std::ranges::find(other, address) == other.end();
        });
        return out;
    };
    const auto left = only_in(from, to);
    // First, since "127.0.0.1:11947" cannot be opened while ":11947" is.
    error_code ignored;
    for (State::Listener& listener : state_->listeners)
        if (listener.address && std::ranges::find(left, *listener.address) != left.end())
            listener.acceptor.close(ignored);
    auto opened = state_->open(only_in(to, from));
    if (opened) {
        state_->start_accepting(std::move(*opened));
        return {};
    }
    if (auto again = state_->open(left)) state_->start_accepting(std::move(*again));
    return opened.error();
}

void Server::guard(Gate& gate) {
    state_->gate = &gate;
}

std::vector<std::string> Server::addresses() const {
    std::vector<std::string> texts;
    for (const State::Listener& listener : state_->listeners) {
        error_code ec;
        const auto local = listener.acceptor.local_endpoint(ec);
        const auto address = ec ? std::nullopt : as_tcp(local);
        if (address)
            texts.push_back(base::ListenAddress{peer_text(address->address()), address->port()}.text());
        if (listener.file) texts.push_back(listener.file->path().string());
    }
    return texts;
}

std::uint16_t Server::port() const {
    error_code ec;
    const auto local = state_->listeners.front().acceptor.local_endpoint(ec);
    const auto address = ec ? std::nullopt : as_tcp(local);
    return address ? address->port() : std::uint16_t{0};
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
