// SPDX-License-Identifier: Apache-2.0
#include "app/described_configuration.hpp"

#include <algorithm>
#include <any>
#include <system_error>

#include "collectors/keys.hpp"
#include "drivers/postgres_target.hpp"

namespace keyshift::app {
namespace {

std::string name_of(config::FallbackAssertion assertion) {
    switch (assertion) {
        case config::FallbackAssertion::present:
            return "present";
        case config::FallbackAssertion::absent:
            return "absent";
        case config::FallbackAssertion::detect:
            break;
    }
    return "detect";
}

std::map<std::string, std::string> columns_of(const config::Columns& columns) {
    std::map<std::string, std::string> out{{"id", columns.id.name},
                                           {"created_at", columns.created_at.name},
                                           {"last_used_at", columns.last_used_at.name}};
    const auto add = [&out](const char* what, const std::optional<config::Identifier>& column) {
        if (column) out[what] = column->name;
    };
    add("lookup_hash", columns.lookup_hash);
    add("legacy", columns.legacy);
    add("bcrypt_hash", columns.bcrypt_hash);
    add("bcrypt_cost", columns.bcrypt_cost);
    add("owner", columns.owner);
    add("name", columns.name);
    add("prefix", columns.prefix);
    add("expires_at", columns.expires_at);
    add("blocked", columns.blocked);
    add("max_budget", columns.max_budget);
    add("current_spend", columns.current_spend);
    return out;
}

/// Where the key table is, unless its secret cannot be read here.
void describe_database(const collectors::KeysOptions& options, api::Configuration& out) {
    if (!options.database_url.given()) return;
    const auto url = options.database_url.read();
    const auto target = url ? drivers::PostgresTarget::parse(*url) : url.error();
    if (!target) return;
    out.database = target->printable;
    out.database_by_environment = options.database_url.origin().find("DATABASE_URL") != std::string::npos;
}

}  // namespace

api::Configuration described(const config::Config& config, const std::optional<std::filesystem::path>& file,
                             std::optional<base::Time> loaded_at) {
    api::Configuration out;
    if (file) {
        std::error_code ignored;
        const auto absolute = std::filesystem::absolute(*file, ignored);
        out.file = (absolute.empty() ? *file : absolute).lexically_normal().string();
    }
    out.loaded_at = loaded_at;
    out.drain_window = base::format_duration(config.migration.drain_window);
    out.dormant_after = base::format_duration(config.migration.dormant_after);
    out.inventory = config.migration.strict_inventory ? "strict" : "lenient";
    out.fallback = name_of(config.gateway.fallback);
    out.promotes_in_place = config.gateway.promotes_in_place;
    out.failure_budget = config.migration.failure_budget;
    const config::TableName& table = config.gateway.table;
    out.table = table.schema.empty() ? table.name : table.schema + "." + table.name;
    out.columns = columns_of(config.gateway.columns);
    for (const config::CollectorConfig& collector : config.collectors) {
        out.collectors.push_back(collector.type);
        const auto* const keys = std::any_cast<collectors::KeysOptions>(&collector.options);
        if (keys != nullptr) describe_database(*keys, out);
    }
    std::sort(out.collectors.begin(), out.collectors.end());
    return out;
}

}  // namespace keyshift::app
