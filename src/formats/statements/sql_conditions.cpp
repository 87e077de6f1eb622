// SPDX-License-Identifier: Apache-2.0
// SqlReader: what conditions say of tables, and what expressions do with columns.
#include <algorithm>

#include "formats/statements/sql_reader.hpp"
#include "formats/statements/sql_value.hpp"

namespace keyshift::formats {
namespace {

constexpr std::size_t kMostClauses = 64;

/// COALESCE(column, '') = $1: the column, or nothing where that may ask for the default.
SqlNode compared(SqlNode side, SqlNode other) {
    side = without_casts(side);
    if (side.kind() != "CoalesceExpr") return side;
    const SqlNode args = side.body()["args"];
    return args.size() == 2 && !is_blank_default(args.last(), other) ? without_casts(args.first())
                                                                     : SqlNode();
}

bool is_empty_text(SqlNode value) {
    value = without_casts(value);
    const SqlNode text = value.body()["sval"];
    return value.kind() == "A_Const" && text && text.text("sval").empty();
}

}  // namespace

void SqlReader::where(SqlNode expression, const SqlScope& scope, const SqlCtes* ctes, Range range) {
    if (!expression) return;
    for (const Clause& clause : clauses(expression, scope, ctes)) narrow(clause, range);
    note(expression, scope, range);
    Flow flow;
    visit(expression, scope, ctes, flow);
    compute(flow.computed);
}

/// In conjunctive normal form. Where that grows too large, conditions are left out: a row is then the less
/// identified.
std::vector<SqlReader::Clause> SqlReader::clauses(SqlNode expression, const SqlScope& scope,
                                                  const SqlCtes* ctes) {
    const std::string_view kind = expression.kind();
    const SqlNode body = expression.body();
    std::vector<Clause> out;
    if (kind == "BoolExpr" && body.text("boolop") == "AND_EXPR") {
        body.items("args", [&](SqlNode part) {
            for (Clause& clause : clauses(part, scope, ctes)) out.push_back(std::move(clause));
        });
        return out;
    }
    if (kind == "BoolExpr" && body.text("boolop") == "OR_EXPR") return any_of(body["args"], scope, ctes);
    if (kind == "BooleanTest" && body.text("booltesttype") == "IS_TRUE" && body["arg"].kind() != "ColumnRef")
        return clauses(body["arg"], scope, ctes);
    if (kind == "A_Expr" && is_equality(body) && body["lexpr"].kind() == "RowExpr" &&
        body["rexpr"].kind() == "RowExpr")
        return rows_equal(body["lexpr"].body(), body["rexpr"].body(), scope, ctes);
    return {{condition(expression, scope, ctes)}};
}

std::vector<SqlReader::Clause> SqlReader::any_of(SqlNode list, const SqlScope& scope, const SqlCtes* ctes) {
    std::vector<Clause> out{{}};
    list.items([&](SqlNode part) {
        std::vector<Clause> product;
        const auto of_part = clauses(part, scope, ctes);
        for (const Clause& before : out) {
            for (const Clause& clause : of_part) {
                if (product.size() == kMostClauses) break;
                product.push_back(before);
                product.back().insert(product.back().end(), clause.begin(), clause.end());
            }
        }
        out = std::move(product);
    });
    return out;
}

std::vector<SqlReader::Clause> SqlReader::rows_equal(SqlNode left, SqlNode right, const SqlScope& scope,
                                                     const SqlCtes* ctes) {
    std::vector<SqlNode> rights;
    right.items("args", [&](SqlNode item) { rights.push_back(item); });
    std::vector<Clause> out;
    left.items("args", [&](SqlNode item) {
        if (out.size() < rights.size()) out.push_back({equality(item, rights[out.size()], scope, ctes)});
    });
    return out;
}

SqlReader::Condition SqlReader::condition(SqlNode expression, const SqlScope& scope, const SqlCtes* ctes) {
    using Is = Condition::Is;
    const std::string_view kind = expression.kind();
    const SqlNode body = expression.body();
    const auto of = [&](SqlNode column) -> SqlSources {
        column = without_casts(column);
        return column.kind() == "ColumnRef" ? resolve(column.body(), scope) : SqlSources{};
    };
    if (kind == "ColumnRef") return {Is::yes, of(expression), {}};
    if (kind == "BoolExpr") return {Is::no, of(body["args"].first()), {}};  // NOT
    if (kind == "NullTest") {
        const bool null = body.text("nulltesttype") == "IS_NULL";
        return {null ? Is::null : Is::not_null, of(body["arg"]), {}};
    }
    if (kind == "BooleanTest") {
        const std::string_view test = body.text("booltesttype");
        const bool yes = test == "IS_TRUE";
        return {yes ? Is::yes : test == "IS_FALSE" ? Is::no : Is::none, of(body["arg"]), {}};
    }
    if (kind == "SubLink" && body.text("subLinkType") == "ANY_SUBLINK" && !body["operName"])
        return equality(body["testexpr"], expression, scope, ctes);
    if (kind != "A_Expr") return {};
    if (is_like(body)) return {Is::like, of(body["lexpr"]), {}};
    if (!is_equality(body)) return {};
    const Condition one = equality(body["lexpr"], body["rexpr"], scope, ctes);
    if (one.is != Is::none || body.text("kind") != "AEXPR_OP") return one;
    return equality(body["rexpr"], body["lexpr"], scope, ctes);
}

/// `left` is a column, and `right` a value, a list of them, a query, or another table's column.
SqlReader::Condition SqlReader::equality(SqlNode left, SqlNode right, const SqlScope& scope,
                                         const SqlCtes* ctes) {
    using Is = Condition::Is;
    const SqlNode column = compared(left, right);
    if (column.kind() != "ColumnRef" || is_empty_text(right)) return {};
    Flow flow;
    if (right.kind() == "SubLink") {
        for (const SqlColumn& of : link(right.body(), scope, ctes)) append(flow.values, of.from);
        read_links_.push_back(right.body().number("location"));
    } else {
        visit(right, scope, ctes, flow);
    }
    if (!flow.computed.empty()) return {};
    SqlSources of = resolve(column.body(), scope);
    if (flow.values.empty()) return {Is::equal, std::move(of), {}};
    const std::string_view other = without_casts(right).kind();
    if (other != "ColumnRef" && other != "SubLink") return {};
    return {Is::joined, std::move(of), std::move(flow.values)};
}

void SqlReader::narrow(const Clause& clause, Range range) {
    if (clause.size() == 1) return narrow(clause.front(), range);
    const auto equal = [](const Condition& c) { return c.is == Condition::Is::equal; };
    if (clause.empty() || !std::all_of(clause.begin(), clause.end(), equal)) return;
    for (std::size_t table = range.first; table < range.end; ++table) {
        Table::Equality columns;
        for (const Condition& part : clause) {
            const auto found = std::find_if(part.of.begin(), part.of.end(),
                                            [&](const SqlSource& s) { return s.table == table; });
            if (found == part.of.end()) break;
            columns.push_back(found->column);
        }
        if (columns.size() == clause.size()) tree_.tables[table].equal.push_back(std::move(columns));
    }
}

void SqlReader::narrow(const Condition& condition, Range range) {
    using Is = Condition::Is;
    const auto each = [&](const SqlSources& sources, auto act) {
        for (const SqlSource& source : sources)
            if (source.table >= range.first && source.table < range.end)
                act(tree_.tables[source.table], source.column);
    };
    each(condition.of, [&](Table& table, const std::string& column) {
        if (condition.is == Is::equal) table.equal.push_back({column});
        if (condition.is == Is::null) table.null.push_back(column);
        if (condition.is == Is::not_null) table.not_null.push_back(column);
        if (condition.is == Is::yes) table.yes.push_back(column);
        if (condition.is == Is::no) table.no.push_back(column);
        if (condition.is == Is::like) table.like.push_back(column);
        for (const SqlSource& other : condition.with)
            table.joins.push_back({column, other.table, other.column});
    });
    each(condition.with, [&](Table& table, const std::string& column) {
        for (const SqlSource& other : condition.of)
            table.joins.push_back({column, other.table, other.column});
    });
}

/// Every column that a condition names.
void SqlReader::note(SqlNode expression, const SqlScope& scope, Range range) {
    if (expression.kind() == "SubLink") return;
    if (expression.kind() == "ColumnRef") {
        for (const SqlSource& source : resolve(expression.body(), scope))
            if (source.table >= range.first && source.table < range.end)
                append_once(tree_.tables[source.table].conditions, source.column);
        return;
    }
    expression.children([&](SqlNode child) { note(child, scope, range); });
}

void SqlReader::visit(SqlNode expression, const SqlScope& scope, const SqlCtes* ctes, Flow& flow) {
    const std::string_view kind = expression.kind();
    const SqlNode body = expression.body();
    if (kind == "ColumnRef") return append(flow.values, resolve(body, scope));
    if (kind == "SubLink") return visit_link(body, scope, ctes, flow);
    if (kind == "FuncCall") return visit_function(body, scope, ctes, flow);
    if (kind == "SelectStmt") {
        for (const SqlColumn& column : query(expression, &scope, ctes)) append(flow.values, column.from);
        return;
    }
    const bool test = kind == "NullTest" || kind == "BooleanTest" || kind == "BoolExpr" ||
                      (kind == "A_Expr" && is_comparison(body));
    Flow inner;
    body.children([&](SqlNode child) { visit(child, scope, ctes, test ? inner : flow); });
    append(flow.computed, inner.computed);
}

/// A sub-select in an expression: how many rows it has does not show.
SqlColumns SqlReader::link(SqlNode link, const SqlScope& scope, const SqlCtes* ctes) {
    const std::size_t first = tree_.tables.size();
    SqlColumns columns = query(link["subselect"], &scope, ctes);
    hide_rows(first);
    return columns;
}

void SqlReader::visit_link(SqlNode link, const SqlScope& scope, const SqlCtes* ctes, Flow& flow) {
    visit(link["testexpr"], scope, ctes, flow);
    // equality() has read it already, since it comes first.
    const auto read = std::find(read_links_.begin(), read_links_.end(), link.number("location"));
    if (read != read_links_.end()) {
        read_links_.erase(read);
        return;
    }
    const SqlColumns columns = this->link(link, scope, ctes);
    const std::string_view type = link.text("subLinkType");
    if (type != "EXPR_SUBLINK" && type != "ARRAY_SUBLINK") return;
    for (const SqlColumn& column : columns) append(flow.values, column.from);
}

void SqlReader::visit_function(SqlNode call, const SqlScope& scope, const SqlCtes* ctes, Flow& flow) {
    Flow inner;
    call.children([&](SqlNode child) { visit(child, scope, ctes, inner); });
    append(flow.computed, inner.computed);
    if (tells_no_value(last_name(call["funcname"]))) return;
    append(flow.values, inner.values);
    append(flow.computed, inner.values);
}

}  // namespace keyshift::formats
