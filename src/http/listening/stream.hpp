// SPDX-License-Identifier: Apache-2.0
// What connections are made of, whatever they came through: TCP, or a Unix socket. Values as Asio's own.
#pragma once

#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace keyshift::http {

using Protocol = boost::asio::generic::stream_protocol;
using Acceptor = boost::asio::basic_socket_acceptor<Protocol>;
using Socket = Protocol::socket;

/// Waits in a coroutine; gives the error as a value.
inline constexpr auto use_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);

/// The same as an endpoint of TCP; empty: it is of something else.
std::optional<boost::asio::ip::tcp::endpoint> as_tcp(const Protocol::endpoint& endpoint);

}  // namespace keyshift::http
