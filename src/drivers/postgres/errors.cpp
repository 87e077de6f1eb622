// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL's errors mean for the operator: a pure part of the driver.
#include <utility>

#include "base/utf8.hpp"
#include "drivers/postgres/postgres.hpp"

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

/// PgBouncer's words.
constexpr std::string_view kStatementPooling = "transaction blocks not allowed in statement pooling mode";

std::string in_quotes(std::string_view name) {
    std::string out = "\"";
    for (const char c : base::escape_unsafe(name)) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + '"';
}

/// What stands in `text` behind `before`, up to `end` or the end.
std::string_view after(std::string_view text, std::string_view before, char end) {
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + before.size());
    return text.substr(0, text.find(end));
}

/// A limit of the server, of the database, or of the role.
std::string room_hint(std::string_view text) {
    for (const auto& [before, what] :
         {std::pair("for role \"", "ROLE "), std::pair("for database \"", "DATABASE ")}) {
        if (!contains(text, before)) continue;
        return "as superuser, run: ALTER " + std::string(what) + in_quotes(after(text, before, '"')) +
               " CONNECTION LIMIT -1; or end what holds its connections (pg_stat_activity): keyshift needs "
               "one "
               "for each collector of the database, and one for a command";
    }
    return "let the server take more connections (max_connections), or free some: keyshift needs one";
}

std::string connect_hint(std::string_view sqlstate, std::string_view text) {
    if (contains(text, kStatementPooling)) {
        return "set pool_mode = transaction for this database in the pooler, or name the database server "
               "itself in database_url";
    }
    if (sqlstate == "53300") return room_hint(text);
    if (sqlstate == "57P03") return "the server is starting or stopping: wait, or look at its log";
    if (contains(text, "translate host name")) return "check the host name in database_url";
    if (contains(text, "root certificate file \"system\" does not exist")) {
        return "sslrootcert=system needs libpq 16; this one takes a file: "
               "sslrootcert=/etc/ssl/certs/ca-certificates.crt";
    }
    if (contains(text, "root certificate file"))
        return "let sslrootcert in database_url name a file that has the authority of the server's "
               "certificate";
    if (contains(text, "SSL") || contains(text, "certificate"))
        return "check sslmode and sslrootcert in database_url against the server's TLS settings";
    return "check that the server runs and that host and port of database_url are right";
}

/// PostgreSQL 13 says "SSL off".
bool came_in_clear(std::string_view text) {
    return contains(text, "no encryption") || contains(text, "SSL off");
}

/// no pg_hba.conf entry for host "10.0.0.9", user "keyshift", database "gateway", no encryption
std::string hba_hint(std::string_view text) {
    const std::string_view host = after(text, "for host \"", '"');
    const std::string who =
        std::string(after(text, "database \"", '"')) + " " + std::string(after(text, "user \"", '"'));
    const std::string bits = contains(host, ":") ? "/128" : "/32";
    const std::string line = host == "[local]"     ? "local " + who
                             : came_in_clear(text) ? "host " + who + " " + std::string(host) + bits
                                                   : "hostssl " + who + " " + std::string(host) + bits;
    return "let it in by a line of pg_hba.conf: " + line +
           " scram-sha-256, then run: SELECT pg_reload_conf();";
}

std::string auth_hint(std::string_view text, std::string_view user) {
    if (contains(text, "pg_hba.conf rejects") && came_in_clear(text)) {
        return "the server wants TLS from this host: set sslmode=require (or stricter) in database_url, or "
               "mend pg_hba.conf";
    }
    if (contains(text, "no pg_hba.conf entry")) {
        const std::string tls = came_in_clear(text)
                                    ? "set sslmode=require (or stricter) in database_url if the server wants "
                                      "TLS, or "
                                    : "";
        return tls + hba_hint(text);
    }
    const std::string role = in_quotes(user);
    if (contains(text, "is not permitted to log in"))
        return "as superuser, run: ALTER ROLE " + role + " LOGIN;";
    if (contains(text, "role \"") && contains(text, "does not exist"))
        return "as superuser, run: CREATE ROLE " + role + " LOGIN; and give it its rights: keyshift sql";
    // Not even the right password tells: the server says the same.
    return "check user and password of database_url, and pg_hba.conf; as superuser, in psql, a new one: "
           "\\password " +
           role + "; or, where it has expired: ALTER ROLE " + role + " VALID UNTIL 'infinity';";
}

