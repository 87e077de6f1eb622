// SPDX-License-Identifier: Apache-2.0
// What names mean at one place of a statement: the tables, sub-selects and CTEs that stand in its FROM, and
// in those around it. Values that point to what is around them. Kept inside src/formats.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "formats/statements/sql_node.hpp"
#include "formats/statements/tree.hpp"

namespace keyshift::formats {

/// A column of one use of a table; "*": the whole row.
struct SqlSource {
    std::size_t table = 0;
    std::string column;
    bool operator==(const SqlSource&) const = default;
};
using SqlSources = std::vector<SqlSource>;

/// Each once, or they would double with each sub-select.
void append(SqlSources& to, const SqlSources& from);

/// A column that a SELECT returns, and what its value comes from. The name "*": all columns of its sources.
struct SqlColumn {
    std::string name;
    SqlSources from;
};
using SqlColumns = std::vector<SqlColumn>;

/// Something in a FROM. A table has one column, "*".
struct SqlRelation {
    std::string name;
    SqlColumns columns;
};

struct SqlScope {
    const SqlScope* around = nullptr;
    std::vector<SqlRelation> relations = {};
};

/// What the relation's column comes from.
SqlSources sources_of(const SqlRelation& relation, std::string_view column);
/// What a ColumnRef means: nothing, where it is of no table.
SqlSources resolve(SqlNode column_ref, const SqlScope& scope);
/// What `*` or `name.*` stands for.
SqlColumns expand_star(SqlNode column_ref, const SqlScope& scope);
/// Whether a ColumnRef ends in a star.
bool is_star(SqlNode column_ref);

/// A CTE, to be read where it is used.
struct SqlCte {
    std::string name;
    SqlNode query;
    std::vector<std::string> columns;  ///< what it calls them; empty: as they are
};
struct SqlCtes {
    const SqlCtes* around = nullptr;
    std::vector<SqlCte> known = {};
};

/// Calls the columns what an alias calls them, as far as it goes.
void rename(SqlColumns& columns, const std::vector<std::string>& names);
std::vector<std::string> strings(SqlNode list);

}  // namespace keyshift::formats
