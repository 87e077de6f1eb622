// SPDX-License-Identifier: Apache-2.0
#include "formats/statements/sql_reader.hpp"

#include <algorithm>

#include "formats/statements/sql_value.hpp"

namespace keyshift::formats {
namespace {

constexpr std::size_t kMostTables = 200;
constexpr std::size_t kMostCtes = 500;      // uses of them
constexpr std::size_t kMostColumns = 2000;  // more than PostgreSQL allows

/// An aggregate over all rows gives one row, however many there are.
bool is_one_row(SqlNode select) {
    if (select["groupClause"]) return false;
    bool one = false;
    select.items("targetList", [&](SqlNode target) {
        const SqlNode value = without_casts(target.body()["val"]);
        one = one || (value.kind() == "FuncCall" && !value.body()["over"] &&
                      is_aggregate(last_name(value.body()["funcname"])));
        // COALESCE(json_agg(...), '[]')
        if (value.kind() != "CoalesceExpr") return;
        const SqlNode first = without_casts(value.body()["args"].first());
        one = one || (first.kind() == "FuncCall" && is_aggregate(last_name(first.body()["funcname"])));
    });
    return one;
}

}  // namespace

void SqlReader::read(SqlNode statement) {
    const std::string_view kind = statement.kind();
    if (kind == "SelectStmt" || kind == "InsertStmt" || kind == "UpdateStmt" || kind == "DeleteStmt" ||
        kind == "MergeStmt") {
        if (statement.body()["intoClause"]) tree_.kind = StatementTree::Kind::stored;
        give(query(statement, nullptr, nullptr));
    } else if (kind == "PrepareStmt") {
        read(statement.body()["query"]);
    } else {
        read_utility(statement);
    }
}

void SqlReader::read_utility(SqlNode statement) {
    using Kind = StatementTree::Kind;
    const std::string_view kind = statement.kind();
    const SqlNode body = statement.body();
    if (kind == "DeclareCursorStmt") {
        tree_.kind = Kind::cursor;
        tree_.cursor = body.text("portalname");
        give(query(body["query"], nullptr, nullptr));
    } else if (kind == "CopyStmt") {
        read_copy(body);
    } else if (kind == "CreateTableAsStmt" || kind == "ViewStmt") {
        tree_.kind = Kind::stored;
        give(query(body["query"], nullptr, nullptr));
    } else if (kind == "ExplainStmt") {
        tree_.kind = Kind::explained;
        query(body["query"], nullptr, nullptr);
    } else if (kind == "DoStmt") {
        tree_.kind = Kind::block;
        body.items("args", [&](SqlNode argument) {
            if (argument.body().text("defname") == "as") tree_.body = argument.body()["arg"].string();
        });
    } else {
        tree_.kind = Kind::definition;
    }
}

void SqlReader::read_copy(SqlNode copy) {
    tree_.kind = StatementTree::Kind::stored;
    if (copy["query"]) {
        give(query(copy["query"], nullptr, nullptr));
        return;
    }
    const auto role = copy.yes("is_from") ? Table::Role::inserted : Table::Role::read;
    const SqlRelation table = use(copy["relation"], role);
    if (role == Table::Role::read) give(table.columns);
}

SqlColumns SqlReader::query(SqlNode statement, const SqlScope* around, const SqlCtes* ctes) {
    const std::string_view kind = statement.kind();
    const SqlNode body = statement.body();
    if (kind == "SelectStmt") return select(body, around, ctes);
    if (kind == "InsertStmt") return insert(body, around, ctes);
    if (kind == "UpdateStmt") return change(body, Table::Role::updated, around, ctes);
    if (kind == "DeleteStmt") return change(body, Table::Role::deleted, around, ctes);
    if (kind == "MergeStmt") return merge(body, around, ctes);
    return {};
}

SqlColumns SqlReader::select(SqlNode select, const SqlScope* around, const SqlCtes* ctes) {
    // CTEs that use each other twice double with each of them.
    if (!complete_) return {};
    SqlCtes known{ctes};
    with(select["withClause"], known, around);
    if (select["larg"]) return set_operation(select, around, &known);
    SqlScope scope{around};
    const Range range = from(select["fromClause"], scope, &known);
    where(select["whereClause"], scope, &known, range);
    where(select["havingClause"], scope, &known, range);
    SqlColumns out = columns(select["targetList"], scope, &known);
    Flow flow;
    for (const char* const clause : {"valuesLists", "groupClause", "sortClause", "distinctClause"})
        visit(select[clause], scope, &known, flow);
    compute(flow.computed);
    // With GROUP BY or DISTINCT each value leaves once, but it leaves: it is in the list.
    if (is_one_row(select)) hide_rows(range.first);
    return out;
}

SqlColumns SqlReader::set_operation(SqlNode select, const SqlScope* around, const SqlCtes* ctes) {
    SqlColumns left = this->select(select["larg"], around, ctes);
    const SqlColumns right = this->select(select["rarg"], around, ctes);
    const auto star = [](const SqlColumn& column) { return column.name == "*"; };
    const bool counted = left.size() == right.size() && std::none_of(left.begin(), left.end(), star) &&
                         std::none_of(right.begin(), right.end(), star);
    for (std::size_t i = 0; i < right.size(); ++i) {
        if (counted) {
            append(left[i].from, right[i].from);
        } else {
            left.push_back(right[i]);
        }
    }
    return left;
}

void SqlReader::with(SqlNode clause, SqlCtes& ctes, const SqlScope* around) {
    clause.items("ctes", [&](SqlNode item) {
        const SqlNode cte = item.body();
        const SqlNode query = cte["ctequery"];
        // What changes something does so even if nobody reads what it returns.
        if (query.kind() != "SelectStmt") this->query(query, around, &ctes);
        ctes.known.push_back({std::string(cte.text("ctename")), query, strings(cte["aliascolnames"])});
    });
}

SqlReader::Range SqlReader::from(SqlNode list, SqlScope& scope, const SqlCtes* ctes) {
    Range range{tree_.tables.size(), 0};
    list.items([&](SqlNode item) { from_item(item, scope, ctes); });
    range.end = tree_.tables.size();
    return range;
}

void SqlReader::from_item(SqlNode item, SqlScope& scope, const SqlCtes* ctes) {
    const std::string_view kind = item.kind();
    const SqlNode body = item.body();
    if (kind == "RangeVar") {
        scope.relations.push_back(relation(body, ctes));
    } else if (kind == "JoinExpr") {
        join(body, scope, ctes);
    } else if (kind == "RangeTableSample") {
        from_item(body["relation"], scope, ctes);
    } else {
        SqlRelation derived{std::string(body["alias"].text("aliasname")), {}};
        const bool lateral = body.yes("lateral") || kind != "RangeSubselect";
        if (kind == "RangeSubselect") {
            derived.columns = query(body["subquery"], lateral ? &scope : scope.around, ctes);
        } else {
            Flow flow;
            visit(body, scope, ctes, flow);
            compute(flow.computed);
        }
        rename(derived.columns, strings(body["alias"]["colnames"]));
        scope.relations.push_back(std::move(derived));
    }
}

void SqlReader::join(SqlNode join, SqlScope& scope, const SqlCtes* ctes) {
    const std::size_t first = tree_.tables.size();
    const std::size_t first_relation = scope.relations.size();
    from_item(join["larg"], scope, ctes);
    const std::size_t middle = tree_.tables.size();
    const std::size_t middle_relation = scope.relations.size();
    from_item(join["rarg"], scope, ctes);
    // An outer join's condition leaves out no row of the side that is kept.
    const std::string_view type = join.text("jointype");
    Range range{first, tree_.tables.size()};
    if (type == "JOIN_LEFT") range.first = middle;
    if (type == "JOIN_RIGHT") range.end = middle;
    if (type == "JOIN_FULL") range.end = range.first;
    where(join["quals"], scope, ctes, range);
    for (const std::string& column : strings(join["usingClause"])) {
        Condition same{Condition::Is::joined, {}, {}};
        for (std::size_t i = first_relation; i < scope.relations.size(); ++i)
            append(i < middle_relation ? same.of : same.with, sources_of(scope.relations[i], column));
        narrow(same, range);
    }
}

SqlRelation SqlReader::relation(SqlNode range, const SqlCtes* ctes) {
    const std::string_view name = range.text("relname");
    if (!range["schemaname"]) {
        for (const SqlCtes* at = ctes; at != nullptr; at = at->around) {
            for (std::size_t i = at->known.size(); i-- > 0;) {
                const SqlCte& cte = at->known[i];
                if (cte.name != name) continue;
                if (++ctes_used_ > kMostCtes) complete_ = false;
                const std::string_view alias = range["alias"].text("aliasname");
                SqlRelation out{std::string(alias.empty() ? name : alias), {}};
                // It sees those before it. One that names itself finds a table of that name, or none.
                SqlCtes before{at->around, {at->known.begin(), at->known.begin() + static_cast<long>(i)}};
                out.columns = query(cte.query, nullptr, &before);
                rename(out.columns, cte.columns);
                rename(out.columns, strings(range["alias"]["colnames"]));
                return out;
            }
        }
    }
    return use(range, Table::Role::read);
}

SqlRelation SqlReader::use(SqlNode range, Table::Role role) {
    const std::string_view name = range.text("relname");
    const std::string_view alias = range["alias"].text("aliasname");
    SqlRelation out{std::string(alias.empty() ? name : alias), {}};
    if (tree_.tables.size() >= kMostTables) {
        complete_ = false;
        return out;
    }
    Table table;
    table.schema = range.text("schemaname");
    table.name = name;
    table.role = role;
    out.columns = {{"*", {{tree_.tables.size(), "*"}}}};
    tree_.tables.push_back(std::move(table));
    rename(out.columns, strings(range["alias"]["colnames"]));
    return out;
}

SqlColumns SqlReader::columns(SqlNode list, const SqlScope& scope, const SqlCtes* ctes) {
    SqlColumns out;
    list.items([&](SqlNode item) {
        if (!complete_) return;
        const SqlNode target = item.body();
        const SqlNode value = target["val"];
        if (value.kind() == "ColumnRef" && is_star(value.body())) {
            for (SqlColumn& column : expand_star(value.body(), scope)) out.push_back(std::move(column));
            if (out.size() > kMostColumns) complete_ = false;
            return;
        }
        Flow flow;
        visit(value, scope, ctes, flow);
        compute(flow.computed);
        std::string name(target.text("name"));
        const SqlNode plain = without_casts(value);
        if (name.empty() && plain.kind() == "ColumnRef") {
            const auto fields = strings(plain.body()["fields"]);
            if (!fields.empty()) name = fields.back();
        }
        out.push_back({std::move(name), std::move(flow.values)});
    });
    return out;
}

void SqlReader::compute(const SqlSources& sources) {
    for (const SqlSource& source : sources) append_once(tree_.tables[source.table].computed, source.column);
}

void SqlReader::give(const SqlColumns& columns) {
    for (const SqlColumn& column : columns)
        for (const SqlSource& source : column.from)
            append_once(tree_.tables[source.table].returned, source.column);
}

void SqlReader::hide_rows(std::size_t first) {
    for (std::size_t i = first; i < tree_.tables.size(); ++i) tree_.tables[i].rows_tell = false;
}

}  // namespace keyshift::formats
