// SPDX-License-Identifier: Apache-2.0
// Where the HTTP server listens. Values: safe to share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::base {

struct ListenAddress {
    std::string host;        ///< an IP address without brackets, or a host name; empty: every interface
    std::uint16_t port = 0;  ///< 0: any free one
    bool operator==(const ListenAddress&) const = default;

    /// As it is written in the configuration: "127.0.0.1:11947", ":11947", "[::1]:11947".
    std::string text() const;
};

/// Fails with Errc::config: no port, port above 65535, not an address, IPv6 without brackets. Resolves
/// nothing.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace keyshift::base
