// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/clock_examine.hpp"

#include <algorithm>
#include <vector>

#include "base/utf8.hpp"
#include "collectors/key_table/columns.hpp"
#include "drivers/dsn/postgres_options.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Result;
using config::Identifier;
using config::TableName;

/// Where the zone of the database explains nothing.
constexpr const char* kNobodysZone = "ZONE";

std::string written(const TableName& table) {
    return (table.schema.empty() ? "" : table.schema + ".") + table.name;
}

/// The view can only be of a table whose columns are there as they are configured.
std::string remedy_of(const KeyTableSnapshot& table, const std::vector<std::string>& quoted,
                      const std::string& zone, const std::string& user) {
    std::string out = "let the gateway write UTC into it, or a timestamptz";
    if (table.source.table().ends_with("." + std::string(kViewName))) return out;
    const TableName view{table.gateway.table.schema, "keyshift_times"};
    std::vector<std::string> shown;
    for (const std::string& column : readable_columns(table.gateway)) {
        const bool zoneless = std::find(quoted.begin(), quoted.end(), column) != quoted.end();
        shown.push_back(zoneless ? column + " AT TIME ZONE " + sql_text(zone) + " AS " + column : column);
    }
    std::string columns;
    for (const std::string& column : shown) columns += (columns.empty() ? "" : ", ") + column;
    out += zone == kNobodysZone ? ", or, with its zone for ZONE," : ", or,";
    return out + " as the table's owner, run: CREATE OR REPLACE VIEW " + view.sql() + " AS SELECT " +
           columns + " FROM " + table.gateway.table.sql() + "; GRANT SELECT ON " + view.sql() + " TO " +
           Identifier{user}.sql() + ";\nand set gateway: {table: " + written(view) +
           ", statements: {table: " + written(base_table(table.gateway)) + "}}";
}

}  // namespace

Result<std::optional<ZonelessColumns>> zoneless_columns(const KeyTableSnapshot& table, Deadline deadline) {
    std::vector<std::string> names;
    for (const auto& column : {std::optional(table.gateway.columns.created_at),
                               table.gateway.columns.last_used_at, table.gateway.columns.expires_at})
        if (column) names.push_back(column->name);
    const auto rows = table.transaction.query(
        "SELECT a.attname, z.reset_val, extract(epoch FROM (now() AT TIME ZONE z.reset_val) - (now() AT TIME "
        "ZONE 'UTC'))::bigint, current_user FROM pg_attribute a, pg_settings z WHERE z.name = 'TimeZone' AND "
        "a.attrelid = $1::regclass AND a.attname = ANY ($2::text[]) AND NOT a.attisdropped AND a.atttypid = "
        "'timestamp'::regtype ORDER BY a.attnum",
        deadline, {table.source.table(), drivers::postgres_array(names)});
    if (!rows) return rows.error();
    if (rows->size() == 0) return std::optional<ZonelessColumns>();
    ZonelessColumns out;
    std::vector<std::string> quoted;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const std::string name(rows->at(i, 0).value_or(""));
        out.names += (out.names.empty() ? "" : ", ") + base::escape_unsafe(name);
        quoted.push_back(Identifier{name}.sql());
    }
    out.zone = rows->at(0, 1).value_or("UTC");
    out.offset = std::chrono::seconds(std::stoll(std::string(rows->at(0, 2).value_or("0"))));
    const std::string zone = out.offset == base::Duration{0} ? kNobodysZone : out.zone;
    out.remedy = remedy_of(table, quoted, zone, std::string(rows->at(0, 3).value_or("")));
    return std::optional(std::move(out));
}

}  // namespace keyshift::collectors
