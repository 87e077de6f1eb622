// SPDX-License-Identifier: Apache-2.0
// The bytes to and from one Redis server over TCP, TLS or a Unix socket, every wait bounded by a deadline and
// an Interrupt. Internal to drivers. Blocking; used by one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/dsn/redis_target.hpp"
#include "drivers/net/interrupt.hpp"
#include "drivers/net/name_lookup.hpp"
#include "drivers/net/tls.hpp"

namespace keyshift::drivers {

/// Opened once. After any error it is closed and of no more use.
class RedisSocket {
 public:
    /// Throws boost::system::system_error when the process has no descriptor left.
    RedisSocket(const Interrupt& interrupt, const RedisTarget& target);
    ~RedisSocket();
    RedisSocket(const RedisSocket&) = delete;
    RedisSocket& operator=(const RedisSocket&) = delete;

    /// Tries all addresses of the target in turn, each with an equal share of the time left; then the TLS
    /// handshake, where the target wants one. Errors: connect, permission (of a Unix socket), auth (the
    /// server wants another certificate), config (TLS files), timeout, canceled.
    base::Result<void> open(const TlsOptions& tls, base::Deadline deadline);
    /// That the connection is broken shows at the next read(). Errors: timeout, canceled.
    base::Result<void> write(std::string_view bytes, base::Deadline deadline);
    /// At least one byte of at most 64 KiB; the view lives until the next call.
    base::Result<std::string_view> read(base::Deadline deadline);
    /// Open, and nothing has come: the state between two commands. A server that has closed is not quiet.
    bool quiet();

 private:
    using Socket = boost::asio::generic::stream_protocol::socket;
    using Endpoint = boost::asio::generic::stream_protocol::endpoint;
    using Addresses = std::vector<boost::asio::ip::address>;
    using Handler = std::function<void(boost::system::error_code, std::size_t)>;

    base::Result<void> await(base::Deadline deadline, const std::function<void(Handler)>& start);
    base::Result<void> connect(const Endpoint& endpoint, base::Deadline deadline);
    base::Result<Addresses> look_up(base::Deadline deadline);
    base::Result<void> connect_any(base::Deadline deadline);
    base::Result<void> shake_hands(const TlsOptions& options, base::Deadline deadline);
    base::Error failure(const boost::system::error_code& error);
    void close();

    const RedisTarget target_;
    boost::asio::io_context context_;
    boost::asio::posix::stream_descriptor interrupt_;
    bool interrupted_ = false;
    std::optional<NameLookup> lookup_;  // while a name is being looked up
    Socket socket_;
    std::unique_ptr<boost::asio::ssl::context> tls_context_;
    std::optional<boost::asio::ssl::stream<Socket&>> tls_;
    std::size_t transferred_ = 0;
    std::string buffer_;
};

}  // namespace keyshift::drivers
