// SPDX-License-Identifier: Apache-2.0
// Who has sent a request: one address out of what proxies say, and what of it may be kept. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::collectors {

/// IPv4 addresses are those of IPv6 that stand for them.
class IpAddress {
 public:
    static constexpr unsigned kBits = 128;

    /// "192.0.2.1", "2001:db8::1", "[2001:db8::1]", each perhaps with :port or %zone. Empty when it is none.
    static std::optional<IpAddress> parse(std::string_view text);

    bool is_v4() const;
    /// With all bits from `bits` on 0; for IPv4 that is 96 and so many.
    IpAddress prefix(unsigned bits) const;
    std::string text() const;
    bool operator==(const IpAddress&) const = default;

 private:
    std::array<std::uint8_t, 16> bytes_{};
};

/// A network, "10.0.0.0/8" or one address; or "unix:", all that come over a Unix socket.
class TrustedProxy {
 public:
    static base::Result<TrustedProxy> parse(std::string_view text);
    bool holds(std::string_view peer) const;
    bool operator==(const TrustedProxy&) const = default;

 private:
    std::optional<IpAddress> network_;  // empty: Unix sockets
    unsigned bits_ = IpAddress::kBits;
};

/// The nearest address of the chain that is not a trusted proxy's: the peer itself, if that is not trusted,
/// or the last of `forwarded`, which goes from the farthest to the nearest ... If all are trusted, the
/// farthest. An empty peer: the last of `forwarded` is the peer's.
std::string_view client_of(std::string_view peer, std::string_view forwarded,
                           const std::vector<TrustedProxy>& trusted);

/// What is one client where they are counted: an IPv4 address, and of IPv6 the /64, which one client has
/// whole.
std::string client_identity(const IpAddress& address);
/// The network that an address is cut to: a /24, or a /48 of IPv6.
std::string truncated(const IpAddress& address);

}  // namespace keyshift::collectors
