// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's own scanner and grammar, by libpg_query. The library is loaded when it is first needed:
// linked, it would cost memory in every process, and many read no statements. Safe from any thread. Kept
// inside src/formats.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::formats {

/// Longer texts are not read: the grammar's stack ends at 140 kB of "1+1+...".
inline constexpr std::size_t kLongestStatement = 32 * 1024;

/// Errors: config, when the library is not there; the hint says how to install it.
base::Result<void> load_pg_query();

/// The parse tree of one or more statements as JSON. A "$1" where the grammar wants a literal is read as one:
/// pg_stat_statements leaves it there. Errors: parse (no SQL, a NUL in it, too long), config.
base::Result<std::string> parse_sql(std::string_view sql);

/// The tokens of `sql`, comments among them: parts of it. Errors: parse (something is not closed, a NUL in
/// it, too long), config.
base::Result<std::vector<std::string_view>> scan_sql(std::string_view sql);

}  // namespace keyshift::formats
