// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/exchange.hpp"

#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "drivers/net/tls_context.hpp"

namespace keyshift::drivers {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using base::Secret;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

bool ended(const error_code& error) {
    return error == asio::error::eof || error == ssl::error::stream_truncated;
}

std::uint16_t port_number(const std::string& port) {
    return static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10));
}

}  // namespace

HttpExchange::HttpExchange(const asio::any_io_executor& executor, const HttpRequest& request,
                           const HttpLimits& limits, Deadline deadline, ssl::context* tls)
    : request_(request),
      limits_(limits),
      deadline_(deadline.at_most(limits.each)),
      tls_(tls),
      lookup_(executor),
      socket_(executor),
      alarm_(executor) {}

Error HttpExchange::about(Error error) const {
    error.what = request_.printable() + ": " + error.what;
    return error;
}

void HttpExchange::stop(Error why) {
    if (!why_) why_ = std::move(why);
    lookup_.cancel();
    close();
}

void HttpExchange::close() {
    error_code ignored;
    socket_.close(ignored);
}

void HttpExchange::arm(Alarm alarm, Deadline at) {
    alarm_.expires_after(at.left());
    alarm_.async_wait([weak = weak_from_this(), alarm, turn = ++armed_](const error_code& error) {
        const auto self = weak.lock();
        if (error || !self || turn != self->armed_) return;
        if (alarm == Alarm::attempt) return self->close();
        self->stop(self->about({Errc::timeout, std::string("did not ") + self->waiting_for_ + " in time",
                                "look at its load and at firewalls on the way, or raise the timeout"}));
    });
}

asio::awaitable<Result<HttpResponse>> HttpExchange::run() {
    auto bytes = request_bytes(request_);
    if (!bytes) co_return bytes.error();
    arm(Alarm::exchange, deadline_);
    Result<HttpResponse> result = Error{};
    try {
        result = co_await attempt(*bytes);
    } catch (const std::exception& e) {
        result = about({Errc::other, e.what(), {}});
    }
    ++armed_;
    alarm_.cancel();
    close();
    if (why_) co_return *why_;
    co_return result;
}

asio::awaitable<Result<HttpResponse>> HttpExchange::attempt(const Secret& bytes) {
    auto found = co_await addresses();
    if (!found) co_return found.error();
    auto connected = co_await connect(*found);
    if (!connected) co_return connected.error();
    if (tls_ == nullptr) {
        co_return co_await talk(socket_, bytes);
    }

    ssl::stream<tcp::socket&> stream(socket_, *tls_);
    const std::string& name = request_.tls.server_name.empty() ? request_.url.host : request_.tls.server_name;
    if (auto set = expect_server(stream.native_handle(), name); !set) co_return about(set.error());
    waiting_for_ = "finish the TLS handshake";
    const auto [error] = co_await stream.async_handshake(ssl::stream_base::client, use_tuple);
    secured_ = stream.native_handle();
    Result<HttpResponse> result = Error{};
    if (error) {
        result = ended(error) ? tls_error(error, request_.printable()) : broken(error);
    } else {
        result = co_await talk(stream, bytes);
    }
    secured_ = nullptr;
    co_return result;
}

asio::awaitable<Result<HttpExchange::Addresses>> HttpExchange::addresses() {
    waiting_for_ = "get an address from the name server";
    auto found = co_await lookup_.run(request_.address ? *request_.address : request_.url.host);
    if (!found) co_return about(found.error());
    co_return found;
}

// Each address in turn, one that is silent for no longer than its share of the time.
asio::awaitable<Result<void>> HttpExchange::connect(const Addresses& addresses) {
    waiting_for_ = "take a connection";
    Error last;
    auto left = static_cast<std::int64_t>(addresses.size());
    for (const auto& address : addresses) {
        if (left > 1) {
            arm(Alarm::attempt, deadline_.at_most(deadline_.left() / left));
        } else {
            arm(Alarm::exchange, deadline_);
        }
        --left;
        const tcp::endpoint endpoint(address, port_number(request_.url.port));
        error_code error;
        close();
        if (!why_) socket_.open(endpoint.protocol(), error);
        if (why_) co_return *why_;
        if (!error) {
            const auto [failed] = co_await socket_.async_connect(endpoint, use_tuple);
            error = failed;
        }
        // Closed by the alarm when both were already on their way.
        if (!error && !socket_.is_open()) error = asio::error::operation_aborted;
        if (!error) {
            arm(Alarm::exchange, deadline_);
            co_return Result<void>{};
        }
        last = connect_error(error, endpoint);
    }
    co_return last;
}

Error HttpExchange::connect_error(const error_code& error, const tcp::endpoint& endpoint) const {
    const std::string where = endpoint.address().to_string() + " port " + std::to_string(endpoint.port());
    if (error == boost::system::errc::too_many_files_open ||
        error == boost::system::errc::too_many_files_open_in_system)
        return about({Errc::other, "no socket left: " + error.message(), "raise LimitNOFILE"});
    const std::string text =
        error == asio::error::operation_aborted ? "no connection in time" : error.message();
    return about(
        {Errc::connect, where + ": " + text, "check that the server runs and that host and port are right"});
}

/// The connection is of no use any more.
Error HttpExchange::broken(const error_code& error) const {
    if (secured_ != nullptr && error.category() == asio::error::get_ssl_category())
        return tls_error(error, request_.printable(), secured_);
    const std::string text = ended(error) ? "closed the connection" : error.message();
    return about({Errc::connect, "the connection broke: " + text, "look at the server's log"});
}

template <class Stream>
asio::awaitable<Result<HttpResponse>> HttpExchange::talk(Stream& stream, const Secret& bytes) {
    waiting_for_ = "take the whole request";
    // Whether that went well is of no interest: a server may answer, and hang up, without reading all of it.
    co_await asio::async_write(stream, asio::buffer(bytes.reveal()), use_tuple);
    waiting_for_ = "answer";
    HttpResponseReader reader(request_.method, limits_.header_bytes, limits_.body_bytes);
    while (!reader.complete()) {
        const auto [error, size] = co_await stream.async_read_some(asio::buffer(block_), use_tuple);
        if (error == asio::error::eof) {
            if (auto ended = reader.end(); !ended) co_return about(ended.error());
            break;
        }
        if (error) co_return broken(error);
        if (auto put = reader.put({block_.data(), size}); !put) co_return about(put.error());
        waiting_for_ = "finish its answer";
    }
    co_return reader.take();
}

}  // namespace keyshift::drivers
