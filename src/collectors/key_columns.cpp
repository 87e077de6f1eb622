// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_columns.hpp"

#include <optional>

namespace keyshift::collectors {

using config::Columns;

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

std::vector<std::string> plain_columns(const Columns& columns) {
    std::vector<std::string> out{columns.id.sql()};
    for (const auto& column :
         {columns.owner, columns.name, columns.prefix, std::optional(columns.created_at),
          std::optional(columns.last_used_at), columns.expires_at, columns.blocked, columns.max_budget,
          columns.current_spend, columns.legacy, columns.bcrypt_cost})
        if (column) out.push_back(column->sql());
    return out;
}

std::vector<std::string> readable_columns(const Columns& columns) {
    std::vector<std::string> out = plain_columns(columns);
    if (!columns.legacy) out.push_back(columns.lookup_hash->sql());
    return out;
}

std::string legacy_condition(const Columns& columns) {
    return columns.legacy ? columns.legacy->sql() : columns.lookup_hash->sql() + " IS NULL";
}

config::TableName base_table(const config::Gateway& gateway) {
    return gateway.statements.table.value_or(gateway.table);
}

std::string create_activity_index(const config::Gateway& gateway) {
    const Columns& columns = gateway.columns;
    return "CREATE INDEX CONCURRENTLY IF NOT EXISTS keyshift_legacy_activity ON " +
           base_table(gateway).sql() + "\n    (greatest(" + columns.created_at.sql() + ", " +
           columns.last_used_at.sql() + ")) WHERE " + legacy_condition(columns);
}

}  // namespace keyshift::collectors
