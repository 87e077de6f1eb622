// SPDX-License-Identifier: Apache-2.0
// SqlReader: statements that change tables.
#include <algorithm>

#include "formats/statements/sql_reader.hpp"
#include "formats/statements/sql_value.hpp"

namespace keyshift::formats {
namespace {

using Value = StatementWrite::Value;

bool names(SqlNode expression, std::string_view column) {
    if (expression.kind() == "ColumnRef") return last_name(expression.body()["fields"]) == column;
    bool found = false;
    expression.children([&](SqlNode child) { found = found || names(child, column); });
    return found;
}

/// COALESCE($2, name): an update of what was given, and of nothing where nothing was.
bool keeps(SqlNode value, std::string_view column) {
    value = without_casts(value);
    return (value.kind() == "ColumnRef" || value.kind() == "CoalesceExpr") && names(value, column);
}

StatementWrite write_of(SqlNode target) {
    StatementWrite write{std::string(target.text("name")), Value::given};
    const SqlNode value = target["val"];
    if (!value || is_null_constant(value) || value.kind() == "SetToDefault") write.value = Value::null;
    if (value && keeps(value, write.column)) write.value = Value::kept;
    return write;
}

}  // namespace

void SqlReader::writes(std::size_t table, SqlNode list, const SqlScope& scope, const SqlCtes* ctes) {
    Flow flow;
    list.items([&](SqlNode item) {
        if (table < tree_.tables.size()) tree_.tables[table].writes.push_back(write_of(item.body()));
        visit(item.body()["val"], scope, ctes, flow);
    });
    compute(flow.computed);
}

SqlColumns SqlReader::change(SqlNode statement, Table::Role role, const SqlScope* around,
                             const SqlCtes* ctes) {
    SqlCtes known{ctes};
    with(statement["withClause"], known, around);
    SqlScope scope{around};
    const std::size_t table = tree_.tables.size();
    scope.relations.push_back(use(statement["relation"], role));
    from(statement[role == Table::Role::updated ? "fromClause" : "usingClause"], scope, &known);
    const Range range{table, tree_.tables.size()};
    where(statement["whereClause"], scope, &known, range);
    if (role == Table::Role::updated) writes(table, statement["targetList"], scope, &known);
    return columns(statement["returningList"], scope, &known);
}

SqlColumns SqlReader::insert(SqlNode insert, const SqlScope* around, const SqlCtes* ctes) {
    SqlCtes known{ctes};
    with(insert["withClause"], known, around);
    SqlScope scope{around};
    const std::size_t table = tree_.tables.size();
    scope.relations.push_back(use(insert["relation"], Table::Role::inserted));
    const SqlColumns stored = query(insert["selectStmt"], around, &known);
    // What is copied from a table goes on where the statement says, and not to the client.
    if (std::any_of(stored.begin(), stored.end(), [](const SqlColumn& c) { return !c.from.empty(); })) {
        tree_.kind = StatementTree::Kind::stored;
        give(stored);
    }
    if (table < tree_.tables.size())
        insert.items("cols", [&](SqlNode column) {
            tree_.tables[table].writes.push_back({std::string(column.body().text("name")), Value::given});
        });
    writes(table, insert["onConflictClause"]["targetList"], scope, &known);
    return columns(insert["returningList"], scope, &known);
}

SqlColumns SqlReader::merge(SqlNode merge, const SqlScope* around, const SqlCtes* ctes) {
    SqlCtes known{ctes};
    with(merge["withClause"], known, around);
    SqlScope scope{around};
    const std::size_t table = tree_.tables.size();
    scope.relations.push_back(use(merge["relation"], Table::Role::updated));
    from_item(merge["sourceRelation"], scope, &known);
    where(merge["joinCondition"], scope, &known, {table, tree_.tables.size()});
    merge.items("mergeWhenClauses", [&](SqlNode clause) {
        if (clause.body().text("commandType") == "CMD_UPDATE")
            writes(table, clause.body()["targetList"], scope, &known);
    });
    return columns(merge["returningList"], scope, &known);
}

}  // namespace keyshift::formats
