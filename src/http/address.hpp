// SPDX-License-Identifier: Apache-2.0
// Where to listen, as an operator writes it. Pure: safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::http {

struct Address {
    std::string host;  ///< name or IP address without brackets; empty means every interface, IPv4 and IPv6
    std::uint16_t port = 0;  ///< 0 lets the kernel choose

    bool operator==(const Address&) const = default;
};

/// "host:port", ":port", "192.0.2.1:port", "[::1]:port"; the port is a number. Anything else is Errc::config.
base::Result<Address> parse_address(std::string_view text);

/// The form parse_address() reads.
std::string to_string(const Address& address);

}  // namespace keyshift::http
