// SPDX-License-Identifier: Apache-2.0
// What a statement does with tables, read from PostgreSQL's own parse tree: through aliases, sub-selects,
// CTEs, joins, UNION, cursors and PREPARE. It knows names, not a schema: an unqualified column may be any
// table's of its FROM. Pure: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::formats {

/// A column that an UPDATE sets.
struct StatementWrite {
    enum class Value : std::uint8_t {
        given,
        null,
        kept,  ///< COALESCE($1, the_column), or the column itself
    };
    std::string column;
    Value value = Value::given;
};

/// One use of a table or view. A CTE that is used twice is two.
struct StatementTable {
    enum class Role : std::uint8_t { read, updated, inserted, deleted, other };

    /// What all rows that count must be like, by AND: `column = value`, also IN and ANY. Any one of the
    /// columns where OR joins them.
    using Equality = std::vector<std::string>;
    /// `column` = `of` of another table of the statement.
    struct Join {
        std::string column;
        std::size_t table = 0;
        std::string of;
    };

    std::string schema;  ///< empty: not given
    std::string name;
    Role role = Role::read;
    std::vector<std::string> returned;  ///< what reaches the client, or is stored; "*": the whole row
    std::vector<std::string> computed;  ///< what a function computes with, such as crypt()
    std::vector<Equality> equal;
    std::vector<Join> joins;
    std::vector<std::string> null, not_null, yes, no;  ///< conditions, as above
    std::vector<std::string> like;                     ///< compared by LIKE, by a regular expression
    std::vector<std::string> conditions;               ///< every column that is named in a condition
    std::vector<StatementWrite> writes;
    bool rows_tell = true;  ///< as many rows as there are; not of EXISTS, nor of an aggregate
};

struct StatementTree {
    enum class Kind : std::uint8_t {
        plain,       ///< SELECT, INSERT, UPDATE, DELETE, MERGE, also PREPARE
        cursor,      ///< DECLARE: its rows are counted elsewhere
        stored,      ///< what it reads goes into a table, a view or COPY TO
        explained,   ///< returns a plan
        block,       ///< DO: see `body`
        definition,  ///< everything else: DDL, LOCK, VACUUM, SET
    };
    Kind kind = Kind::plain;
    std::string cursor = {};  ///< its name
    std::string body = {};
    std::vector<StatementTable> tables = {};
};

/// Errors: parse (no SQL that PostgreSQL knows, longer than 32 KiB, nested too deep, too many tables); config
/// (see load_pg_query).
base::Result<StatementTree> read_statement(std::string_view sql);
/// Whether read_statement() can work here.
base::Result<void> can_read_statements();

}  // namespace keyshift::formats
