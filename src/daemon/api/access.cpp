// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/access.hpp"

#include <algorithm>
#include <string>

#include <boost/asio/ip/address.hpp>

#include "base/ascii.hpp"
#include "http/problem.hpp"
#include "http/wire.hpp"

namespace keyshift::daemon {
namespace {

/// Without ":port"; of "[::1]:80" what stands between the brackets.
std::string_view name_in(std::string_view host) {
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
    }
    return host.substr(0, host.find(':'));
}

bool port_follows(std::string_view host) {
    const std::size_t bracket = host.find(']');
    const std::string_view rest = host.substr(bracket == std::string_view::npos ? 0 : bracket + 1);
    const std::size_t colon = rest.find(':');
    if (bracket != std::string_view::npos && !rest.empty() && colon != 0) return false;
    if (colon == std::string_view::npos) return true;
    const std::string_view port = rest.substr(colon + 1);
    return std::all_of(port.begin(), port.end(), base::is_digit);
}

}  // namespace

bool names_this_host(std::string_view host) {
    if (!port_follows(host)) return false;
    const std::string name = base::lower(name_in(host));
    if (name == "localhost") return true;
    boost::system::error_code bad;
    const auto address = boost::asio::ip::make_address(name, bad);
    return !bad && http::is_loopback(address);
}

std::optional<http::Response> refuse_inventory(config::Inventory inventory, const http::Request& request) {
    constexpr int kForbidden = 403;
    constexpr int kUnauthorized = 401;
    constexpr int kMisdirected = 421;
    if (request.transport == http::Transport::local) return std::nullopt;
    switch (inventory) {
        case config::Inventory::off:
            return http::problem(kForbidden,
                                 "web.inventory is off: ask on this host, by keyshift's commands.");
        case config::Inventory::authenticated:
            if (!request.user.empty()) return std::nullopt;
            return http::problem(kUnauthorized,
                                 "web.inventory wants a login, and there is none: give basic_auth_users or "
                                 "verified client certificates in web.config_file, or ask on this host, by "
                                 "keyshift's commands.");
        case config::Inventory::loopback:
            break;
    }
    if (!request.from_loopback || request.forwarded) {
        return http::problem(kForbidden,
                             "web.inventory is loopback: keys, owners and addresses are shown to who asks on "
                             "this host, and not through a proxy.");
    }
    if (!names_this_host(request.host))
        return http::problem(kMisdirected, "Ask for localhost or a loopback address by the Host header.");
    return std::nullopt;
}

}  // namespace keyshift::daemon
