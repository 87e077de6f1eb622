// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/examine.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.hpp"
#include "collectors/key_table/columns.hpp"
#include "collectors/key_table/standby.hpp"
#include "collectors/keys/table_statistics.hpp"
#include "collectors/shared/database.hpp"
#include "collectors/shared/provider.hpp"
#include "drivers/dsn/postgres_options.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using config::Identifier;
using Kind = Finding::Kind;

/// Tables with fewer rows may well be read one by one.
constexpr std::uint64_t kSmall = 100'000;

std::string text(std::optional<std::string_view> value) {
    return std::string(value.value_or(""));
}

/// Of all parts, and of what a view reads; a partitioned table itself is hardly ever analyzed.
Result<std::uint64_t> rows_of(const KeyTableSnapshot& table, Deadline deadline) {
    const auto statistics = TableStatistics::resolve(table.transaction, table.source.table(), deadline);
    if (!statistics) return statistics.error();
    return statistics->rows(table.transaction, deadline);
}

/// How the index is made on what the table is; or why it cannot be.
Result<std::string> index_advice(const KeyTableSnapshot& table, Deadline deadline) {
    const config::TableName below = base_table(table.gateway);
    std::vector<std::string> columns{table.gateway.columns.created_at.name};
    if (const auto& used = table.gateway.columns.last_used_at) columns.push_back(used->name);
    for (const Identifier& column : telling_columns(table.gateway)) columns.push_back(column.name);
    const auto rows = table.transaction.query(
        "SELECT c.relkind, current_database(), (SELECT string_agg(a.attname, ', ') FROM pg_attribute a WHERE "
        "a.attrelid = c.oid AND a.attgenerated = 'v' AND a.attname = ANY ($4::text[])) "
        "FROM pg_class o JOIN pg_namespace s ON s.oid = o.relnamespace, "
        "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE o.oid = $1::regclass AND c.relname = "
        "$2 "
        "AND n.nspname = coalesce(nullif($3, ''), s.nspname)",
        deadline, {table.source.table(), below.name, below.schema, drivers::postgres_array(columns)});
    if (!rows) return rows.error();
    const std::string kind = rows->size() == 1 ? text(rows->at(0, 0)) : "v";
    if (kind == "p")
        return "as the table's owner, run: keyshift sql index | psql -d " +
               base::escape_unsafe(text(rows->at(0, 1)));
    if (kind != "r" && kind != "m") {
        return std::string(
            "a view gets no index: name its table in gateway.statements.table, and see keyshift sql index");
    }
    if (const std::string unfit = text(rows->at(0, 2)); !unfit.empty()) {
        return "no index can be made on a column that is generated and virtual, as " +
               base::escape_unsafe(unfit) + " is; one that is STORED can have it";
    }
    return "as the table's owner (or by keyshift sql index | psql), run:\n" + table.source.create_index() +
           ";";
}

Result<Finding> about_pulse(const KeyTableSnapshot& table, std::uint64_t rows, Deadline deadline) {
    if (auto set = KeySource::set_since(table.transaction,
                                        table.transaction.moment() - std::chrono::minutes{1}, deadline);
        !set)
        return set.error();
    const auto plan =
        table.transaction.query("EXPLAIN " + table.source.select_active(Reach::indexed), deadline);
    if (!plan) return plan.error();
    for (std::size_t row = 0; row < plan->size(); ++row) {
        if (text(plan->at(row, 0)).find("Index") != std::string::npos)
            return Finding{Kind::ok, "an index makes polls of what changed cheap"};
    }
    if (rows < kSmall) return Finding{Kind::ok, "the key table is small enough to be read without an index"};
    auto remedy = index_advice(table, deadline);
    if (!remedy) return remedy.error();
    return Finding{Kind::warning,
                   "no index serves the polls of what changed, each reads all of some " +
                       std::to_string(rows) + " rows, and they are therefore rare",
                   *std::move(remedy)};
}

/// Who has a right: the user, everybody, and roles whose rights are the user's too.
struct Holders {
    bool user = false;
    bool everybody = false;
    bool others = false;
};

/// What the user may do with one table.
struct Rights {
    std::string table;
    bool is_owner = false;
    Holders change, hash;
};

struct Role {
    std::string name, database;
    bool is_superuser = false;
    std::string expires;         ///< RFC 3339: when its password does, soon; empty: not soon
    std::vector<Rights> rights;  ///< on the table that is read, and on the one below, if that is another
};

