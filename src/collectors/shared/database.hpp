// SPDX-License-Identifier: Apache-2.0
// How the gateway's database is entered, by collectors and by commands alike.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "config/options/options.hpp"
#include "config/options/secret_source.hpp"
#include "drivers/postgres/postgres.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

/// What the server is told where we wait for `timeout`: a little less, so that it gives up first and leaves
/// nothing running behind. Waiting for a lock, at most 2 s, means waiting behind somebody's ALTER TABLE with
/// the gateway's own queries queueing behind us.
drivers::PostgresTransaction::Limits limits_within(base::Duration timeout);
/// For a scan of the whole table, which may take so long, but waits for locks no longer than one of
/// `timeout`.
drivers::PostgresTransaction::Limits limits_within(base::Duration timeout, base::Duration census_timeout);

/// Where the connection string is when the file does not say.
inline constexpr config::SecretNames kDatabaseUrl{.variable = "DATABASE_URL", .credential = "database_url"};

/// Connects with what the secret says now. Errors: those of the secret, of the target and of the driver.
base::Result<void> connect(drivers::Postgres& connection, const config::SecretSource& database_url,
                           base::Deadline deadline);

/// Reports what can be said of `database_url` before anybody is connected to: that it cannot be read, or, as
/// a warning, which of its parameters keyshift does without. It may be another one by then.
void check_database_url(config::OptionsReader& reader, const config::SecretSource& database_url);
/// Its parameters that only another client can use, by name.
std::vector<std::string> skipped_parameters(const config::SecretSource& database_url);

/// A text in SQL: the statements that let the current user read what servers count, where it may not. A role
/// that does not inherit has been given the right in vain; from PostgreSQL 16 on that is of the grant.
inline constexpr const char* kGrantOfStatistics =
    "(SELECT CASE WHEN g.role_inherits AND NOT g.is_member THEN 'GRANT pg_read_all_stats TO ' || g.name || "
    "';' "
    "WHEN g.of_grant THEN 'GRANT pg_read_all_stats TO ' || g.name || ' WITH INHERIT TRUE;' "
    "ELSE 'ALTER ROLE ' || g.name || ' INHERIT; GRANT pg_read_all_stats TO ' || g.name || ';' END "
    "FROM (SELECT '\"' || replace(rolname, '\"', '\"\"') || '\"' AS name, rolinherit AS role_inherits, "
    "pg_has_role(oid, 'pg_read_all_stats', 'MEMBER') AS is_member, "
    "current_setting('server_version_num')::int >= 160000 AS of_grant "
    "FROM pg_roles WHERE rolname = current_user) g)";

/// The OID of a table or view, as text; empty: there is none. Without a schema it is resolved as the role's
/// own queries would find it, but for temporary tables: behind a pooler they are somebody else's. Errors:
/// permission (its schema may not be used), beside the driver's.
base::Result<std::string> find_table(drivers::PostgresTransaction& transaction,
                                     const config::TableName& table, base::Deadline deadline);

/// A server restart shows only when a `reused` connection is used, which is not "down" yet; what has changed
/// is described better by reading it afresh than by the query that failed; and what a standby canceled may
/// well pass the next time.
enum class Reused { no, yes };
bool is_worth_a_second_try(const base::Error& error, const drivers::Postgres& connection, Reused reused);

}  // namespace keyshift::collectors
