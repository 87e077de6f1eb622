// SPDX-License-Identifier: Apache-2.0
// The names of parameters in the connection strings of PostgreSQL's clients. Pure.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace keyshift::drivers {

enum class ConnectionName {
    unknown,
    of_client,         ///< what keyshift does without: pools, caches, time limits, how values are sent
    schema,            ///< the name of one schema
    schemas,           ///< a search path
    user,              ///< as libpq's `user`
    database,          ///< as libpq's `dbname`
    tls,               ///< whether TLS is wanted, or a mode of it
    tls_mode,          ///< as libpq's `sslmode`
    tls_verification,  ///< Prisma's `sslaccept`
    tls_factory,       ///< Java's `sslfactory`
    server_type,       ///< Java's `targetServerType`
    tls_authority,     ///< as libpq's `sslrootcert`
    refused,           ///< it changes how the server is found or verified, in a way that libpq cannot
};

/// `name` in lower case, without - and _: clients differ in no more than these.
std::string plain_name(std::string_view name);
/// What a plain_name() means.
ConnectionName meaning_of(std::string_view plain);

/// Whether `list` has `word`.
template <class List>
bool is_one_of(const List& list, std::string_view word) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

}  // namespace keyshift::drivers
