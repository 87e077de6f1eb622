// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_table/table_whereabouts.hpp"

#include <string>
#include <vector>

#include "collectors/key_table/columns.hpp"
#include "collectors/shared/database.hpp"
#include "drivers/dsn/postgres_options.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using config::Identifier;
using config::TableName;
using drivers::PostgresTransaction;

std::string text(std::optional<std::string_view> value) {
    return std::string(value.value_or(""));
}

std::string printable(const TableName& table) {
    return table.schema.empty() ? table.name : table.schema + "." + table.name;
}

/// Which schemas were looked through, where the connection string says so.
std::string on_the_path(const PostgresTransaction& transaction, const TableName& table) {
    if (!table.schema.empty() || transaction.search_path_by().empty()) return {};
    return ", in a schema that " + transaction.search_path_by() + " of database_url names";
}

}  // namespace

Error no_such_table(PostgresTransaction& transaction, const TableName& table, Deadline deadline) {
    Error error{
        Errc::schema,
        "table " + printable(table) + " does not exist in this database" + on_the_path(transaction, table),
        "check the database name in database_url, or set gateway.table (with its schema if it is not on "
        "the search path)"};
    const auto found = transaction.query(
        "SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE'), current_user, c.relname FROM pg_class c "
        "JOIN "
        "pg_namespace n ON n.oid = c.relnamespace WHERE lower(c.relname) = lower($1) AND c.relkind IN ('r', "
        "'p', "
        "'v', 'm', 'f') AND c.relpersistence <> 't' ORDER BY c.relname <> $1, 1 LIMIT 1",
        deadline, {table.name});
    if (!found || found->size() == 0) return error;
    const std::string schema = text(found->at(0, 0));
    if (const std::string name = text(found->at(0, 3)); name != table.name) {
        error.hint =
            "there is one whose name differs by upper and lower case, write it in double quotes, "
            "gateway.table: "
            "'" +
            (table.schema.empty() ? Identifier{name}.sql() : TableName{schema, name}.sql()) + "'";
        return error;
    }
    if (found->at(0, 1) == "t") {
        error.hint =
            "there is one in another schema, set gateway.table: " + TableName{schema, table.name}.sql();
        return error;
    }
    error.code = Errc::permission;
    error.what += " for this user";
    error.hint = "there is one in a schema that it may not use, run: GRANT USAGE ON SCHEMA " +
                 Identifier{schema}.sql() + " TO " + Identifier{text(found->at(0, 2))}.sql() + ";";
    return error;
}

Error of_an_older_view(Error error, PostgresTransaction& transaction, const config::Gateway& gateway,
                       Deadline deadline) {
    if (error.code != Errc::schema || !gateway.statements.table) return error;
    const auto oid = find_table(transaction, gateway.table, deadline);
    if (!oid || oid->empty()) return error;
    const auto below = find_table(transaction, *gateway.statements.table, deadline);
    if (!below || below->empty()) return error;
    const std::vector<std::string> wanted = readable_columns(gateway);
    const auto view = transaction.query(
        "SELECT current_database(), (SELECT rolname FROM pg_roles WHERE rolname = current_user AND NOT "
        "rolsuper) FROM pg_class c WHERE c.oid = $1::oid AND c.relkind = 'v' AND "
        "(SELECT count(*) FROM pg_attribute a WHERE a.attrelid = $2::oid AND NOT a.attisdropped AND "
        "'\"' || replace(a.attname, '\"', '\"\"') || '\"' = ANY ($3::text[])) = $4::int",
        deadline, {*oid, *below, drivers::postgres_array(wanted), std::to_string(wanted.size())});
    if (!view || view->size() == 0) return error;
    error.hint = "the view is older than the configuration; as the table's owner, run: " +
                 sql_command("view", text(view->at(0, 1)), text(view->at(0, 0)));
    return error;
}

}  // namespace keyshift::collectors
