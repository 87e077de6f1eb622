// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared/provider.hpp"

#include <algorithm>
#include <array>

namespace keyshift::collectors {
namespace {

constexpr std::string_view kStatistics = "pg_stat_statements";

struct Sign {
    std::string_view catalog;
    std::string_view name;
    Provider provider;
};
constexpr std::string_view kRole = "SELECT rolname::text FROM pg_roles WHERE rolname = '";
constexpr std::string_view kSchema = "SELECT nspname::text FROM pg_namespace WHERE nspname = '";
/// In this order: AlloyDB has Cloud SQL's role as well.
constexpr auto kSigns = std::to_array<Sign>({
    {kRole, "rdsadmin", Provider::rds},
    {kRole, "alloydbadmin", Provider::alloydb},
    {kRole, "cloudsqladmin", Provider::cloud_sql},
    {kRole, "azuresu", Provider::azure},
    {kRole, "azure_pg_admin", Provider::azure},
    {kRole, "supabase_admin", Provider::supabase},
    {kRole, "neon_superuser", Provider::neon},
    {kSchema, "heroku_ext", Provider::heroku},
});

/// Where parameters are set; empty: nowhere, by a customer.
std::string_view place_of(Provider provider) {
    switch (provider) {
        case Provider::rds:
            return "in the DB parameter group (Aurora: of the cluster)";
        case Provider::cloud_sql:
        case Provider::alloydb:
            return "as a database flag of the instance";
        case Provider::azure:
            return "under server parameters";
        case Provider::supabase:
            return "by supabase postgres-config update";
        case Provider::neon:
        case Provider::heroku:
        case Provider::nobody:
            break;
    }
    return {};
}

/// Whether the service loads pg_stat_statements by itself.
bool is_loaded_by_service(Provider provider) {
    return provider == Provider::cloud_sql || provider == Provider::alloydb ||
           provider == Provider::supabase || provider == Provider::neon || provider == Provider::heroku;
}

}  // namespace

std::string provider_signs() {
    std::string all;
    for (const Sign& sign : kSigns)
        all += (all.empty() ? "" : " UNION ALL ") + std::string(sign.catalog) + std::string(sign.name) + "'";
    return "(SELECT string_agg(sign, ',') FROM (" + all + ") s(sign))";
}

Provider provider_of(std::optional<std::string_view> signs) {
    for (const Sign& sign : kSigns) {
        for (std::string_view rest = signs.value_or(""); !rest.empty();) {
            const std::size_t end = std::min(rest.find(','), rest.size());
            if (rest.substr(0, end) == sign.name) return sign.provider;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return Provider::nobody;
}

std::string set_parameter(Provider provider, const std::string& name, const std::string& value,
                          bool restart) {
    if (provider == Provider::nobody)
        return "run: ALTER SYSTEM SET " + name + " = " + value +
               (restart ? "; then restart PostgreSQL" : "; SELECT pg_reload_conf();");
    const std::string_view place = place_of(provider);
    if (place.empty()) return "ask the service's support to set " + name + " to " + value;
    std::string bare = value;
    if (bare.size() > 1 && bare.front() == '\'' && bare.find('\'', 1) == bare.size() - 1)
        bare = bare.substr(1, bare.size() - 2);
    return "set " + name + " to " + bare + " " + std::string(place) + (restart ? ", and restart it" : "");
}

std::string load_statistics(Provider provider, const std::string& others) {
    if (provider == Provider::nobody)
        return "run: ALTER SYSTEM SET shared_preload_libraries = " + others +
               "'pg_stat_statements'; then restart PostgreSQL";
    if (is_loaded_by_service(provider))
        return "the service loads it unless somebody has switched that off: look at its settings, or ask its "
               "support";
    return "add " + std::string(kStatistics) + " to shared_preload_libraries " +
           std::string(place_of(provider)) + ", and restart it";
}

std::string as_administrator(Provider provider) {
    switch (provider) {
        case Provider::rds:
            return "as a member of rds_superuser";
        case Provider::cloud_sql:
            return "as a member of cloudsqlsuperuser";
        case Provider::alloydb:
            return "as a member of alloydbsuperuser";
        case Provider::azure:
            return "as a member of azure_pg_admin";
        case Provider::supabase:
            return "as postgres, in its SQL editor";
        case Provider::neon:
            return "as a member of neon_superuser";
        case Provider::heroku:
            return "as the database's owner (heroku pg:psql)";
        case Provider::nobody:
            break;
    }
    return "as superuser";
}

}  // namespace keyshift::collectors
