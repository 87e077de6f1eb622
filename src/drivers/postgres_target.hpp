// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL connection string taken apart, so that no message ever has to quote it.
// Values: safe to move between threads.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace keyshift::drivers {

/// What libpq is given: keyword and value, the password among them.
using PostgresParameters = std::vector<std::pair<std::string, base::Secret>>;

struct PostgresTarget {
    PostgresParameters parameters;
    std::string printable;  ///< "host:port/database as user": all that may be shown
    std::string user;
    std::string database;
    base::Secret password;

    /// Reads a URL (postgresql://…) or a libpq keyword string; anything libpq accepts passes through (several
    /// hosts, TLS options, target_session_attrs). Adds application_name, client_encoding, keepalives and
    /// tcp_user_timeout, and switches off gssencmode, where they are not given; application_name is always
    /// ours. Errc::config: it cannot be parsed. The error quotes nothing of it, because what a mistyped
    /// password looks like cannot be known.
    static base::Result<PostgresTarget> parse(const base::Secret& connection_string);
};

/// How many hosts the parameters name (at least 1).
std::size_t host_count(const PostgresParameters& parameters);
/// The parameters without host number `index` of several: host, hostaddr and port lists lose that entry
/// together.
PostgresParameters without_host(const PostgresParameters& parameters, std::size_t index);
/// Where `host` stands in the list; 0 when it is not there.
std::size_t host_index(const PostgresParameters& parameters, const std::string& host);

}  // namespace keyshift::drivers
