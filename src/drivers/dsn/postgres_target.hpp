// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL connection string taken apart, so that no message ever has to quote it.
// Values: safe to move between threads.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "drivers/dsn/postgres_options.hpp"

namespace keyshift::drivers {

/// What libpq is given: keyword and value, the password among them.
using PostgresParameters = std::vector<std::pair<std::string, base::Secret>>;

struct PostgresTarget {
    PostgresParameters parameters;  ///< nothing of them outlives the connection behind a pooler
    PostgresSettings settings;      ///< the operator's own, for each transaction
    std::string printable;          ///< "host:port/database as user": all that may be shown
    std::string user;
    std::string database;
    base::Secret password;
    std::string search_path_by;        ///< the parameter that gives the search path; empty: none does
    bool is_of_java = false;           ///< a jdbc: URL, which often has neither user nor password
    std::vector<std::string> skipped;  ///< names of parameters that only another client can use

    /// Reads a connection string as a gateway's client keeps it (read_connection_string, sort_parameters);
    /// anything libpq accepts passes through (several hosts, TLS options, target_session_attrs), but that
    /// `options` become settings, and application_name and client_encoding are left out: each transaction
    /// has its own. Adds keepalives and tcp_user_timeout, and switches off gssencmode, where they are not
    /// given. Errc::config: it cannot be parsed, or asks for what libpq cannot do. The error names scheme and
    /// parameter, and quotes no value, because what a mistyped password looks like cannot be known.
    static base::Result<PostgresTarget> parse(const base::Secret& connection_string);
};

/// A keyword whose value the server keeps for the session.
bool is_of_the_session(std::string_view keyword);
/// Takes what libpq would tell the server of a session out of the environment: PGOPTIONS and its like. Before
/// a second thread runs.
void ignore_session_environment();

/// How many hosts the parameters name (at least 1).
std::size_t host_count(const PostgresParameters& parameters);
/// The parameters without host number `index` of several: host, hostaddr and port lists lose that entry
/// together.
PostgresParameters without_host(const PostgresParameters& parameters, std::size_t index);
/// Where `host` stands in the list; 0 when it is not there.
std::size_t host_index(const PostgresParameters& parameters, const std::string& host);

}  // namespace keyshift::drivers
