// SPDX-License-Identifier: Apache-2.0
// The gateway's key table in SQL for a database administrator: what keyshift reads, and the index it likes.
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collectors/key_table/expressions.hpp"
#include "config/config.hpp"

namespace keyshift::collectors {

/// The hash-free view of `keyshift sql view`, in the schema of its table.
inline constexpr std::string_view kViewName = "keyshift_keys";

/// "a, b, c", in several lines where it is long.
std::string sql_list(const std::vector<std::string>& items);

/// For a shell: makes what `section` is for, in `database`; for `role`, where it is not the usual one. Empty:
/// the usual one.
std::string sql_command(const std::string& section, const std::string& role, const std::string& database);

/// The columns that hold no hash and that keyshift reads, quoted.
std::vector<std::string> plain_columns(const config::Gateway& gateway);
/// Those that tell legacy keys. A hash in them never leaves the database.
std::vector<config::Identifier> telling_columns(const config::Gateway& gateway);
/// Both.
std::vector<std::string> readable_columns(const config::Gateway& gateway);
/// The gateway's own table, below the view that keyshift may be given.
config::TableName base_table(const config::Gateway& gateway);
/// The view beside the hash-free one that has the ids of select_shared().
config::TableName shared_view(const config::TableName& view);

/// The ids of modern rows whose hash stands in another row too; empty where no column holds a hash. The
/// expressions have no alias, `table` is quoted.
std::string select_shared(const KeyExpressions& expressions, const std::string& table,
                          const config::Identifier& id);

/// A statement without its semicolon. Not inside a transaction. The expressions have no alias.
std::string create_activity_index(const config::Gateway& gateway, const KeyExpressions& expressions);

}  // namespace keyshift::collectors
