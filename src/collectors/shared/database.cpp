// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared/database.hpp"

#include <algorithm>

#include "collectors/shared/skipped_parameters.hpp"
#include "drivers/dsn/postgres_options.hpp"
#include "drivers/dsn/postgres_target.hpp"

namespace keyshift::collectors {

using base::Errc;

drivers::PostgresTransaction::Limits limits_within(base::Duration timeout) {
    return {timeout * 9 / 10, std::min<base::Duration>(std::chrono::seconds{2}, timeout / 2)};
}

drivers::PostgresTransaction::Limits limits_within(base::Duration timeout, base::Duration census_timeout) {
    return {limits_within(census_timeout).statement, limits_within(timeout).lock};
}

base::Result<void> connect(drivers::Postgres& connection, const config::SecretSource& database_url,
                           base::Deadline deadline) {
    const auto url = database_url.read();
    if (!url) return url.error();
    const auto target = drivers::PostgresTarget::parse(*url);
    if (!target) return target.error();
    return connection.connect(*target, deadline);
}

void check_database_url(config::OptionsReader& reader, const config::SecretSource& database_url) {
    const auto url = database_url.read();
    if (!url) return;  // said already
    const std::string key = reader.has("database_url_file") ? "database_url_file" : "database_url";
    const auto target = drivers::PostgresTarget::parse(*url);
    if (!target) return reader.problem(key, target.error().what, target.error().hint);
    warn_of_skipped(reader, key, target->skipped);
}

std::vector<std::string> skipped_parameters(const config::SecretSource& database_url) {
    const auto url = database_url.read();
    const auto target = url ? drivers::PostgresTarget::parse(*url) : url.error();
    return target ? target->skipped : std::vector<std::string>();
}

base::Result<std::string> find_table(drivers::PostgresTransaction& transaction,
                                     const config::TableName& table, base::Deadline deadline) {
    const std::string path =
        table.schema.empty() ? transaction.schemas() : drivers::postgres_array({table.schema});
    const auto rows = transaction.query(
        "SELECT c.oid, has_schema_privilege(n.oid, 'USAGE'), current_user FROM unnest($1::text[]) WITH "
        "ORDINALITY AS s(name, place) JOIN pg_namespace n ON n.nspname = s.name JOIN pg_class c ON "
        "c.relnamespace = n.oid WHERE c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND "
        "c.relpersistence <> 't' ORDER BY s.place LIMIT 1",
        deadline, {path, table.name});
    if (!rows) return rows.error();
    if (rows->size() == 0) return std::string();
    if (rows->at(0, 1) != "t") {
        return base::Error{Errc::permission,
                           "user " + std::string(rows->at(0, 2).value_or("")) +
                               " may not use the schema of table " + table.schema + "." + table.name,
                           "run: GRANT USAGE ON SCHEMA " + config::Identifier{table.schema}.sql() + " TO " +
                               config::Identifier{std::string(rows->at(0, 2).value_or(""))}.sql() + ";"};
    }
    return std::string(rows->at(0, 0).value_or(""));
}

bool is_worth_a_second_try(const base::Error& error, const drivers::Postgres& connection, Reused reused) {
    if (connection.recovery_conflict()) return true;
    return reused == Reused::yes &&
           (error.code == Errc::connect || error.code == Errc::schema || error.code == Errc::permission);
}

}  // namespace keyshift::collectors