/// Of the rows of role_of().
Rights rights_in(const drivers::PostgresRows& rows, std::size_t row) {
    const auto holds = [&](std::size_t at) { return rows.at(row, at) == "t"; };
    return {text(rows.at(row, 3)), holds(4), {holds(5), holds(6), holds(7)}, {holds(8), holds(9), holds(10)}};
}

/// When the user's password expires, if that is soon.
constexpr const char* kExpiry =
    "CASE WHEN r.rolvaliduntil BETWEEN now() AND now() + interval '14 days' THEN "
    "to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') END";

Result<Role> role_of(const KeyTableSnapshot& table, Deadline deadline) {
    const std::string change = "'INSERT, UPDATE, DELETE, TRUNCATE'";
    const auto hash = [](const std::string& of) {
        return "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = $2 AND NOT "
               "a.attisdropped AND has_column_privilege(" +
               of + "c.oid, a.attnum, 'SELECT'))";
    };
    const auto any_other = [](const std::string& has) {
        return "EXISTS (SELECT FROM pg_roles g WHERE g.oid <> r.oid AND pg_has_role(r.oid, g.oid, 'USAGE') "
               "AND " +
               has + ")";
    };
    const config::TableName base = base_table(table.gateway);
    const auto& column = table.gateway.columns.bcrypt_hash;
    const auto rows = table.transaction.query(
        "SELECT r.rolname, current_database(), r.rolsuper, quote_ident(n.nspname) || '.' || "
        "quote_ident(c.relname), pg_has_role(r.oid, c.relowner, 'USAGE'), has_table_privilege(c.oid, " +
            change +
            ") OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'), has_table_privilege('public', "
            "c.oid, " +
            change + "), " + any_other("has_table_privilege(g.oid, c.oid, " + change + ")") + ", " +
            hash("") + ", " + hash("'public', ") + ", " + any_other(hash("g.oid, ")) + ", " +
            std::string(kExpiry) +
            " FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, "
            "pg_class o JOIN pg_namespace s ON s.oid = o.relnamespace "
            "WHERE r.rolname = current_user AND o.oid = $1::regclass AND (c.oid = o.oid OR (c.relname = $3 "
            "AND "
            "n.nspname = coalesce(nullif($4, ''), s.nspname))) ORDER BY c.oid <> o.oid",
        deadline, {table.source.table(), column ? column->name : "", base.name, base.schema});
    if (!rows) return rows.error();
    Role role;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        role.name = text(rows->at(i, 0));
        role.database = text(rows->at(i, 1));
        role.is_superuser = rows->at(i, 2) == "t";
        role.expires = text(rows->at(i, 11));
        role.rights.push_back(rights_in(*rows, i));
    }
    return role;
}

std::string role_of_its_own(const Role& role) {
    return "give keyshift a role of its own, as superuser: keyshift sql | psql -d " +
           base::escape_unsafe(role.database) +
           "\nthen its password, in psql: \\password keyshift\nand name user and password in database_url";
}

/// A right that is nobody's but the user's, or everybody's, can be taken back.
std::string revocation(const Role& role, const Rights& rights, const Holders& holders,
                       const std::string& statement) {
    if (holders.others && !holders.everybody) return role_of_its_own(role);
    return "as the owner of " + rights.table + ", run: " + statement + " ON " + rights.table + " FROM " +
           Identifier{role.name}.sql() + (holders.everybody ? ", PUBLIC;" : ";");
}

void append_rights(const Role& role, const config::Gateway& gateway, std::vector<Finding>& out) {
    const std::string user = "user " + base::escape_unsafe(role.name);
    if (role.is_superuser) {
        out.push_back(
            {Kind::warning, user + " is a superuser, which keyshift need not be", role_of_its_own(role)});
        return;
    }
    const std::size_t before = out.size();
    for (const Rights& rights : role.rights) {
        if (rights.is_owner) {
            out.push_back({Kind::warning, user + " owns " + rights.table + " and may change it",
                           role_of_its_own(role)});
            continue;
        }
        if (rights.change.user) {
            out.push_back(
                {Kind::warning, user + " may change " + rights.table + ", which keyshift never does",
                 revocation(role, rights, rights.change, "REVOKE INSERT, UPDATE, DELETE, TRUNCATE")});
        }
        if (rights.hash.user) {
            std::string remedy = revocation(role, rights, rights.hash, "REVOKE SELECT");
            if (&rights == &role.rights.front() && remedy.find("REVOKE") != std::string::npos) {
                remedy += "\nGRANT SELECT (" + sql_list(readable_columns(gateway)) + ") ON " + rights.table +
                          " TO " + Identifier{role.name}.sql() + ";";
            }
            out.push_back(
                {Kind::warning,
                 user + " may read the bcrypt hashes in " + rights.table + ", which keyshift never does",
                 std::move(remedy)});
        }
    }
    if (out.size() == before)
        out.push_back({Kind::ok, user + " may neither change the key table nor read its bcrypt hashes"});
}

