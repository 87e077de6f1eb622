// SPDX-License-Identifier: Apache-2.0
// The gateway's key table in SQL for a database administrator: what keyshift reads, and the index it likes.
// Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace keyshift::collectors {

/// "a, b, c", in several lines where it is long.
std::string sql_list(const std::vector<std::string>& items);

/// The columns that hold no hash and that keyshift reads, quoted.
std::vector<std::string> plain_columns(const config::Columns& columns);
/// These, and the one that tells legacy keys, of which keyshift asks only whether it is NULL.
std::vector<std::string> readable_columns(const config::Columns& columns);
/// The condition by which keyshift finds legacy keys.
std::string legacy_condition(const config::Columns& columns);
/// The gateway's own table, below the view that keyshift may be given.
config::TableName base_table(const config::Gateway& gateway);

/// A statement without its semicolon. Not inside a transaction.
std::string create_activity_index(const config::Gateway& gateway);

}  // namespace keyshift::collectors
