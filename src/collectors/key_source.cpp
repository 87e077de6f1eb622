// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_source.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <vector>

#include "collectors/database.hpp"
#include "drivers/postgres_options.hpp"

namespace keyshift::collectors {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using config::Gateway;
using config::Identifier;
using drivers::PostgresTransaction;

/// What the catalog says about the columns of a table. None: no such table.
struct KeySource::Columns {
    struct Column {
        bool readable;
        std::string type;  // of a domain: the type below
    };
    std::map<std::string, Column> all;
    std::string user;
    std::string table;  // with its schema, quoted

    bool has(const std::optional<Identifier>& column) const { return column && all.count(column->name) != 0; }
    bool can_read(const std::optional<Identifier>& column) const {
        return has(column) && all.at(column->name).readable;
    }

    std::string type_of(const Identifier& column) const {
        const auto found = all.find(column.name);
        return found == all.end() ? "absent" : found->second.type;
    }

    static Result<Columns> load(PostgresTransaction& transaction, const config::TableName& table,
                                Deadline deadline) {
        const auto oid = find_table(transaction, table, deadline);
        if (!oid) return oid.error();
        if (oid->empty()) return Columns{};
        // has_column_privilege is also true for a right on the whole table.
        auto rows = transaction.query(
            "SELECT a.attname, pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'), "
            "pg_catalog.format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, NULL), "
            "current_user, "
            "pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(c.relname) "
            "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
            "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = "
            "c.relnamespace "
            "WHERE c.oid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped",
            deadline, {*oid});
        if (!rows) return rows.error();
        Columns columns;
        for (std::size_t i = 0; i < rows->size(); ++i) {
            columns.all.emplace(*rows->at(i, 0), Column{rows->at(i, 1) == "t", std::string(*rows->at(i, 2))});
            columns.user = *rows->at(i, 3);
            columns.table = std::string(*rows->at(i, 4)) + "." + std::string(*rows->at(i, 5));
        }
        return columns;
    }
};

namespace {

std::string list(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

/// The columns that must be there; what is optional stays NULL where it is not.
std::vector<Identifier> required(const config::Columns& columns) {
    std::vector<Identifier> out{columns.id, columns.created_at, columns.last_used_at};
    for (const auto& column : {columns.owner, columns.name, columns.prefix, columns.expires_at,
                               columns.blocked, columns.max_budget, columns.current_spend})
        if (column) out.push_back(*column);
    return out;
}

std::string printable(const config::TableName& table) {
    return (table.schema.empty() ? "" : table.schema + ".") + table.name;
}

std::string text_of(const std::optional<Identifier>& column) {
    return column ? "k." + column->sql() + "::text" : "NULL::text";
}

constexpr std::string_view kWithoutZone = "timestamp without time zone";

/// A time without a zone, or a day, is UTC's, whatever the session says.
std::string time_of(const std::optional<Identifier>& column, std::string_view type) {
    if (!column) return "NULL::timestamptz";
    const std::string text = "k." + column->sql();
    if (type == kWithoutZone) return text + " AT TIME ZONE 'UTC'";
    if (type == "date") return text + "::timestamp AT TIME ZONE 'UTC'";
    return text;
}

Error missing_columns(const std::vector<std::string>& names, const Gateway& gateway) {
    const bool hash = gateway.columns.lookup_hash &&
                      std::find(names.begin(), names.end(), gateway.columns.lookup_hash->name) != names.end();
    return {
        Errc::schema, "table " + printable(gateway.table) + " has no column " + list(names),
        hash ? "start the upgraded gateway once (it adds its columns), or name the right column in "
               "gateway.columns.lookup_hash"
             : "name the right ones in gateway.columns, or set those to null that the table does not have"};
}

/// "created_at (integer)" for each column whose type cannot mean what it is named for.
std::vector<std::string> unfit(const std::vector<std::optional<Identifier>>& columns,
                               const std::function<std::string(const Identifier&)>& type_of,
                               const std::function<bool(std::string_view)>& fits) {
    std::vector<std::string> out;
    for (const auto& column : columns)
        if (column && !fits(type_of(*column))) out.push_back(column->name + " (" + type_of(*column) + ")");
    return out;
}

}  // namespace

Result<void> KeySource::check_types(const Columns& columns, const Gateway& gateway) {
    const auto type_of = [&](const Identifier& column) { return columns.type_of(column); };
    const auto is_time = [](std::string_view type) {
        return type == "timestamp with time zone" || type == kWithoutZone || type == "date";
    };
    const auto is_flag = [](std::string_view type) { return type == "boolean"; };
    const config::Columns& named = gateway.columns;
    const auto times = unfit({named.created_at, named.last_used_at, named.expires_at}, type_of, is_time);
    if (!times.empty()) {
        return Error{Errc::schema,
                     "table " + printable(gateway.table) + ": no point in time in column " + list(times),
                     "name columns of type timestamptz in gateway.columns"};
    }
    const auto flags = unfit({named.legacy, named.blocked}, type_of, is_flag);
    if (!flags.empty()) {
        return Error{Errc::schema,
                     "table " + printable(gateway.table) + ": not a boolean: column " + list(flags),
                     "name boolean columns in gateway.columns.legacy and gateway.columns.blocked"};
    }
    return {};
}

Result<void> KeySource::check(const Columns& columns, const Gateway& gateway) {
    if (columns.all.empty()) {
        return Error{
            Errc::schema, "table " + printable(gateway.table) + " does not exist in this database",
            "check the database name in database_url, or set gateway.table (with its schema if it is not on "
            "the search path)"};
    }
    std::vector<Identifier> wanted = required(gateway.columns);
    const bool has_legacy = columns.has(gateway.columns.legacy) || columns.has(Identifier{"legacy"});
    if (gateway.columns.legacy) {
        wanted.push_back(*gateway.columns.legacy);
    } else if (gateway.columns.lookup_hash && (columns.has(gateway.columns.lookup_hash) || !has_legacy)) {
        wanted.push_back(*gateway.columns.lookup_hash);
    }
    std::vector<std::string> absent;
    std::vector<std::string> forbidden;
    for (const Identifier& column : wanted) {
        if (!columns.has(column)) {
            absent.push_back(column.name);
        } else if (!columns.can_read(column)) {
            forbidden.push_back(column.name);
        }
    }
    if (!absent.empty()) return missing_columns(absent, gateway);
    if (forbidden.empty()) return check_types(columns, gateway);
    std::string grant = "GRANT SELECT (";
    for (const std::string& name : forbidden)
        grant += (name == forbidden.front() ? "" : ", ") + Identifier{name}.sql();
    return Error{
        Errc::permission,
        "user " + columns.user + " may not read column " + list(forbidden) + " of " +
            printable(gateway.table),
        "run: " + grant + ") ON " + gateway.table.sql() + " TO " + Identifier{columns.user}.sql() + ";"};
}

void KeySource::name_times(const Columns& columns, const config::Columns& named) {
    const std::string created = columns.type_of(named.created_at);
    const std::string used = columns.type_of(named.last_used_at);
    created_at_ = time_of(named.created_at, created);
    last_used_at_ = time_of(named.last_used_at, used);
    expires_at_ = time_of(named.expires_at, named.expires_at ? columns.type_of(*named.expires_at) : "");
    // As `keyshift sql index` writes it: what a time without a zone comes to cannot be in an index.
    const bool alike = created == used && created != "date";
    activity_ = alike ? "greatest(k." + named.created_at.sql() + ", k." + named.last_used_at.sql() + ")"
                      : "greatest(" + created_at_ + ", " + last_used_at_ + ")";
    since_ = "current_setting('keyshift.since')::timestamptz";
    if (alike && created == kWithoutZone) since_ = "(" + since_ + " AT TIME ZONE 'UTC')";
}

Result<KeySource> KeySource::resolve(PostgresTransaction& transaction, const Gateway& gateway,
                                     Deadline deadline) {
    const auto columns = Columns::load(transaction, gateway.table, deadline);
    if (!columns) return columns.error();
    if (auto checked = check(*columns, gateway); !checked) return checked.error();
    const config::Columns& named = gateway.columns;
    KeySource source;
    source.table_ = columns->table;
    // The hash-free view has columns `legacy` and `bcrypt_cost` in place of the hashes.
    const Identifier view_legacy{"legacy"};
    const Identifier view_cost{"bcrypt_cost"};
    if (named.legacy) {
        source.legacy_ = "k." + named.legacy->sql();
    } else if (columns->has(named.lookup_hash)) {
        source.legacy_ = "k." + named.lookup_hash->sql() + " IS NULL";
    } else {
        source.legacy_ = "k." + view_legacy.sql();
    }
    source.id_ = text_of(named.id);
    // Compared in its own type where that is one of the system's, so that its index serves.
    const std::string id_type = columns->type_of(named.id);
    const bool known = id_type == "uuid" || id_type == "integer" || id_type == "bigint" ||
                       id_type == "text" || id_type == "character varying";
    source.ids_match_ = (known ? "k." + named.id.sql() : source.id_) +
                        " = ANY (current_setting('keyshift.ids')::" + (known ? id_type : "text") + "[])";
    source.owner_ = text_of(named.owner);
    source.name_ = text_of(named.name);
    source.prefix_ = text_of(named.prefix);
    source.name_times(*columns, named);
    source.blocked_ = named.blocked ? "k." + named.blocked->sql() : "NULL::boolean";
    source.over_budget_ = named.max_budget && named.current_spend
                              ? "k." + named.current_spend->sql() + " >= k." + named.max_budget->sql()
                              : "NULL::boolean";
    // Two digits of "$2b$10$…"; anything that is not shaped like that has no cost.
    if (columns->can_read(named.bcrypt_cost)) {
        source.bcrypt_cost_ = text_of(named.bcrypt_cost);
    } else if (!columns->has(named.bcrypt_hash) && columns->can_read(view_cost)) {
        source.bcrypt_cost_ = text_of(view_cost);
    } else if (columns->can_read(named.bcrypt_hash)) {
        source.bcrypt_cost_ = "CASE WHEN k." + named.bcrypt_hash->sql() + " LIKE '$2_$__$%' THEN substr(k." +
                              named.bcrypt_hash->sql() + ", 5, 2) END";
    } else {
        source.bcrypt_cost_ = "NULL::text";
    }
    if (gateway.users && named.owner) {
        const auto users = Columns::load(transaction, gateway.users->table, deadline);
        if (users && users->can_read(gateway.users->id) && users->can_read(gateway.users->email)) {
            source.users_table_ = users->table;
            // Of one type the server compares them as they are, by an index if it likes; a text fits any two.
            const bool alike = columns->type_of(*named.owner) == users->type_of(gateway.users->id);
            const std::string cast = alike ? "" : "::text";
            source.users_match_ = "u." + gateway.users->id.sql() + cast + " = k." + named.owner->sql() + cast;
            source.users_email_ = gateway.users->email.sql();
        } else if (!users && users.error().code != Errc::permission) {
            return users.error();
        }
    }
    return source;
}

std::string KeySource::columns_sql(const std::string& owner_email) const {
    return id_ + ", " + owner_ + ", " + owner_email + ", " + name_ + ", " + prefix_ + ", " + created_at_ +
           ", " + last_used_at_ + ", " + expires_at_ + ", " + blocked_ + ", " + over_budget_ + ", " +
           legacy_ + ", " + bcrypt_cost_;
}

std::string KeySource::select_all() const {
    return "SELECT " + columns_sql("NULL::text") + " FROM " + table_ + " k";
}

std::string KeySource::select_active() const {
    return select_all() + " WHERE " + legacy_ + " AND " + activity_ + " >= " + since_;
}

std::string KeySource::select_ids() const {
    return select_all() + " WHERE " + ids_match_;
}

Result<void> KeySource::set_ids(PostgresTransaction& transaction, const std::vector<std::string>& ids,
                                Deadline deadline) {
    const auto set = transaction.query("SELECT set_config('keyshift.ids', $1, true)", deadline,
                                       {drivers::postgres_array(ids)});
    if (!set) return set.error();
    return {};
}

Result<void> KeySource::set_since(PostgresTransaction& transaction, base::Time since, Deadline deadline) {
    const auto set = transaction.query("SELECT set_config('keyshift.since', $1, true)", deadline,
                                       {base::format_rfc3339(since)});
    if (!set) return set.error();
    return {};
}

std::string KeySource::select_legacy(KeyOrder order, OwnerEmail email) const {
    const bool users = email == OwnerEmail::wanted && !users_table_.empty();
    const std::string join = users ? " LEFT JOIN " + users_table_ + " u ON " + users_match_ : "";
    return "SELECT " + columns_sql(users ? "u." + users_email_ + "::text" : "NULL::text") + " FROM " +
           table_ + " k" + join + " WHERE " + legacy_ + " ORDER BY " +
           (order == KeyOrder::by_owner ? owner_ + " ASC NULLS LAST, " : "") + created_at_ + " DESC, " + id_;
}

std::string KeySource::count_legacy() const {
    return "SELECT count(*), count(DISTINCT " + owner_ + ") FROM " + table_ + " k WHERE " + legacy_;
}

std::string KeySource::is_legacy() const {
    return "SELECT (" + legacy_ + ")::text FROM " + table_ + " k WHERE " + id_ + " = $1 LIMIT 1";
}

domain::Key KeySource::read(drivers::PostgresRow& row) {
    domain::Key key;
    key.id = row.text().value_or("");
    key.owner = row.text();
    key.owner_email = row.text();
    key.name = row.text();
    key.prefix = row.text().value_or("");
    key.created_at = row.time().value_or(base::Time{});
    key.last_used_at = row.time();
    key.expires_at = row.time();
    key.blocked = row.flag();
    key.over_budget = row.flag();
    key.legacy = row.flag();
    if (const auto cost = row.text()) {
        int value = 0;
        const auto [end, error] = std::from_chars(cost->data(), cost->data() + cost->size(), value);
        if (error == std::errc{} && end == cost->data() + cost->size()) key.bcrypt_cost = value;
    }
    return key;
}

}  // namespace keyshift::collectors