void append_expiry(const Role& role, std::vector<Finding>& out) {
    if (role.expires.empty()) return;
    out.push_back(
        {Kind::warning, "the password of user " + base::escape_unsafe(role.name) + " expires " + role.expires,
         "as superuser, run: ALTER ROLE " + Identifier{role.name}.sql() + " VALID UNTIL 'infinity';"});
}

/// How old the data are, and what the operator can do about it.
Finding age_of(const Recovery& recovery, StandbyAge wanted) {
    constexpr base::Duration kTolerable = std::chrono::minutes{1};
    if (wanted == StandbyAge::ignored)
        return {Kind::ok,
                "the server is a standby; how far it is behind is not asked (keys.standby: ignore)"};
    const auto data_at = Standby().data_at(recovery);
    if (!data_at) return failure(data_at.error());
    const base::Duration behind = recovery.moment - *data_at;
    if (behind <= kTolerable) return {Kind::ok, "the server is a standby that keeps up with its primary"};
    const std::string length = base::format_duration(std::chrono::floor<std::chrono::seconds>(behind));
    return {Kind::warning,
            "the server is a standby" +
                std::string(recovery.streams ? "" : " without a connection to its primary") + ", " + length +
                " behind: so old are all numbers of the key table, and the verdict is UNKNOWN",
            "on the standby: SELECT * FROM pg_stat_wal_receiver; and the server's log say why; or name the "
            "primary in database_url"};
}

Result<void> append_patience(const KeyTableSnapshot& table, Deadline deadline, std::vector<Finding>& out) {
    const auto rows = table.transaction.query(
        "SELECT current_setting(s.name), " + provider_signs() +
            " FROM pg_settings s WHERE s.name = 'max_standby_streaming_delay' AND "
            "NOT "
            "(current_setting('hot_standby_feedback')::bool OR s.setting::bigint < 0 OR s.setting::bigint >= "
            "$1::bigint)",
        deadline,
        {std::to_string(std::chrono::floor<std::chrono::milliseconds>(table.census_timeout).count())});
    if (!rows) return rows.error();
    if (rows->size() == 0) return {};
    out.push_back(
        {Kind::warning,
         "the standby cancels a census that holds up its replay for more than " + text(rows->at(0, 0)),
         "on the standby, " +
             set_parameter(provider_of(rows->at(0, 1)), "hot_standby_feedback", "on", false)});
    return {};
}

Result<void> append_standby(const KeyTableSnapshot& table, std::uint64_t rows, Deadline deadline,
                            std::vector<Finding>& out) {
    if (!table.transaction.in_recovery()) return {};
    const auto recovery = recovery_of(table.transaction, deadline);
    if (!recovery) return recovery.error();
    out.push_back(age_of(*recovery, table.standby));
    return rows < kSmall ? Result<void>() : append_patience(table, deadline, out);
}

}  // namespace

std::uint64_t count_in(std::optional<std::string_view> value) {
    std::uint64_t out = 0;
    if (value) std::from_chars(value->data(), value->data() + value->size(), out);
    return out;
}

std::vector<Finding> examine_key_table(const KeyTableSnapshot& table, Deadline deadline) {
    std::vector<Finding> out;
    const auto rows = rows_of(table, deadline);
    if (!rows) return {failure(rows.error())};
    auto pulse = about_pulse(table, *rows, deadline);
    if (!pulse) return {failure(pulse.error())};
    out.push_back(*std::move(pulse));
    const auto role = role_of(table, deadline);
    if (!role) return {failure(role.error())};
    append_rights(*role, table.gateway, out);
    append_expiry(*role, out);
    if (auto standby = append_standby(table, *rows, deadline, out); !standby)
        return {failure(standby.error())};
    return out;
}

}  // namespace keyshift::collectors
