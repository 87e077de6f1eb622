// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/source.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "collectors/key_table/absent_columns.hpp"
#include "collectors/key_table/columns.hpp"
#include "collectors/key_table/table_whereabouts.hpp"
#include "collectors/keys/row_reader.hpp"
#include "collectors/shared/database.hpp"
#include "drivers/dsn/postgres_options.hpp"

namespace keyshift::collectors {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using config::Gateway;
using config::Identifier;
using drivers::PostgresTransaction;

/// As a type of an extension has it, in a schema that search_path leaves out: citext's would be that of text.
constexpr const char* kOwnEquality =
    "(WITH RECURSIVE below(oid) AS (SELECT t.oid UNION SELECT d.typbasetype FROM below JOIN "
    "pg_catalog.pg_type d "
    "ON d.oid = below.oid AND d.typtype = 'd') "
    "SELECT pg_catalog.format('OPERATOR(%I.%s)', s.nspname, o.oprname) FROM below "
    "JOIN pg_catalog.pg_opclass p ON p.opcintype = below.oid AND p.opcdefault "
    "JOIN pg_catalog.pg_am m ON m.oid = p.opcmethod AND m.amname = 'btree' "
    "JOIN pg_catalog.pg_amop a ON a.amopfamily = p.opcfamily AND a.amoplefttype = p.opcintype AND "
    "a.amoprighttype = p.opcintype AND a.amopstrategy = 3 "
    "JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr JOIN pg_catalog.pg_namespace s ON s.oid = "
    "o.oprnamespace "
    "WHERE s.nspname <> 'pg_catalog' AND pg_catalog.has_schema_privilege(s.oid, 'USAGE'))";

/// What the catalog says about the columns of a table. None: no such table.
struct KeySource::Columns {
    struct Column {
        bool readable;
        std::string type;    // of a domain: the type at its bottom
        std::string equals;  // the operator by which the table itself compares values of this type
    };
    std::map<std::string, Column> all;
    std::string user;
    std::string table;  // with its schema, quoted
    std::string database;
    bool superuser = false;

    /// The command that makes the view.
    std::string sql_view() const { return sql_command("view", superuser ? "" : user, database); }

    bool has(const std::optional<Identifier>& column) const { return column && all.count(column->name) != 0; }
    bool can_read_any() const {
        return std::any_of(all.begin(), all.end(), [](const auto& column) { return column.second.readable; });
    }
    bool can_read(const std::optional<Identifier>& column) const {
        return has(column) && all.at(column->name).readable;
    }

    /// Behind a blank and before one.
    std::string equals(const Identifier& column) const {
        const auto found = all.find(column.name);
        return " " + (found == all.end() ? "=" : found->second.equals) + " ";
    }

    std::string type_of(const Identifier& column) const {
        const auto found = all.find(column.name);
        return found == all.end() ? "absent" : found->second.type;
    }

