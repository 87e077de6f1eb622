// SPDX-License-Identifier: Apache-2.0
#include "formats/statements/sql_scope.hpp"

#include <algorithm>

namespace keyshift::formats {
namespace {

const SqlRelation* find(const SqlScope& scope, std::string_view name) {
    for (const SqlScope* at = &scope; at != nullptr; at = at->around)
        for (const SqlRelation& relation : at->relations)
            if (relation.name == name) return &relation;
    return nullptr;
}

std::vector<std::string> fields_of(SqlNode column_ref) {
    return strings(column_ref["fields"]);
}

SqlSources unqualified(std::string_view name, const SqlScope& scope) {
    for (const SqlScope* at = &scope; at != nullptr; at = at->around) {
        SqlSources found;
        for (const SqlRelation& relation : at->relations) append(found, sources_of(relation, name));
        // The whole row, as in row_to_json(k).
        for (const SqlRelation& relation : at->relations)
            if (relation.name == name) append(found, sources_of(relation, "*"));
        if (!found.empty()) return found;
    }
    return {};
}

}  // namespace

void append(SqlSources& to, const SqlSources& from) {
    for (const SqlSource& source : from)
        if (std::find(to.begin(), to.end(), source) == to.end()) to.push_back(source);
}

std::vector<std::string> strings(SqlNode list) {
    std::vector<std::string> out;
    list.items([&](SqlNode item) {
        if (item.kind() == "String") out.emplace_back(item.string());
    });
    return out;
}

void rename(SqlColumns& columns, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size() && i < columns.size(); ++i) {
        // What stands behind a star cannot be counted: each of the names may be any of its columns.
        if (columns[i].name == "*") {
            const SqlSources all = columns[i].from;
            for (std::size_t rest = i; rest < names.size(); ++rest) columns.push_back({names[rest], all});
            return;
        }
        columns[i].name = names[i];
    }
}

SqlSources sources_of(const SqlRelation& relation, std::string_view column) {
    SqlSources out;
    bool named = false;
    for (const SqlColumn& of : relation.columns) {
        if (of.name != column && column != "*") continue;
        named = true;
        append(out, of.from);
    }
    if (named) return out;
    for (const SqlColumn& of : relation.columns) {
        if (of.name != "*") continue;
        for (const SqlSource& row : of.from) append(out, {{row.table, std::string(column)}});
    }
    return out;
}

bool is_star(SqlNode column_ref) {
    return column_ref["fields"].last().kind() == "A_Star";
}

SqlSources resolve(SqlNode column_ref, const SqlScope& scope) {
    const auto fields = fields_of(column_ref);
    if (is_star(column_ref)) {
        SqlSources all;
        for (const SqlColumn& column : expand_star(column_ref, scope)) append(all, column.from);
        return all;
    }
    if (fields.empty()) return {};
    if (fields.size() == 1) return unqualified(fields.front(), scope);
    const SqlRelation* const relation = find(scope, fields[fields.size() - 2]);
    return relation == nullptr ? SqlSources{} : sources_of(*relation, fields.back());
}

SqlColumns expand_star(SqlNode column_ref, const SqlScope& scope) {
    const auto fields = fields_of(column_ref);
    SqlColumns out;
    if (!fields.empty()) {
        const SqlRelation* const relation = find(scope, fields.back());
        return relation == nullptr ? out : relation->columns;
    }
    for (const SqlRelation& relation : scope.relations)
        out.insert(out.end(), relation.columns.begin(), relation.columns.end());
    return out;
}

}  // namespace keyshift::formats
