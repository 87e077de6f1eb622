// SPDX-License-Identifier: Apache-2.0
#include "config/gateway.hpp"

#include <algorithm>
#include <array>

#include "config/preset.hpp"
#include "formats/statement_shape.hpp"

namespace keyshift::config {
namespace {

/// An identifier, but not what people write who mean `null`.
base::Result<Identifier> parse_optional_column(std::string_view text) {
    for (const std::string_view no : {"false", "no", "off", "none"}) {
        if (text == no) {
            return base::Error{base::Errc::config, "is not a column",
                               "write null when the table has no such column"};
        }
    }
    return parse_identifier(text);
}

template <class T>
T required(OptionsReader& options, std::string_view key, const T& fallback, const Parse<T>& parse) {
    const bool missing = fallback.name.empty() && !options.has(key);
    if (missing) options.problem(key, "is not given", "give it: the preset custom has no default");
    return options.parsed<T>(key, fallback, fallback.name.empty() ? "null" : fallback.name, parse);
}

void column(OptionsReader& options, std::string_view key, Identifier& value) {
    value = required<Identifier>(options, key, value, parse_identifier);
}

void column(OptionsReader& options, std::string_view key, std::optional<Identifier>& value) {
    value =
        options.parsed_or_null<Identifier>(key, value, value ? value->name : "null", parse_optional_column);
}

void read_columns(OptionsReader options, Columns& columns) {
    column(options, "id", columns.id);
    column(options, "lookup_hash", columns.lookup_hash);
    column(options, "legacy", columns.legacy);
    column(options, "bcrypt_hash", columns.bcrypt_hash);
    column(options, "bcrypt_cost", columns.bcrypt_cost);
    column(options, "owner", columns.owner);
    column(options, "name", columns.name);
    column(options, "prefix", columns.prefix);
    column(options, "created_at", columns.created_at);
    column(options, "last_used_at", columns.last_used_at);
    column(options, "expires_at", columns.expires_at);
    column(options, "blocked", columns.blocked);
    column(options, "max_budget", columns.max_budget);
    column(options, "current_spend", columns.current_spend);
    if (!columns.lookup_hash && !columns.legacy) {
        options.problem("", "has neither lookup_hash nor legacy",
                        "name the column that tells legacy keys from modern ones");
    }
    if (columns.max_budget.has_value() != columns.current_spend.has_value()) {
        options.problem(columns.max_budget ? "max_budget" : "current_spend", "is of no use alone",
                        "name both max_budget and current_spend, or set both to null");
    }
}

/// Without a table of users there is nothing else to read, but the keys stay known.
std::optional<Users> read_users(OptionsReader options, const std::optional<Users>& preset) {
    const Users fallback = preset.value_or(Users{});
    const std::optional<TableName> fallback_table =
        preset ? std::optional<TableName>(preset->table) : std::nullopt;
    const auto table =
        options.parsed_or_null<TableName>("table", fallback_table, fallback.table.name, parse_table_name);
    Users users;
    const auto read = [&](std::string_view key, const Identifier& name) {
        return options.parsed<Identifier>(key, name.name.empty() ? Identifier{std::string(key)} : name, key,
                                          parse_identifier);
    };
    users.id = read("id", fallback.id);
    users.email = read("email", fallback.email);
    if (!table) return std::nullopt;
    users.table = *table;
    return users;
}

using Patterns = std::optional<std::vector<std::string>>;

StatementTexts read_statements(OptionsReader options, const StatementTexts& preset) {
    const auto patterns = [&](std::string_view key, const Patterns& presumed) -> Patterns {
        const auto given = options.parsed_list_or_null<std::string>(
            key, [](std::string_view text) -> base::Result<std::string> {
                const auto pattern = formats::StatementPattern::parse(text);
                if (!pattern) return base::Error{base::Errc::config, "is no pattern", pattern.error().what};
                return std::string(text);
            });
        if (!options.has(key)) return presumed;
        return given == std::vector<std::string>{"none"} ? std::vector<std::string>() : given;
    };
    StatementTexts texts;
    texts.table = options.parsed_or_null<TableName>("table", std::nullopt, "null", parse_table_name);
    texts.lookup = patterns("lookup", preset.lookup);
    texts.by_id = patterns("by_id", preset.by_id);
    texts.touch = patterns("touch", preset.touch);
    texts.scan = patterns("scan", preset.scan);
    texts.promote = patterns("promote", preset.promote);
    return texts;
}

}  // namespace

Gateway read_gateway(OptionsReader options) {
    const auto preset = options.choice<Preset>("preset",
                                               {
#define PRESET(name) {#name, Preset::name},
#include "config/presets.def"
#undef PRESET
                                               },
                                               Preset{});
    Gateway gateway = facts_of(preset).gateway;
    gateway.preset = preset;
    gateway.table = required<TableName>(options, "table", gateway.table, parse_table_name);
    read_columns(options.section("columns"), gateway.columns);
    gateway.users = read_users(options.section("users"), gateway.users);
    gateway.statements = read_statements(options.section("statements"), gateway.statements);
    gateway.promotes_in_place = options.choice<bool>("promotes_in_place", {{"false", false}, {"true", true}},
                                                     gateway.promotes_in_place);
    gateway.fallback = options.choice<FallbackAssertion>("fallback",
                                                         {{"detect", FallbackAssertion::detect},
                                                          {"present", FallbackAssertion::present},
                                                          {"absent", FallbackAssertion::absent}},
                                                         FallbackAssertion::detect);
    return gateway;
}

}  // namespace keyshift::config
