// SPDX-License-Identifier: Apache-2.0
// keyshift sql: what a database administrator has to run so that keyshift may read, and no more than that.
#include <algorithm>
#include <cstdio>
#include <functional>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/exit_code.hpp"
#include "collectors/key_columns.hpp"

namespace keyshift::app {
namespace {

using collectors::legacy_condition;
using collectors::plain_columns;
using collectors::readable_columns;
using collectors::sql_list;
using config::Columns;
using config::Gateway;
using config::Identifier;
using config::TableName;

/// What the statements are about.
struct Names {
    std::string role;  // quoted
    TableName table;   // the gateway's own
    TableName view;
    const Gateway& gateway;
};

Names names_of(const Gateway& gateway, const std::string& role) {
    const TableName table = collectors::base_table(gateway);
    return {Identifier{role}.sql(), table, {table.schema, "keyshift_keys"}, gateway};
}

/// `name` as the configuration writes it.
std::string yaml(const TableName& name) {
    const auto part = [](const std::string& text) {
        const auto parsed = config::parse_identifier(text);
        return parsed && parsed->name == text ? text : Identifier{text}.sql();
    };
    std::string written = (name.schema.empty() ? "" : part(name.schema) + ".") + part(name.name);
    if (written.find('"') == std::string::npos) return written;
    std::string out = "'";
    for (const char c : written) out += c == '\'' ? "''" : std::string(1, c);
    return out + "'";
}

std::string grant_users(const Names& names) {
    if (!names.gateway.users || !names.gateway.columns.owner) return {};
    const config::Users& users = *names.gateway.users;
    return "-- The addresses of owners, for reports; may be left out.\nGRANT SELECT (" +
           sql_list({users.id.sql(), users.email.sql()}) + ") ON " + users.table.sql() + " TO " + names.role +
           ";\n";
}

std::string role_sql(const Names& names) {
    const Columns& columns = names.gateway.columns;
    std::string out = "-- A role that may do nothing but read what keyshift needs.\nCREATE ROLE " +
                      names.role +
                      " LOGIN CONNECTION LIMIT 5;\n-- It has no password yet, and cannot log in with one. "
                      "Give it one in psql:\n--   \\password " +
                      names.role + "\n";
    for (const char* const setting : {"default_transaction_read_only = on", "statement_timeout = '15min'",
                                      "idle_in_transaction_session_timeout = '1min'"})
        out += "ALTER ROLE " + names.role + " SET " + setting + ";\n";
    out += "GRANT CONNECT ON DATABASE :\"DBNAME\" TO " + names.role + ";\n";
    out += "GRANT USAGE ON SCHEMA " +
           Identifier{names.table.schema.empty() ? "public" : names.table.schema}.sql() + " TO " +
           names.role + ";\n";
    if (!columns.legacy) {
        out +=
            "-- Of the lookup hash keyshift asks only whether it is NULL, for which it needs the right to "
            "read it. "
            "The view\n-- does without.\n";
    }
    out += "GRANT SELECT (" + sql_list(readable_columns(columns)) + ")\n    ON " + names.table.sql() +
           " TO " + names.role + ";\n";
    return out + grant_users(names);
}

std::string view_sql(const Names& names) {
    const Columns& columns = names.gateway.columns;
    std::vector<std::string> shown = plain_columns(columns);
    if (!columns.legacy) shown.push_back(legacy_condition(columns) + " AS legacy");
    if (columns.bcrypt_hash && !columns.bcrypt_cost) {
        const std::string hash = columns.bcrypt_hash->sql();
        shown.push_back("CASE WHEN " + hash + " LIKE '$2_$__$%' THEN substr(" + hash +
                        ", 5, 2) END AS bcrypt_cost");
    }
    return "-- A view without hashes, and no right on the table below it: keyshift then cannot read any "
           "hash.\n"
           "-- Run it as the owner of the table, or as a superuser.\nCREATE VIEW " +
           names.view.sql() + " AS\nSELECT " + sql_list(shown) + "\nFROM " + names.table.sql() +
           ";\nREVOKE ALL ON " + names.table.sql() + " FROM " + names.role + ";\nGRANT SELECT ON " +
           names.view.sql() + " TO " + names.role +
           ";\n-- In keyshift's configuration:\n--   gateway:\n--     table: " + yaml(names.view) +
           "\n--     statements: {table: " + yaml(names.table) + "}\n";
}

std::string index_sql(const Names& names) {
    return "-- Makes the look at what changed cheap where there are some hundred thousand keys. It costs the "
           "gateway an\n-- index entry for each use of a legacy key. Not inside a transaction; drop it after "
           "the "
           "migration.\n" +
           collectors::create_activity_index(names.gateway) + ";\n";
}

std::string statements_sql(const Names& names) {
    return "-- What the gateway does with keys, counted by the database. The library has to be loaded when "
           "PostgreSQL "
           "starts:\n--   SHOW shared_preload_libraries;\n--   ALTER SYSTEM SET shared_preload_libraries = "
           "'pg_stat_statements';   -- and, after commas, what was there\n-- and then a restart. Each name "
           "stands in "
           "quotation marks of its own.\nCREATE EXTENSION IF NOT EXISTS pg_stat_statements;\n"
           "GRANT pg_read_all_stats TO " +
           names.role + ";\n";
}

struct Section {
    std::string_view name;
    std::function<std::string(const Names&)> sql;
};

const std::vector<Section>& sections() {
    static const std::vector<Section> kSections{
        {"role", role_sql}, {"view", view_sql}, {"index", index_sql}, {"statements", statements_sql}};
    return kSections;
}

}  // namespace

int run_sql(const SqlCommand& command) {
    // Before there is a role nobody can connect, which is no problem here.
    const auto file = configuration_file(command.config);
    const config::Loaded loaded = read_configuration(file);
    if (file && !is_sound_but_for_collectors(loaded)) return print_problems(loaded.problems), kConfig;
    const Gateway& gateway = loaded.config.gateway;
    const Names names = names_of(gateway, command.role);
    std::string out = "-- For psql, in the gateway's database: keyshift sql | psql -d DATABASE\n";
    for (const Section& section : sections()) {
        const auto& wanted = command.sections;
        if (wanted.empty() || std::find(wanted.begin(), wanted.end(), section.name) != wanted.end())
            out += "\n" + section.sql(names);
    }
    std::fputs(out.c_str(), stdout);
    return kOk;
}

}  // namespace keyshift::app
