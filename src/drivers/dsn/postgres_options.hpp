// SPDX-License-Identifier: Apache-2.0
// The settings in `options` of a connection string, and those that keyshift sets itself. They are given to
// the server inside each transaction, never at its start: behind a pooler what a connection starts with
// stays on a connection that others use. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace keyshift::drivers {

/// Name and value, in the order in which they apply.
using PostgresSettings = std::vector<std::pair<std::string, std::string>>;

/// Reads `-c name=value`, `-cname=value` and `--name=value`, split and escaped as the server does it: at
/// blanks, a backslash takes the next character as it is. Settings that a transaction of keyshift's sets
/// itself are left out; of search_path only the tables that are found by it depend. Errc::config: anything
/// else stands there. The error quotes nothing of it.
base::Result<PostgresSettings> parse_postgres_options(std::string_view options);

/// An array of texts as PostgreSQL reads it: {"a","b"}. No text has a NUL byte.
std::string postgres_array(const std::vector<std::string>& texts);

}  // namespace keyshift::drivers
