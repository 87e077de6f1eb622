// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/socket.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "drivers/net/tls_context.hpp"

namespace keyshift::drivers {
namespace {

namespace asio = boost::asio;
using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using boost::system::error_code;

constexpr std::size_t kBufferSize = 64U << 10U;

void set_option(int socket, int level, int name, int value) {
    // All of them are wishes: a connection without them works.
    static_cast<void>(::setsockopt(socket, level, name, &value, sizeof value));
}

/// A connection that is silent between polls is probed, so that a firewall does not forget it.
void keep_alive(int socket) {
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 15'000);
}

Error named(Error error, const std::string& server) {
    error.what.insert(0, server + ": ");
    return error;
}

}  // namespace

RedisSocket::RedisSocket(const Interrupt& interrupt, const RedisTarget& target)
    : target_(target), context_(1), interrupt_(context_, interrupt.descriptor()), socket_(context_) {
    interrupt_.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this](error_code error) { interrupted_ = interrupted_ || !error; });
}

RedisSocket::~RedisSocket() {
    interrupt_.release();  // It belongs to the Interrupt.
}

void RedisSocket::close() {
    if (lookup_) lookup_->cancel();
    error_code ignored;
    socket_.close(ignored);
}

/// Starts one operation and runs the context until it is over; one that is not over in time is ended by
/// closing the socket.
Result<void> RedisSocket::await(Deadline deadline, const std::function<void(Handler)>& start) {
    bool done = false;
    error_code result;
    start([&](error_code error, std::size_t size) {
        done = true;
        result = error;
        transferred_ = size;
    });
    context_.restart();
    while (!done && !interrupted_ && context_.run_one_for(deadline.left()) != 0) {
    }
    if (!done) {
        result = interrupted_ ? asio::error::operation_aborted : asio::error::timed_out;
        close();
        const error_code ended = result;
        while (!done) context_.run_one();
        result = ended;
    }
    if (!result) return {};
    close();
    return failure(result);
}

Error RedisSocket::failure(const error_code& error) {
    const std::string server = "Redis at " + target_.printable;
    if (error == asio::error::operation_aborted) return {Errc::canceled, "stopped", {}};
    if (error == asio::error::timed_out) {
        return {Errc::timeout, server + " did not answer in time",
                "look at its load (SLOWLOG, INFO) and at the network, or raise the collector's timeout"};
    }
    if (error == asio::error::access_denied && !target_.socket.empty()) {
        return {Errc::permission, server + ": permission denied",
                "let this user enter the group of the socket"};
    }
    if (error == asio::error::eof || error == asio::error::connection_reset ||
        error == asio::ssl::error::stream_truncated) {
        return {Errc::connect, server + " closed the connection",
                target_.tls ? "does this port speak TLS, and does it want a certificate of ours?"
                            : "look at its log; if this port wants TLS write rediss://"};
    }
    if (tls_ && error.category() == asio::error::get_ssl_category())
        return tls_error(error, server, tls_->native_handle());
    return {Errc::connect, server + ": " + error.message(), "is Redis running there, and is the way open?"};
}

Result<void> RedisSocket::connect(const Endpoint& endpoint, Deadline deadline) {
    error_code error;
    close();
    socket_.open(endpoint.protocol(), error);
    if (error) return failure(error);
    if (target_.socket.empty()) keep_alive(socket_.native_handle());
    return await(deadline, [&](const Handler& handler) {
        socket_.async_connect(endpoint, [handler](error_code result) { handler(result, 0); });
    });
}

Result<RedisSocket::Addresses> RedisSocket::look_up(Deadline deadline) {
    const std::string server = "Redis at " + target_.printable;
    Result<Addresses> found = Error{};
    lookup_.emplace(context_.get_executor());
    const auto done = await(deadline, [&](const Handler& handler) {
        asio::co_spawn(context_, lookup_->run(target_.host),
                       [&found, handler](const std::exception_ptr&, Result<Addresses> addresses) {
                           found = std::move(addresses);
                           handler({}, 0);
                       });
    });
    lookup_.reset();
    if (done) return found ? found : named(found.error(), server);
    if (done.error().code != Errc::timeout) return done.error();
    return Error{Errc::timeout, server + ": the name server did not answer in time",
                 "look at the name server"};
}

Result<void> RedisSocket::connect_any(Deadline deadline) {
    if (!target_.socket.empty())
        return connect(asio::local::stream_protocol::endpoint(target_.socket), deadline);
    const auto addresses = look_up(deadline);
    if (!addresses) return addresses.error();
    Result<void> connected;
    for (std::size_t i = 0; i < addresses->size(); ++i) {
        const auto share = deadline.left() / static_cast<long>(addresses->size() - i);
        connected = connect(asio::ip::tcp::endpoint((*addresses)[i], target_.port), deadline.at_most(share));
        if (connected || interrupted_) break;
    }
    return connected;
}

Result<void> RedisSocket::shake_hands(const TlsOptions& options, Deadline deadline) {
    auto context = make_tls_context(options);
    if (!context) return context.error();
    tls_context_ = std::move(*context);
    tls_.emplace(socket_, *tls_context_);
    const std::string& name = options.server_name.empty() ? target_.host : options.server_name;
    if (const auto expected = expect_server(tls_->native_handle(), name); !expected)
        return named(expected.error(), "Redis at " + target_.printable);
    auto shaken = await(deadline, [&](const Handler& handler) {
        tls_->async_handshake(asio::ssl::stream_base::client,
                              [handler](error_code result) { handler(result, 0); });
    });
    if (shaken || shaken.error().code != Errc::timeout) return shaken;
    // A server without TLS waits for the end of what it takes for a command.
    Error late = shaken.error();
    late.what += " to the TLS handshake";
    late.hint = "does this port speak TLS? If not, write redis://";
    return late;
}

Result<void> RedisSocket::open(const TlsOptions& tls, Deadline deadline) {
    buffer_.resize(kBufferSize);
    if (auto connected = connect_any(deadline); !connected || !target_.tls) return connected;
    return shake_hands(tls, deadline);
}

Result<void> RedisSocket::write(std::string_view bytes, Deadline deadline) {
    return await(deadline, [&](const Handler& handler) {
        const auto buffer = asio::buffer(bytes.data(), bytes.size());
        // A server that hangs up says why first (no certificate, too many clients): read() meets that.
        const auto written = [handler](error_code, std::size_t size) { handler({}, size); };
        if (tls_) return asio::async_write(*tls_, buffer, written);
        asio::async_write(socket_, buffer, written);
    });
}

Result<std::string_view> RedisSocket::read(Deadline deadline) {
    const auto got = await(deadline, [&](const Handler& handler) {
        if (tls_) return tls_->async_read_some(asio::buffer(buffer_), handler);
        socket_.async_read_some(asio::buffer(buffer_), handler);
    });
    if (!got) return got.error();
    return std::string_view(buffer_).substr(0, transferred_);
}

bool RedisSocket::quiet() {
    if (!socket_.is_open()) return false;
    pollfd wanted{socket_.native_handle(), POLLIN, 0};
    return ::poll(&wanted, 1, 0) == 0;
}

}  // namespace keyshift::drivers
