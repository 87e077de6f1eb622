// SPDX-License-Identifier: Apache-2.0
#include "journal/described_configuration.hpp"

#include <algorithm>
#include <system_error>

#include "collectors/catalog.hpp"
#include "collectors/keys/keys.hpp"
#include "drivers/dsn/postgres_target.hpp"

namespace keyshift::journal {
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

std::string text_of(const config::HashShape& shape) {
    std::string out = shape.characters == config::HashShape::Characters::hex ? "hex" : "any";
    if (shape.length) out += ", " + std::to_string(*shape.length) + " long";
    if (!shape.begins_with.empty()) out += ", begins with " + shape.begins_with;
    return out;
}

std::string text_of(config::FlagIs is) {
    switch (is) {
        case config::FlagIs::set:
            return "set";
        case config::FlagIs::null:
            return "null";
        case config::FlagIs::yes:
            return "true";
        case config::FlagIs::no:
            break;
    }
    return "false";
}

std::string text_of(const config::FlagTest& test) {
    return test.is == config::FlagIs::yes ? test.column.name : test.column.name + " is " + text_of(test.is);
}

std::string text_of(const config::LegacyWhen& test) {
    std::string out = test.column.name;
    for (const std::string& beginning : test.begins_with) out += " begins with " + beginning;
    if (test.length) out += " is " + std::to_string(*test.length) + " long";
    if (test.is) out += " is " + text_of(*test.is);
    return out;
}

/// Whatever the rows are read by.
std::map<std::string, std::string> columns_of(const config::Gateway& gateway) {
    const config::Columns& columns = gateway.columns;
    std::map<std::string, std::string> out{{"id", columns.id.name}, {"created_at", columns.created_at.name}};
    const auto add = [&out](const char* what, const std::optional<config::Identifier>& column) {
        if (column) out[what] = column->name;
    };
    add("last_used_at", columns.last_used_at);
    add("lookup_hash", columns.lookup_hash);
    add("legacy", columns.legacy);
    add("bcrypt_hash", columns.bcrypt_hash);
    add("bcrypt_cost", columns.bcrypt_cost);
    add("owner", columns.owner);
    add("name", columns.name);
    add("prefix", columns.prefix);
    add("expires_at", columns.expires_at);
    add("max_budget", columns.max_budget);
    add("current_spend", columns.current_spend);
    if (columns.blocked) out["blocked"] = text_of(*columns.blocked);
    if (columns.lookup_shape) out["lookup_hash shape"] = text_of(*columns.lookup_shape);
    if (gateway.legacy_when) out["legacy_when"] = text_of(*gateway.legacy_when);
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
    out.last_used_delay = base::format_duration(config.gateway.last_used_delay);
    out.quiet_period = base::format_duration(config.migration.quiet_period);
    out.promotes_in_place = config.gateway.promotes_in_place;
    out.failure_budget = config.migration.failure_budget;
    const config::TableName& table = config.gateway.table;
    out.table = table.schema.empty() ? table.name : table.schema + "." + table.name;
    out.columns = columns_of(config.gateway);
    for (const config::CollectorConfig& collector : config.collectors) {
        out.collectors.push_back(collector.type);
        const collectors::KeysOptions* const keys = collectors::configured(collector).key_table();
        if (keys != nullptr) describe_database(*keys, out);
    }
    std::sort(out.collectors.begin(), out.collectors.end());
    return out;
}

}  // namespace keyshift::journal
