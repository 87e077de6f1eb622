// SPDX-License-Identifier: Apache-2.0
// What the names in a connection string mean, of whichever client they are: libpq's own, those that choose
// the table or the protection, and those that change neither. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "drivers/dsn/connection_string.hpp"
#include "drivers/dsn/postgres_options.hpp"

namespace keyshift::drivers {

struct SortedParameters {
    UrlParameters libpq;               ///< by libpq's names; the protection among them
    PostgresSettings settings;         ///< search_path, and what options[...] names
    std::string search_path_by;        ///< the name that gave search_path; empty: none did
    std::vector<std::string> skipped;  ///< as written: what only another client can use
};

/// `keywords` are those of libpq. What decides which table is read (schema, currentSchema, search_path,
/// options[search_path]), which server (targetServerType) and how it is protected (ssl, ssl-mode, sslaccept)
/// is applied. Errc::config: one of them cannot be, two contradict each other, or a name is known to nobody;
/// it is named.
base::Result<SortedParameters> sort_parameters(const ConnectionString& string,
                                               const std::vector<std::string>& keywords);

}  // namespace keyshift::drivers