std::string permission_hint(std::string_view text, std::string_view user) {
    const std::string to = in_quotes(user);
    if (contains(text, "for database")) {
        // With quotation marks from PostgreSQL 11 on.
        std::string_view database = after(text, "for database ", '\n');
        if (database.size() > 2 && database.front() == '"')
            database = database.substr(1, database.size() - 2);
        return "run: GRANT CONNECT ON DATABASE " + in_quotes(database) + " TO " + to + ";";
    }
    if (contains(text, "for function")) {
        return "run: GRANT EXECUTE ON FUNCTION pg_catalog." +
               std::string(after(text, "for function ", '\n')) + "() TO " + to + ";";
    }
    if (contains(text, "for schema"))
        return "run: GRANT USAGE ON SCHEMA " + in_quotes(after(text, "for schema ", '\n')) + " TO " + to +
               ";";
    if (contains(text, "row-level security")) {
        return "keyshift must see every row; run as superuser: ALTER ROLE " + to +
               " BYPASSRLS; or give it a view that belongs to the table's owner (keyshift sql view)";
    }
    return "grant it to " + to + ": keyshift sql prints the SQL";
}

std::string hint(Errc code, std::string_view sqlstate, std::string_view text, std::string_view user) {
    switch (code) {
        case Errc::connect:
            return connect_hint(sqlstate, text);
        case Errc::auth:
            return auth_hint(text, user);
        case Errc::permission:
            return permission_hint(text, user);
        case Errc::timeout:
            if (sqlstate.substr(0, 2) == "40") {
                return "a standby cancels queries that hold up its replay: on it, as superuser, run: ALTER "
                       "SYSTEM SET hot_standby_feedback = on; SELECT pg_reload_conf();";
            }
            if (sqlstate == "55P03")
                return "another session holds a lock on the table: look at pg_locks and pg_stat_activity";
            return "look at the load and the locks of the database (pg_stat_activity), or raise the "
                   "collector's timeout";
        case Errc::schema:
            if (sqlstate == "3D000") return "check the database name in database_url";
            if (sqlstate == "22P05" || sqlstate == "22021") {
                return "a text of a row has bytes that the database's encoding cannot turn into UTF-8: "
                       "correct "
                       "it, or set those of gateway.columns that hold free text (name, prefix) to null";
            }
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
    // Class 40: a standby's replay could not wait for us.
    if (group == "40" || sqlstate == "57014" || sqlstate == "55P03" || sqlstate == "25P03")
        return Errc::timeout;
    if (group == "28") return Errc::auth;
    // 57P05: the server ended an idle session, which is no more than a lost connection.
    if (group == "08" || group == "53" || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
        sqlstate == "57P05")
        return Errc::connect;
    return Errc::other;
}

base::Error postgres_error(std::string_view sqlstate, const std::string& target, std::string_view text,
                           std::string_view user) {
    const Errc code = sqlstate.empty() ? classify_local(text) : classify_sqlstate(sqlstate);
    // Class 22, data exceptions, quotes the data: that could be a hash.
    const bool quotes_data = sqlstate.substr(0, 2) == "22";
    const std::string shown =
        quotes_data ? "a value cannot be converted as the query asks (SQLSTATE " + std::string(sqlstate) + ")"
                    : base::escape_unsafe(text);
    return {code, "PostgreSQL at " + target + ": " + shown, hint(code, sqlstate, text, user)};
}

}  // namespace keyshift::drivers
