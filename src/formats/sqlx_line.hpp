// SPDX-License-Identifier: Apache-2.0
// What Rust's sqlx writes of each statement, to the target sqlx::query of `tracing`:
//
//     summary="SELECT id, key_hash, …" db.statement="\n\nSELECT\n  id,\n …\n" rows_affected=1 rows_returned=1
//
// with "slow statement: …" before it where that took long. `summary` is cut off after four words, and is all
// of a statement that is no longer; db.statement is empty then. Pure: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/json_line.hpp"

namespace keyshift::formats {

inline constexpr std::string_view kSqlxTarget = "sqlx::query";

struct SqlxQuery {
    /// Views into what was read: the statement as the line has it, with its escapes in text.
    std::string_view statement = {};
    std::uint64_t rows_affected = 0;
    std::uint64_t rows_returned = 0;
};

/// `message`: what stands behind the target, without colours. False when it is not of this form: all of the
/// fields must be there, each once.
bool parse_sqlx_text(std::string_view message, SqlxQuery& out);
/// Of a line in JSON, nested or flattened. The statement has no escapes then, and is valid until the next
/// parse().
bool parse_sqlx_json(JsonLine& line, SqlxQuery& out);

/// Text as Rust's Debug writes it between quotation marks, without its escapes; what is no escape stays.
std::string unescape_debug(std::string_view text);

}  // namespace keyshift::formats
