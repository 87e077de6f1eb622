// SPDX-License-Identifier: Apache-2.0
// keyshift sql: what a database administrator has to run so that keyshift may read, and no more than that.
#include <algorithm>
#include <cstdio>
#include <functional>

#include "base/exit_code.hpp"
#include "collectors/catalog.hpp"
#include "collectors/configuration.hpp"
#include "collectors/key_table/columns.hpp"
#include "collectors/keys/keys.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "drivers/dsn/postgres_target.hpp"

namespace keyshift::commands {
namespace {

using collectors::KeyExpressions;
using collectors::plain_columns;
using collectors::readable_columns;
using collectors::sql_list;
using config::Columns;
using config::Gateway;
using config::Identifier;
using config::TableName;

/// What the statements are about.
struct Names {
    std::string role_name;
    std::string role;  // quoted
    TableName table;   // what is granted: the gateway's own, or a view of the operator's own
    TableName view;
    bool own_view;  // `table` is a view that the configuration puts before the gateway's own table
    const Gateway& gateway;
};

Names names_of(const Gateway& gateway, const std::string& role) {
    const TableName base = collectors::base_table(gateway);
    const bool own_view = gateway.table != base && gateway.table.name != collectors::kViewName;
    return {role,
            Identifier{role}.sql(),
            own_view ? gateway.table : base,
            {base.schema, std::string(collectors::kViewName)},
            own_view,
            gateway};
}

/// Without a database the types of columns are not known.
KeyExpressions expressions(const Gateway& gateway) {
    return {gateway, [](const Identifier&) { return std::string(); }, ""};
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

std::string comment(const std::string& text) {
    return "-- " + text + "\n";
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
    std::string out =
        comment("A role that may do nothing but read what keyshift needs.") + "SELECT " +
        collectors::sql_text("CREATE ROLE " + names.role + " LOGIN CONNECTION LIMIT 5") +
        "\n    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = " +
        collectors::sql_text(names.role_name) + ") \\gexec\n" +
        comment("A new one has no password yet, and cannot log in with one. Give it one in psql:") +
        comment("  \\password " + names.role);
    for (const char* const setting : {"default_transaction_read_only = on", "statement_timeout = '15min'",
                                      "idle_in_transaction_session_timeout = '1min'"})
        out += "ALTER ROLE " + names.role + " SET " + setting + ";\n";
    out += "GRANT CONNECT ON DATABASE :\"DBNAME\" TO " + names.role + ";\n";
    out += "GRANT USAGE ON SCHEMA " +
           Identifier{names.table.schema.empty() ? "public" : names.table.schema}.sql() + " TO " +
           names.role + ";\n";
    if (!columns.legacy) {
        out +=
            "-- Of a hash keyshift asks only whether it is one, for which it needs the right to read it. The "
            "view\n-- does without.\n";
    }
    out += "GRANT SELECT (" + sql_list(readable_columns(names.gateway)) + ")\n    ON " + names.table.sql() +
           " TO " + names.role + ";\n";
    return out + grant_users(names);
}

/// The columns of the view: what is plain, and in place of hashes what they come to.
std::vector<std::string> view_columns(const Gateway& gateway) {
    const Columns& columns = gateway.columns;
    std::vector<std::string> shown = plain_columns(gateway);
    if (!columns.legacy) {
        const collectors::LegacySql legacy = expressions(gateway).legacy();
        const auto as = [&](const std::string& sql, std::string_view name) {
            shown.push_back(sql + " AS " + std::string(name));
        };
        as(legacy.legacy, collectors::kViewLegacy);
        as(legacy.indexed, collectors::kViewIndexed);
        as(legacy.kind, collectors::kViewKind);
    }
    if (columns.bcrypt_hash && !columns.bcrypt_cost) {
        const std::string hash = columns.bcrypt_hash->sql();
        shown.push_back("CASE WHEN " + hash + " LIKE '$2_$__$%' THEN substr(" + hash +
                        ", 5, 2) END AS bcrypt_cost");
    }
    return shown;
}

/// Made, and then put in the place of an earlier one. Inside a transaction: what fails leaves that one where
/// it was. Nothing but statements that define: what reads the key table would be seen in pg_stat_statements.
std::string make_view(const TableName& view, const std::string& select, const Names& names) {
    const TableName made{view.schema, view.name + "_new"};
    return "CREATE VIEW " + made.sql() + " AS\n" + select + ";\nGRANT SELECT ON " + made.sql() + " TO " +
           names.role + ";\nDROP VIEW IF EXISTS " + view.sql() + ";\nALTER VIEW " + made.sql() +
           " RENAME TO " + Identifier{view.name}.sql() + ";\n";
}

std::string view_sql(const Names& names) {
    if (names.own_view) {
        return comment("keyshift reads " + names.table.sql() + ", a view of your own, and needs no other.");
    }
    const std::string table = names.table.sql();
    std::string out =
        comment(
            "A view without hashes, and no right on the table below it: keyshift then cannot "
            "read any hash.") +
        comment("Run it as the owner of the table, or as a superuser.") + "BEGIN;\n" +
        make_view(names.view, "SELECT " + sql_list(view_columns(names.gateway)) + "\nFROM " + table, names);
    const std::string shared =
        collectors::select_shared(expressions(names.gateway), table, names.gateway.columns.id);
    if (!shared.empty()) {
        out += comment("The ids of keys whose lookup hash stands in another row too: it is a placeholder.") +
               make_view(collectors::shared_view(names.view), shared, names);
    }
    return out + "REVOKE ALL ON " + table + " FROM " + names.role +
           ";\nCOMMIT;\n-- In keyshift's configuration, which finds the view by itself where there is no "
           "right on the "
           "table:\n--   gateway:\n--     table: " +
           yaml(names.view) + "\n--     statements: {table: " + yaml(names.table) + "}\n";
}

/// All columns on which the index would be, as a list of texts.
std::string indexed_columns(const Gateway& gateway) {
    std::vector<std::string> out{collectors::sql_text(gateway.columns.created_at.name)};
    if (gateway.columns.last_used_at) out.push_back(collectors::sql_text(gateway.columns.last_used_at->name));
    for (const Identifier& column : collectors::telling_columns(gateway))
        out.push_back(collectors::sql_text(column.name));
    return sql_list(out);
}

/// The table and its partitions, at any depth: part(oid, kind).
std::string with_parts(const std::string& table) {
    return "part(oid, kind) AS (\n    SELECT oid, relkind FROM pg_class WHERE oid = " + table +
           "\n    UNION ALL SELECT c.oid, c.relkind FROM part JOIN pg_inherits i ON i.inhparent = part.oid "
           "AND part.kind = 'p'\n    JOIN pg_class c ON c.oid = i.inhrelid)";
}

/// The expression of the index: activity(words). What does not depend on settings alone can be in one.
std::string with_activity(const std::string& table, const Columns& columns) {
    const std::string created = collectors::sql_text(columns.created_at.name);
    const std::string times =
        created + (columns.last_used_at ? ", " + collectors::sql_text(columns.last_used_at->name) : "");
    return "typed(name, oid) AS (\n    SELECT attname, atttypid FROM pg_attribute WHERE attrelid = " + table +
           " AND attname IN (" + times +
           ")\n    UNION SELECT d.name, y.typbasetype FROM typed d JOIN pg_type y ON y.oid = d.oid AND "
           "y.typtype = 'd'),\n"
           "moment AS (SELECT d.name, d.oid FROM typed d JOIN pg_type y ON y.oid = d.oid AND y.typtype <> "
           "'d'),\n"
           "activity AS (\n    SELECT CASE WHEN count(*) = 1 AND bool_and(alike) THEN quote_ident(max(name)) "
           "ELSE\n"
           "        'greatest(' || string_agg(quote_ident(name) || CASE WHEN alike THEN ''\n"
           "        WHEN oid = 'timestamp'::regtype THEN ' AT TIME ZONE ''UTC'''\n"
           "        WHEN oid = 'date'::regtype THEN '::timestamp AT TIME ZONE ''UTC'''\n"
           "        ELSE '' END, ', ' ORDER BY name <> " +
           created +
           ") || ')' END AS words\n    FROM moment, LATERAL (SELECT count(DISTINCT m.oid) = 1 AND "
           "bool_and(m.oid <> 'date'::regtype) AS alike\n        FROM moment m) a)";
}

/// What the table is decides how the index is made, and the types of the two columns how they are brought to
/// one: psql asks for them. A partition gets its own without a lock; that of the table then adopts it.
std::string index_by_catalog(const Names& names) {
    const std::string table = collectors::sql_text(names.table.sql()) + "::regclass";
    const std::string legacy = collectors::sql_text(expressions(names.gateway).legacy().indexed);
    return "WITH RECURSIVE " + with_parts(table) + ",\n" + with_activity(table, names.gateway.columns) +
           ",\nunfit AS (SELECT string_agg(quote_ident(attname), ', ') AS names FROM pg_attribute WHERE "
           "attrelid = " +
           table + "\n    AND attgenerated = 'v' AND attname IN (" + indexed_columns(names.gateway) +
           "))\nSELECT CASE WHEN names IS NOT NULL\n"
           "    THEN format('SELECT %L AS keyshift', 'no index can be made: ' || names || ' is generated and "
           "virtual')\n"
           "    ELSE format('CREATE INDEX ' || CASE WHEN kind = 'p' THEN '' ELSE 'CONCURRENTLY ' END ||\n"
           "        'IF NOT EXISTS keyshift_legacy_activity%s ON %s (%s) WHERE %s',\n"
           "        CASE WHEN part.oid = " +
           table + " THEN '' ELSE '_' || part.oid END, part.oid::regclass, words,\n        " + legacy +
           ") END\nFROM part, activity, unfit\nWHERE CASE WHEN names IS NOT NULL OR kind = 'p' THEN part.oid "
           "= " +
           table + " ELSE kind IN ('r', 'm') END\nORDER BY kind = 'p' \\gexec\n";
}

std::string index_sql(const Names& names) {
    if (names.own_view) {
        return comment("No index: " + names.table.sql() +
                       " is a view of your own, and only what it does with the " + "columns of") +
               comment("its table tells which index would serve it.");
    }
    return comment(
               "Makes the poll of what changed cheap where there are some hundred thousand keys. It costs "
               "the "
               "gateway an") +
           comment(
               "index entry for each use of a legacy key. Not inside a transaction; drop it after the "
               "migration. psql") +
           comment("asks what the table is: a partition gets its own, CONCURRENTLY; a view gets none.") +
           index_by_catalog(names);
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

/// The one schema in which database_url has keyshift look for tables; empty: there is none such, or several.
std::string chosen_schema(const config::Config& config) {
    for (const config::CollectorConfig& collector : config.collectors) {
        const collectors::KeysOptions* const keys = collectors::configured(collector).key_table();
        if (keys == nullptr || !keys->database_url.given()) continue;
        const auto url = keys->database_url.read();
        const auto target = url ? drivers::PostgresTarget::parse(*url) : url.error();
        if (!target) return {};
        for (const auto& [name, value] : target->settings) {
            const auto schema = name == "search_path" ? config::parse_identifier(value) : Identifier{};
            if (schema && !schema->name.empty()) return schema->name;
        }
    }
    return {};
}

/// psql looks for tables elsewhere.
void qualify(Gateway& gateway, const std::string& schema) {
    const auto in_it = [&schema](TableName& table) {
        if (table.schema.empty()) table.schema = schema;
    };
    in_it(gateway.table);
    if (gateway.users) in_it(gateway.users->table);
    if (gateway.statements.table) in_it(*gateway.statements.table);
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
    const config::Loaded loaded = collectors::read_configuration(file);
    if (file && !is_sound_but_for_collectors(loaded)) return print_problems(loaded.problems), base::kConfig;
    Gateway gateway = loaded.config.gateway;
    if (const std::string schema = chosen_schema(loaded.config); !schema.empty()) qualify(gateway, schema);
    const Names names = names_of(gateway, command.role);
    std::string out =
        "-- For psql, in the gateway's database: keyshift sql | psql -d DATABASE\n"
        "-- It may be run again. What fails changes nothing, and ends it.\n\\set ON_ERROR_STOP on\n";
    for (const Section& section : sections()) {
        const auto& wanted = command.sections;
        if (wanted.empty() || std::find(wanted.begin(), wanted.end(), section.name) != wanted.end())
            out += "\n" + section.sql(names);
    }
    std::fputs(out.c_str(), stdout);
    return base::kOk;
}

}  // namespace keyshift::commands
