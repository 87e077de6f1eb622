// SPDX-License-Identifier: Apache-2.0
#include "http/listening/listener.hpp"

#include <algorithm>

#include <boost/asio/ip/v6_only.hpp>
#include <sys/socket.h>

namespace keyshift::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

base::Error cannot_listen(const base::ListenAddress& address, const error_code& ec) {
    base::Error error{base::Errc::config, "cannot listen on " + address.text() + ": " + ec.message(), {}};
    if (ec == asio::error::address_in_use) {
        error.code = base::Errc::connect;  // it may be free again in a moment
        error.hint = "another program has this port: stop it, or choose another in web.listen";
    } else if (ec == asio::error::access_denied || ec == asio::error::no_permission) {
        error.code = base::Errc::permission;
        error.hint = "choose a port above 1023 in web.listen, or grant CAP_NET_BIND_SERVICE";
    } else {
        error.hint = "give web.listen an address of this machine, or none for all of them";
    }
    return error;
}

bool not_on_this_machine(const error_code& ec) {
    return ec == boost::system::errc::address_not_available ||
           ec == asio::error::address_family_not_supported;
}

error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    error_code ec;
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec && endpoint.address().is_v6())
        acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(tcp::acceptor::max_listen_connections, ec);
    if (ec) {
        error_code ignored;
        acceptor.close(ignored);
    }
    return ec;
}

base::Result<std::vector<tcp::endpoint>> resolve(const asio::any_io_executor& executor,
                                                 const base::ListenAddress& address) {
    if (address.host.empty()) {
        return std::vector{tcp::endpoint(asio::ip::address_v6::any(), address.port),
                           tcp::endpoint(asio::ip::address_v4::any(), address.port)};
    }
    error_code ec;
    const auto found = tcp::resolver(executor).resolve(address.host, std::to_string(address.port),
                                                       tcp::resolver::passive, ec);
    if (ec) return cannot_listen(address, ec);
    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : found) {
        if (std::ranges::find(endpoints, entry.endpoint()) == endpoints.end())
            endpoints.push_back(entry.endpoint());
    }
    return endpoints;
}

}  // namespace

base::Result<std::vector<Acceptor>> open_acceptors(const asio::any_io_executor& executor,
                                                   const base::ListenAddress& address) {
    auto endpoints = resolve(executor, address);
    if (!endpoints) return endpoints.error();
    std::vector<Acceptor> acceptors;
    error_code missing = asio::error::host_not_found;
    std::uint16_t port = 0;
    for (tcp::endpoint endpoint : *endpoints) {
        if (!acceptors.empty()) endpoint.port(port);
        tcp::acceptor acceptor(executor);
        const error_code ec = open(acceptor, endpoint);
        if (not_on_this_machine(ec)) {
            missing = ec;
            continue;
        }
        if (ec) return cannot_listen(address, ec);
        port = acceptor.local_endpoint().port();
        acceptors.emplace_back(std::move(acceptor));
        if (address.host.empty()) break;  // the first one is dual-stack
    }
    if (acceptors.empty()) return cannot_listen(address, missing);
    return acceptors;
}

base::Result<Acceptor> adopt_acceptor(const asio::any_io_executor& executor, int descriptor) {
    const auto option = [descriptor](int name) {
        int value = -1;
        socklen_t size = sizeof value;
        return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
    };
    const int domain = option(SO_DOMAIN);
    const bool tcp_socket = (domain == AF_INET || domain == AF_INET6) && option(SO_TYPE) == SOCK_STREAM;
    tcp::acceptor acceptor(executor);
    error_code ec = asio::error::operation_not_supported;
    if (tcp_socket && option(SO_ACCEPTCONN) == 1)
        acceptor.assign(domain == AF_INET ? tcp::v4() : tcp::v6(), descriptor, ec);
    if (!ec) return Acceptor(std::move(acceptor));
    return base::Error{base::Errc::config,
                       "the socket handed over as descriptor " + std::to_string(descriptor) +
                           " cannot be listened on: " + ec.message(),
                       "the socket unit needs ListenStream= with a TCP port or address"};
}

}  // namespace keyshift::http
