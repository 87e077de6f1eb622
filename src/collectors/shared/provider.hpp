// SPDX-License-Identifier: Apache-2.0
// Who runs the database server, as far as it says so of itself: where nobody is superuser, remedies are
// others. docs/managed-databases.md says the same for people. Pure: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keyshift::collectors {

enum class Provider {
    nobody,  ///< who runs it is superuser
    rds,     ///< Amazon RDS and Aurora
    cloud_sql,
    alloydb,
    azure,  ///< Azure Database for PostgreSQL
    supabase,
    neon,
    heroku,
};

/// A text in SQL, which any role may ask: what provider_of() takes. Each service has a role of its own in
/// every server; Heroku has a schema.
std::string provider_signs();

Provider provider_of(std::optional<std::string_view> signs);

/// How `name` is set to `value`, as a remedy: one clause. `restart`: it holds only after one.
std::string set_parameter(Provider provider, const std::string& name, const std::string& value, bool restart);
/// How pg_stat_statements is loaded, where `others` are loaded already ("'a', 'b', " or empty).
std::string load_statistics(Provider provider, const std::string& others);
/// Who may run what needs more than keyshift's role has: "as superuser", "as a member of rds_superuser".
std::string as_administrator(Provider provider);

}  // namespace keyshift::collectors
