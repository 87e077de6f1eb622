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

#include "formats/text/json_line.hpp"

namespace keyshift::formats {

inline constexpr std::string_view kSqlxTarget = "sqlx::query";

struct SqlxQuery {
    enum class Escapes : std::uint8_t { none, debug };
    /// sqlx writes slow ones at a level of their own, and so also where it writes no others.
    enum class Pace : std::uint8_t { usual, slow };

    std::string_view statement = {};  ///< into what was read
    Escapes escapes = Escapes::none;  ///< debug: see unescape_debug()
    Pace pace = Pace::usual;
    std::uint64_t rows_affected = 0;
    std::uint64_t rows_returned = 0;
};

/// `message`: what stands behind the target, without colours. False when it is not of this form: all of the
/// fields must be there, each once.
bool parse_sqlx_text(std::string_view message, SqlxQuery& out);
/// Of a line in JSON, nested or flattened. Valid until the next parse().
bool parse_sqlx_json(JsonLine& line, SqlxQuery& out);

/// Text as Rust's Debug writes it between quotation marks, without its escapes; what is no escape stays.
std::string unescape_debug(std::string_view text);

}  // namespace keyshift::formats
