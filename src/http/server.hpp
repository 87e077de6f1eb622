// SPDX-License-Identifier: Apache-2.0
// The HTTP server: listens, owns every connection, and ends by itself when told to stop. Used on the loop
// thread, whose io_context must have a concurrency hint of 1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/listen_address.hpp"
#include "http/gate.hpp"
#include "http/limits.hpp"
#include "http/router.hpp"

namespace keyshift::http {

class Server {
 public:
    /// Listens on each of `addresses` (at least one); clients may
    /// connect from then on, and are answered once run() does. Resolves names, so it may block. On failure
    /// nothing is listened on: Errc::config or Errc::permission, with what to do. `router` must outlive the
    /// server.
    static base::Result<Server> listen(const boost::asio::any_io_executor& executor,
                                       const std::vector<base::ListenAddress>& addresses,
                                       const Limits& limits, Router& router);
    /// The same for sockets that are listened on already; owns them if it succeeds.
    static base::Result<Server> adopt(const boost::asio::any_io_executor& executor,
                                      const std::vector<int>& descriptors, const Limits& limits,
                                      Router& router);
    /// Also on the Unix socket `name` in `directory`, mode 0660 and the directory's group; it goes when the
    /// server stops. One that nobody answers on is replaced. Once more: made anew if its file has gone.
    /// Errors, and then it is not listened on: as open_local_acceptor().
    base::Result<void> listen_locally(const std::filesystem::path& directory, const std::string& name);
    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    /// Precondition: run() was never started, or is over, or the loop will not run again.
    ~Server();

    /// Connections from the network go through `gate`, which must outlive the server. Before run().
    void guard(Gate& gate);

    /// What is listened on, for people and tests: "127.0.0.1:11947", the kernel's choice where port 0 was
    /// asked; the path of a Unix socket.
    std::vector<std::string> addresses() const;
    /// The port of the first address, which is one of TCP.
    std::uint16_t port() const;

    /// Serves until stop(), or until cancelled, which means the same. Then acceptors and idle connections
    /// close at once, requests being read or answered get up to Limits::drain_time, and it returns when no
    /// connection is left. Nothing of it runs afterwards. Once only. The server must neither move nor end
    /// meanwhile.
    boost::asio::awaitable<void> run();

    /// Listens on `to` instead of `from`, which it was listening on by listen() or this: what is in both is
    /// not touched, connections stay. On failure, as of listen(), nothing has changed. While run() runs.
    base::Result<void> move_to(const std::vector<base::ListenAddress>& from,
                               const std::vector<base::ListenAddress>& to);

    /// Begins the end of run(). May be called from a handler, before run(), and more than once.
    void stop();

    std::size_t connections() const;

 private:
    struct State;
    explicit Server(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace keyshift::http
