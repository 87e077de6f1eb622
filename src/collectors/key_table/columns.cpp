// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_table/columns.hpp"

#include <algorithm>
#include <optional>

#include "drivers/host/reading_rights.hpp"

namespace keyshift::collectors {

using config::Columns;
using config::Gateway;
using config::Identifier;

std::string sql_list(const std::vector<std::string>& items) {
    std::string out;
    std::size_t line = 0;
    for (const std::string& item : items) {
        if (!out.empty()) out += line + item.size() > 90 ? ",\n    " : ", ";
        line = line + item.size() > 90 ? item.size() : line + item.size() + 2;
        out += item;
    }
    return out;
}

std::string sql_command(const std::string& section, const std::string& role, const std::string& database) {
    const auto plain = config::parse_identifier(role);
    const std::string name = plain && plain->name == role ? role : Identifier{role}.sql();
    const bool usual = role.empty() || role == "keyshift";
    return "keyshift sql " + (usual ? "" : "--role " + drivers::in_shell_quotes(name) + " ") + section +
           " | psql -d " + drivers::in_shell_quotes(database);
}

std::vector<std::string> plain_columns(const Gateway& gateway) {
    const Columns& columns = gateway.columns;
    const auto blocked = columns.blocked ? std::optional(columns.blocked->column) : std::nullopt;
    std::vector<std::string> out{columns.id.sql()};
    for (const auto& column : {columns.owner, columns.name, columns.prefix, std::optional(columns.created_at),
                               columns.last_used_at, columns.expires_at, blocked, columns.max_budget,
                               columns.current_spend, columns.legacy, columns.bcrypt_cost}) {
        if (!column) continue;
        if (std::find(out.begin(), out.end(), column->sql()) == out.end()) out.push_back(column->sql());
    }
    return out;
}

std::vector<Identifier> telling_columns(const Gateway& gateway) {
    const Columns& columns = gateway.columns;
    if (columns.legacy) return {*columns.legacy};
    std::vector<Identifier> out;
    if (gateway.legacy_when) out.push_back(gateway.legacy_when->column);
    if (columns.lookup_hash && (out.empty() || *columns.lookup_hash != out.front()))
        out.push_back(*columns.lookup_hash);
    return out;
}

std::vector<std::string> readable_columns(const Gateway& gateway) {
    std::vector<std::string> out = plain_columns(gateway);
    for (const Identifier& column : telling_columns(gateway))
        if (std::find(out.begin(), out.end(), column.sql()) == out.end()) out.push_back(column.sql());
    return out;
}

config::TableName base_table(const Gateway& gateway) {
    return gateway.statements.table.value_or(gateway.table);
}

config::TableName shared_view(const config::TableName& view) {
    return {view.schema, view.name + "_shared"};
}

std::string select_shared(const KeyExpressions& all, const std::string& table, const Identifier& id) {
    const auto hash = all.hash_column();
    if (!hash) return {};
    const std::string modern = "NOT " + all.legacy().legacy;
    return "SELECT " + id.sql() + " FROM " + table + "\nWHERE " + modern + " AND " + hash->sql() +
           " IN (SELECT " + hash->sql() + " FROM " + table + " WHERE " + modern + " GROUP BY " + hash->sql() +
           " HAVING count(*) > 1)";
}

std::string create_activity_index(const Gateway& gateway, const KeyExpressions& expressions) {
    return "CREATE INDEX CONCURRENTLY IF NOT EXISTS keyshift_legacy_activity ON " +
           base_table(gateway).sql() + "\n    (" + expressions.activity() + ") WHERE " +
           expressions.legacy().indexed;
}

}  // namespace keyshift::collectors
