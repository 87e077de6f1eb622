// SPDX-License-Identifier: Apache-2.0
// One connection: reads requests, one after the other, and writes what the router answers. Used on the loop
// thread. The only user of Beast, whose headers stay in session.cpp. Over TLS it is the same but for what
// goes through the socket, which TlsEngine makes.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/awaitable.hpp>

#include "http/gate.hpp"
#include "http/limits.hpp"
#include "http/listening/stream.hpp"
#include "http/router.hpp"

namespace keyshift::http {

class Session {
 public:
    /// `limits`, `router` and `gate` must outlive the session. Without a gate whoever connects comes in.
    Session(Socket socket, const Limits& limits, Router& router, Gate* gate);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Serves the connection until the peer goes, a bound is passed, or stop() or abort() takes effect; then
    /// it is closed. Pipelined requests are answered in order. The session must outlive the coroutine.
    boost::asio::awaitable<void> run();

    /// Between two requests: closes at once. Otherwise the answer under way is the last one.
    void stop();
    /// Closes at once, whatever is under way.
    void abort();

    /// Since when it has been waiting for a request; the far future while one is being read or answered.
    std::chrono::steady_clock::time_point idle_since() const;
    /// Since when its client has been sending a request, or taking an answer; the far future otherwise.
    std::chrono::steady_clock::time_point held_since() const;

 private:
    struct Connection;
    std::unique_ptr<Connection> connection_;
};

}  // namespace keyshift::http
