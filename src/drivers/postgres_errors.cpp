// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL's errors mean for the operator: a pure part of the driver.
#include "base/utf8.hpp"
#include "drivers/postgres.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// libpq's own messages have no SQLSTATE; they are never translated here, since nothing sets a locale.
Errc classify_local(std::string_view text) {
    return contains(text, "no password supplied") ? Errc::auth : Errc::connect;
}

std::string connect_hint(std::string_view sqlstate, std::string_view text) {
    if (sqlstate == "53300") return "let the server take more connections, or free some: keyshift needs one";
    if (sqlstate == "57P03") return "the server is starting or stopping: wait, or look at its log";
    if (contains(text, "translate host name")) return "check the host name in database_url";
    if (contains(text, "SSL") || contains(text, "certificate"))
        return "check sslmode and sslrootcert in database_url against the server's TLS settings";
    return "check that the server runs and that host and port of database_url are right";
}

std::string auth_hint(std::string_view text) {
    if (contains(text, "no encryption")) {
        return "the server wants TLS from this host: set sslmode=require (or stricter) in database_url, or "
               "mend pg_hba.conf";
    }
    return "check user and password of database_url, and pg_hba.conf";
}

std::string hint(Errc code, std::string_view sqlstate, std::string_view text) {
    switch (code) {
        case Errc::connect:
            return connect_hint(sqlstate, text);
        case Errc::auth:
            return auth_hint(text);
        case Errc::permission:
            if (contains(text, "for database"))
                return "run: GRANT CONNECT ON DATABASE ... TO keyshift's user";
            if (contains(text, "for schema")) return "run: GRANT USAGE ON SCHEMA ... TO keyshift's user";
            if (contains(text, "row-level security")) {
                return "keyshift must see every row: ALTER ROLE ... BYPASSRLS, or give it a view that "
                       "belongs to the table's "
                       "owner";
            }
            return "grant it to keyshift's user; docs/operations.md has the SQL";
        case Errc::timeout:
            if (sqlstate == "55P03")
                return "another session holds a lock on the table: look at pg_locks and pg_stat_activity";
            return "look at the load and the locks of the database (pg_stat_activity), or raise the "
                   "collector's timeout";
        case Errc::schema:
            if (sqlstate == "3D000") return "check the database name in database_url";
            return "check gateway.table and gateway.columns";
        default:
            return {};
    }
}

}  // namespace

Errc classify_sqlstate(std::string_view sqlstate) {
    const std::string_view group = sqlstate.substr(0, 2);
    if (sqlstate == "42501") return Errc::permission;
    if (sqlstate == "42P01" || sqlstate == "42703" || sqlstate == "3F000" || sqlstate == "3D000" ||
        sqlstate == "42883" || sqlstate == "42804" || sqlstate == "42846" || group == "22")
        return Errc::schema;
    if (sqlstate == "57014" || sqlstate == "55P03" || sqlstate == "25P03") return Errc::timeout;
    if (group == "28") return Errc::auth;
    // 57P05: the server ended an idle session, which is no more than a lost connection.
    if (group == "08" || group == "53" || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
        sqlstate == "57P05")
        return Errc::connect;
    return Errc::other;
}

base::Error postgres_error(std::string_view sqlstate, const std::string& target, std::string_view text) {
    const Errc code = sqlstate.empty() ? classify_local(text) : classify_sqlstate(sqlstate);
    // Class 22, data exceptions, quotes the data: that could be a hash.
    const bool quotes_data = sqlstate.substr(0, 2) == "22";
    const std::string shown =
        quotes_data ? "a value cannot be converted as the query asks (SQLSTATE " + std::string(sqlstate) + ")"
                    : base::visible(text);
    return {code, "PostgreSQL at " + target + ": " + shown, hint(code, sqlstate, text)};
}

}  // namespace keyshift::drivers
