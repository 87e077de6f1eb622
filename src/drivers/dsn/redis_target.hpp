// SPDX-License-Identifier: Apache-2.0
// A Redis URL taken apart, so that no message ever has to quote it.
// Values: safe to move between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace keyshift::drivers {

struct RedisLogin {
    std::string user = {};  ///< empty: the default user, for whom the password alone is sent
    base::Secret password = {};
};

struct RedisTarget {
    std::string host = {};  ///< without brackets
    std::uint16_t port = 6379;
    std::string socket = {};  ///< path of a Unix socket; not empty: host and port mean nothing
    std::uint32_t database = 0;
    bool tls = false;
    std::optional<RedisLogin> login = {};
    std::string printable = {};             ///< "host:port/db as user": all that may be shown
    std::vector<std::string> skipped = {};  ///< names of parameters that only another client can use

    /// Reads redis://[user:password@]host[:port][/db][?parameters], rediss://… (TLS),
    /// unix://[user:password@]/path[?db=N&user=…&pass=…] and what other clients call these (valkey://,
    /// redis+unix://); user, password and path may be percent-encoded. redis://:password@host is the default
    /// user. Errc::config: it cannot be parsed, or asks for what keyshift does not do. The error names scheme
    /// and parameter, and quotes no value, because what a mistyped password looks like cannot be known.
    static base::Result<RedisTarget> parse(const base::Secret& url);

    /// The same kind of server at another address: what a Sentinel or a cluster names.
    RedisTarget at(std::string other_host, std::uint16_t other_port) const;
    /// "host:port", "[::1]:port" or the socket's path: what tells nodes apart.
    std::string address() const;
    /// Sets `printable` from the other members.
    void describe();
};

/// Of a URL: `what` says what is wrong with it.
base::Error bad_redis_url(std::string what);
/// The number of a database.
base::Result<std::uint32_t> parse_redis_database(std::string_view text);

}  // namespace keyshift::drivers