    std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const auto& [name, column] : all) out.push_back(name);
        return out;
    }

    /// The table is the hash-free view of `keyshift sql view`.
    bool is_hash_free(const Gateway& gateway) const {
        const auto telling = telling_columns(gateway);
        return std::any_of(telling.begin(), telling.end(), [&](const Identifier& c) { return !has(c); }) &&
               has(Identifier{std::string(kViewKind)}) && has(Identifier{std::string(kViewIndexed)});
    }

    static Result<Columns> load(PostgresTransaction& transaction, const config::TableName& table,
                                Deadline deadline) {
        const auto oid = find_table(transaction, table, deadline);
        if (!oid) return oid.error();
        if (oid->empty()) return Columns{};
        // has_column_privilege is also true for a right on the whole table.
        auto rows = transaction.query(
            "SELECT a.attname, pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'), "
            "(WITH RECURSIVE below(oid) AS (SELECT t.oid UNION SELECT d.typbasetype FROM below JOIN "
            "pg_catalog.pg_type d ON d.oid = below.oid AND d.typtype = 'd') SELECT "
            "pg_catalog.format_type(b.oid, NULL) "
            "FROM below JOIN pg_catalog.pg_type b USING (oid) WHERE b.typtype <> 'd'), "
            "current_user, "
            "pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(c.relname), " +
                std::string(kOwnEquality) +
                ", pg_catalog.current_database(), (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = "
                "current_user) "
                "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
                "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = "
                "c.relnamespace "
                "WHERE c.oid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped",
            deadline, {*oid});
        if (!rows) return rows.error();
        Columns columns;
        for (std::size_t i = 0; i < rows->size(); ++i) {
            columns.all.emplace(*rows->at(i, 0), Column{rows->at(i, 1) == "t", std::string(*rows->at(i, 2)),
                                                        std::string(rows->at(i, 6).value_or("="))});
            columns.user = *rows->at(i, 3);
            columns.table = std::string(*rows->at(i, 4)) + "." + std::string(*rows->at(i, 5));
            columns.database = *rows->at(i, 7);
            columns.superuser = rows->at(i, 8) == "t";
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
    std::vector<Identifier> out{columns.id, columns.created_at};
    const auto blocked = columns.blocked ? std::optional(columns.blocked->column) : std::nullopt;
    for (const auto& column : {columns.last_used_at, columns.owner, columns.name, columns.prefix,
                               columns.expires_at, blocked, columns.max_budget, columns.current_spend})
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

Error old_view(const Gateway& gateway, const std::string& command) {
    return {
        Errc::schema,
        "the view " + printable(gateway.table) +
            " does not tell which lookup hashes are empty, malformed or shared",
        "where keyshift made it, make it anew, as the table's owner, with gateway.statements.table naming "
        "its table: " +
            command + "; where its column legacy is your own, set gateway.columns.legacy: legacy"};
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

/// What tells legacy keys is not there, but a column that is named for it.
bool KeySource::has_own_flag(const Columns& columns, const Gateway& gateway) {
    if (gateway.columns.legacy || !columns.has(Identifier{std::string(kViewLegacy)})) return false;
    const auto telling = telling_columns(gateway);
    return std::none_of(telling.begin(), telling.end(),
                        [&](const Identifier& column) { return columns.has(column); });
}

Result<void> KeySource::check_types(const Columns& columns, const Gateway& gateway) {
    const auto type_of = [&](const Identifier& column) { return columns.type_of(column); };
    const auto is_time = [](std::string_view type) {
        return type == "timestamp with time zone" || type == kWithoutZone || type == "date";
    };
    const config::Columns& named = gateway.columns;
    const auto times = unfit({named.created_at, named.last_used_at, named.expires_at}, type_of, is_time);
    if (!times.empty()) {
        return Error{Errc::schema,
                     "table " + printable(gateway.table) + ": no point in time in column " + list(times),
                     "name columns of type timestamptz in gateway.columns"};
    }
    if (const std::string flag = expressions(columns, gateway, "").misfit(); !flag.empty()) {
        return Error{
            Errc::schema, "table " + printable(gateway.table) + ": not a boolean: column " + flag,
            "name a boolean column, or say what stands in it, as in gateway.columns.blocked: {column: "
            "revoked_at, is: set}"};
    }
    return {};
}

KeyExpressions KeySource::expressions(const Columns& columns, const Gateway& gateway, std::string alias) {
    return {gateway, [&columns](const Identifier& column) { return columns.type_of(column); },
            std::move(alias)};
}

Result<void> KeySource::check(const Columns& columns, const Gateway& gateway) {
    std::vector<Identifier> wanted = required(gateway.columns);
    const bool hash_free = columns.is_hash_free(gateway);
    if (!hash_free && has_own_flag(columns, gateway)) return old_view(gateway, columns.sql_view());
    if (hash_free) {
        for (const std::string_view name : {kViewLegacy, kViewIndexed, kViewKind})
            wanted.push_back({std::string(name)});
    } else {
        for (const Identifier& column : telling_columns(gateway)) wanted.push_back(column);
    }
    std::vector<Identifier> absent;
    std::vector<std::string> forbidden;
    for (const Identifier& column : wanted) {
        if (!columns.has(column)) {
            absent.push_back(column);
        } else if (!columns.can_read(column)) {
            forbidden.push_back(column.name);
        }
    }
    if (!absent.empty()) return absent_columns(absent, columns.names(), gateway);
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

void KeySource::name_values(const KeyExpressions& expressions, const Gateway& gateway) {
    const config::Columns& named = gateway.columns;
    id_column_ = named.id.sql();
    id_ = text_of(named.id);
    owner_ = text_of(named.owner);
    // Two spellings are one owner to the table, and to whoever pairs its keys.
    if (named.owner && expressions.is_of_any_case(*named.owner)) owner_ = "lower(" + owner_ + ")";
    name_ = text_of(named.name);
    prefix_ = text_of(named.prefix);
    created_at_ = expressions.time(named.created_at);
    last_used_at_ = expressions.time(named.last_used_at);
    expires_at_ = expressions.time(named.expires_at);
    blocked_ = expressions.blocked();
    budget_ = expressions.budget();
    activity_ = expressions.activity();
    since_ = "current_setting('keyshift.since')::timestamptz";
    if (expressions.activity_type() == kWithoutZone) since_ = "(" + since_ + " AT TIME ZONE 'UTC')";
}

/// What tells legacy keys: the configured columns, or those of the hash-free view in their place.
Result<void> KeySource::name_legacy(PostgresTransaction& transaction, const Columns& columns,
                                    const Gateway& gateway, Deadline deadline) {
    const KeyExpressions own = expressions(columns, gateway, "");
    const bool hash_free = columns.is_hash_free(gateway);
    legacy_ = hash_free ? expressions(columns, gateway, "k.").legacy_of_view()
                        : expressions(columns, gateway, "k.").legacy();
    shapeless_ = own.is_shapeless();
    create_index_ = create_activity_index(gateway, own);
    const auto hash = own.hash_column();
    if (!hash) return {};
    lookup_name_ = hash->name;
    auto facts = lookup_facts(
        transaction,
        {columns.table, hash_free ? base_table(gateway) : config::TableName{}, *hash, gateway.columns.id},
        deadline);
    if (!facts) return facts.error();
    lookup_ = *facts;
    if (!hash_free) slow_ = expressions(columns, gateway, "k.").slow();
    if (lookup_.unique) return {};
    if (!hash_free) {
        shared_ = collectors::select_shared(own, columns.table, gateway.columns.id);
        return {};
    }
    const auto beside = Columns::load(transaction, shared_view(gateway.table), deadline);
    if (!beside) return beside.error();
    if (!beside->can_read(gateway.columns.id)) return old_view(gateway, columns.sql_view());
    shared_ = "SELECT " + gateway.columns.id.sql() + " FROM " + beside->table;
    return {};
}

/// As `keyshift sql` leaves it: the user may read nothing of the table, and beside it there is the hash-free
/// view of it. Empty: there is no such view, or it may not be read.
Result<std::optional<Gateway>> KeySource::view_of(PostgresTransaction& transaction, const Columns& columns,
                                                  const Gateway& gateway, Deadline deadline) {
    std::optional<Gateway> none;
    if (gateway.statements.table || columns.can_read_any()) return none;
    Gateway out = gateway;
    out.statements.table = std::exchange(out.table, {gateway.table.schema, std::string(kViewName)});
    const auto view = Columns::load(transaction, out.table, deadline);
    if (!view && view.error().code != Errc::permission) return view.error();
    if (!view || !view->is_hash_free(out) || !check(*view, out)) return none;
    const auto reads = transaction.query(
        "SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid "
        "AND d.refclassid = 'pg_class'::regclass WHERE r.ev_class = $1::regclass AND d.refobjid = "
        "$2::regclass "
        "LIMIT 1",
        deadline, {view->table, columns.table});
    if (!reads) return reads.error();
    return reads->size() == 0 ? none : out;
}

Result<KeySource> KeySource::resolve(PostgresTransaction& transaction, const Gateway& gateway,
                                     Deadline deadline) {
    const auto columns = Columns::load(transaction, gateway.table, deadline);
    if (!columns) return columns.error();
    if (columns->all.empty()) return no_such_table(transaction, gateway.table, deadline);
    if (auto checked = check(*columns, gateway); !checked) {
        const auto beside = view_of(transaction, *columns, gateway, deadline);
        if (!beside) return beside.error();
        if (*beside) return resolve(transaction, **beside, deadline);
        return of_an_older_view(checked.error(), transaction, gateway, deadline);
    }
    const config::Columns& named = gateway.columns;
    KeySource source;
    source.table_ = columns->table;
    source.title_ = printable(gateway.table);
    // The hash-free view has a column `bcrypt_cost` in place of the hash.
    const Identifier view_cost{"bcrypt_cost"};
    source.name_values(expressions(*columns, gateway, "k."), gateway);
    if (auto named_legacy = source.name_legacy(transaction, *columns, gateway, deadline); !named_legacy)
        return named_legacy.error();
    // Compared in its own type where that is one of the system's, so that its index serves.
    const std::string id_type = columns->type_of(named.id);
    const bool known = id_type == "uuid" || id_type == "integer" || id_type == "bigint" ||
                       id_type == "text" || id_type == "character varying";
    source.ids_match_ = (known ? "k." + named.id.sql() : source.id_) +
                        " = ANY (current_setting('keyshift.ids')::" + (known ? id_type : "text") + "[])";
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
            const std::string equals = alike ? users->equals(gateway.users->id) : " = ";
            source.users_match_ =
                "u." + gateway.users->id.sql() + cast + equals + "k." + named.owner->sql() + cast;
            source.users_id_ = gateway.users->id.sql() + cast + equals;
            source.users_email_ = gateway.users->email.sql();
        } else if (!users && users.error().code != Errc::permission) {
            return users.error();
        }
    }
    return source;
}

std::string KeySource::columns_sql(const std::string& owner_email) const {
    return id_ + ", " + owner_ + ", " + owner_email + ", " + name_ + ", " + prefix_ + ", " + created_at_ +
           ", " + last_used_at_ + ", " + expires_at_ + ", " + blocked_ + ", " + budget_ + ", " +
           legacy_.kind + ", " + bcrypt_cost_;
}

std::string KeySource::select_all() const {
    return "SELECT " + columns_sql("NULL::text") + " FROM " + table_ + " k";
}

std::string KeySource::select_active(Reach reach) const {
    return select_all() + " WHERE " + (reach == Reach::all ? legacy_.legacy : legacy_.indexed) + " AND " +
           activity_ + " >= " + since_;
}

std::string KeySource::select_shared(std::size_t limit) const {
    if (shared_.empty()) return {};
    return "SELECT s." + id_column_ + "::text FROM (" + shared_ + ") s LIMIT " + std::to_string(limit + 1);
}

std::string KeySource::select_forms() const {
    if (!shapeless_) return {};
    const std::string plain = std::to_string(domain::kPlainLength + domain::kShortestHash);
    const auto forms = [&](const std::string& what) {
        return what + "(kind) FILTER (WHERE kind >= " + plain + ")";
    };
    return "SELECT " + forms("min") + ", " + forms("max") +
           ", coalesce(bool_or(kind = " + std::to_string(static_cast<int>(domain::HashKind::slow)) +
           "), false) FROM (SELECT " + legacy_.kind + " AS kind FROM " + table_ + " k) f";
}

std::string KeySource::repeated_count_query() const {
    return "SELECT count(*) FROM (SELECT FROM " + table_ + " k GROUP BY " + id_ + " HAVING count(*) > 1) r";
}

Result<void> KeySource::can_tell() const {
    if (!shapeless_ || !lookup_.has_default) return {};
    return unclear_lookup(title_, lookup_name_,
                          "has a DEFAULT: a key without a lookup hash has a value in it all the same");
}

std::string KeySource::slow_count_query() const {
    return slow_.empty() ? std::string() : "SELECT count(*) FROM " + table_ + " k WHERE " + slow_;
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
           table_ + " k" + join + " WHERE " + legacy_.legacy + " ORDER BY " +
           (order == KeyOrder::by_owner ? owner_ + " ASC NULLS LAST, " : "") + created_at_ +
           " DESC NULLS LAST, " + id_;
}

std::string KeySource::select_owner_email() const {
    if (users_table_.empty()) return {};
    return "SELECT u." + users_email_ + "::text FROM " + users_table_ + " u WHERE u." + users_id_ +
           "$1 LIMIT 1";
}

std::string KeySource::legacy_count_query() const {
    return "SELECT count(" + std::string(lookup_.id_unique ? "*" : "DISTINCT " + id_) + "), count(DISTINCT " +
           owner_ + ") FROM " + table_ + " k WHERE " + legacy_.legacy;
}

std::string KeySource::is_legacy() const {
    return "SELECT " + legacy_.legacy + "::text FROM " + table_ + " k WHERE " + id_ + " = $1 LIMIT 1";
}

domain::KeyRow KeySource::read(drivers::PostgresRow& row) {
    domain::KeyRow key;
    key.id = row.text().value_or("");
    key.owner = row.text();
    key.owner_email = row.text();
    key.name = row.text();
    key.prefix = row.text().value_or("");
    key.created_at = row.time();
    key.last_used_at = row.time();
    key.expires_at = row.time();
    key.blocked = row.flag();
    key.budget = static_cast<domain::Budget>(row.number().value_or(0));
    const std::int32_t kind = row.number().value_or(static_cast<int>(domain::HashKind::unknown));
    if (kind >= domain::kPlainLength) {
        key.plain_length = kind - domain::kPlainLength;
    } else {
        key.hash = static_cast<domain::HashKind>(kind);
    }
    if (const auto cost = row.text()) {
        int value = 0;
        const auto [end, error] = std::from_chars(cost->data(), cost->data() + cost->size(), value);
        if (error == std::errc{} && end == cost->data() + cost->size()) key.bcrypt_cost = value;
    }
    return key;
}

}  // namespace keyshift::collectors
