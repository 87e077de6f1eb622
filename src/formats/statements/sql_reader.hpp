// SPDX-License-Identifier: Apache-2.0
// Reads one parse tree into a StatementTree. Kept inside src/formats.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "formats/statements/sql_node.hpp"
#include "formats/statements/sql_scope.hpp"
#include "formats/statements/tree.hpp"

namespace keyshift::formats {

/// `text` behind what is in `to`, unless it is in it.
inline void append_once(std::vector<std::string>& to, const std::string& text) {
    if (std::find(to.begin(), to.end(), text) == to.end()) to.push_back(text);
}

class SqlReader {
 public:
    /// A statement as a node of its kind. May be called again for the next of the same text.
    void read(SqlNode statement);
    /// False: it uses more tables than are read.
    bool complete() const { return complete_; }
    StatementTree take() { return std::move(tree_); }

 private:
    using Table = StatementTable;

    /// Of an expression: what its value comes from, and what functions in it compute with.
    struct Flow {
        SqlSources values, computed;
    };
    /// One AND-ed condition.
    struct Condition {
        enum class Is { none, equal, joined, null, not_null, yes, no, like };
        Is is = Is::none;
        SqlSources of;
        SqlSources with;  ///< the other side, where joined
    };
    using Clause = std::vector<Condition>;  ///< joined by OR
    /// The tables that a condition is about: those from `first` on, before `end`.
    struct Range {
        std::size_t first = 0, end = 0;
    };

    void read_utility(SqlNode statement);
    void read_copy(SqlNode copy);
    SqlColumns query(SqlNode statement, const SqlScope* around, const SqlCtes* ctes);
    SqlColumns select(SqlNode select, const SqlScope* around, const SqlCtes* ctes);
    SqlColumns set_operation(SqlNode select, const SqlScope* around, const SqlCtes* ctes);
    SqlColumns insert(SqlNode insert, const SqlScope* around, const SqlCtes* ctes);
    SqlColumns change(SqlNode statement, Table::Role role, const SqlScope* around, const SqlCtes* ctes);
    SqlColumns merge(SqlNode merge, const SqlScope* around, const SqlCtes* ctes);
    void with(SqlNode clause, SqlCtes& ctes, const SqlScope* around);

    Range from(SqlNode list, SqlScope& scope, const SqlCtes* ctes);
    void from_item(SqlNode item, SqlScope& scope, const SqlCtes* ctes);
    void join(SqlNode join, SqlScope& scope, const SqlCtes* ctes);
    SqlRelation relation(SqlNode range, const SqlCtes* ctes);
    SqlRelation use(SqlNode range, Table::Role role);

    void where(SqlNode expression, const SqlScope& scope, const SqlCtes* ctes, Range range);
    std::vector<Clause> clauses(SqlNode expression, const SqlScope& scope, const SqlCtes* ctes);
    std::vector<Clause> any_of(SqlNode list, const SqlScope& scope, const SqlCtes* ctes);
    Condition condition(SqlNode expression, const SqlScope& scope, const SqlCtes* ctes);
    Condition equality(SqlNode left, SqlNode right, const SqlScope& scope, const SqlCtes* ctes);
    std::vector<Clause> rows_equal(SqlNode left, SqlNode right, const SqlScope& scope, const SqlCtes* ctes);
    void narrow(const Clause& clause, Range range);
    void narrow(const Condition& condition, Range range);
    void note(SqlNode expression, const SqlScope& scope, Range range);

    SqlColumns columns(SqlNode list, const SqlScope& scope, const SqlCtes* ctes);
    void writes(std::size_t table, SqlNode list, const SqlScope& scope, const SqlCtes* ctes);
    void visit(SqlNode expression, const SqlScope& scope, const SqlCtes* ctes, Flow& flow);
    SqlColumns link(SqlNode link, const SqlScope& scope, const SqlCtes* ctes);
    void visit_link(SqlNode link, const SqlScope& scope, const SqlCtes* ctes, Flow& flow);
    void visit_function(SqlNode call, const SqlScope& scope, const SqlCtes* ctes, Flow& flow);
    void compute(const SqlSources& sources);
    void give(const SqlColumns& columns);
    void hide_rows(std::size_t first);

    StatementTree tree_;
    bool complete_ = true;
    std::size_t ctes_used_ = 0;
    std::vector<std::int64_t> read_links_;  ///< where sub-selects stand that were read out of turn
};

}  // namespace keyshift::formats
