// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/transaction.hpp"

#include <algorithm>
#include <utility>

#include "drivers/dsn/postgres_options.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;

/// A superuser's session may have become another's; and the path by which the table is found is the one
/// that the role has, not what another client left.
constexpr const char* kBegin =
    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL SESSION AUTHORIZATION DEFAULT; "
    "SET LOCAL search_path TO DEFAULT";

/// One row for each setting, in their order. What a name means is not known before the last of them, so each
/// is qualified. The snapshot is older than the clock that is read here.
constexpr const char* kSet =
    "SELECT pg_catalog.set_config(s.name, s.value, true), "
    "(pg_catalog.current_schemas(false))::pg_catalog.text, pg_catalog.pg_backend_pid(), "
    "pg_catalog.to_char(pg_catalog.timezone('UTC'::pg_catalog.text, pg_catalog.clock_timestamp()), "
    "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'::pg_catalog.text), pg_catalog.pg_is_in_recovery() "
    "FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) "
    "AS s(name, value)";

constexpr base::Duration kRollback = std::chrono::seconds{1};

std::string as_setting(base::Duration d) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(d).count());
}

/// The role first, since rights decide which schemas the path has; search_path last, see kSet.
PostgresSettings settings_of(const PostgresSettings& operators, const PostgresTransaction::Limits& limits,
                             int server_version, const std::string& client_encoding) {
    PostgresSettings out{{"role", "none"}};
    out.insert(out.end(), operators.begin(), operators.end());
    const PostgresSettings ours{
        {"application_name", "keyshift"},
        {"client_encoding", client_encoding},
        {"TimeZone", "UTC"},
        {"DateStyle", "ISO, YMD"},
        {"IntervalStyle", "postgres"},
        {"bytea_output", "hex"},
        {"extra_float_digits", "1"},
        {"standard_conforming_strings", "on"},
        {"transform_null_equals", "off"},
        {"quote_all_identifiers", "off"},
        // Rows that a policy hides must be an error: they would look like keys that are gone.
        {"row_security", "off"},
        // Our queries read much and compute little, but a partial index makes the planner expect a third of
        // the table.
        {"jit", "off"},
        {"statement_timeout", as_setting(limits.statement)},
        {"lock_timeout", as_setting(limits.lock)},
        {"idle_in_transaction_session_timeout", as_setting(limits.statement)},
    };
    out.insert(out.end(), ours.begin(), ours.end());
    // A server that outlives us stops working for us: it looks every second whether we are still there.
    if (server_version >= 140000) out.emplace_back("client_connection_check_interval", "1000");
    if (server_version >= 170000) out.emplace_back("transaction_timeout", "0");
    out.emplace_back("search_path", "pg_catalog, pg_temp");
    return out;
}

std::vector<std::string> arrays_of(const PostgresSettings& settings) {
    std::vector<std::string> names;
    std::vector<std::string> values;
    for (const auto& [name, value] : settings) {
        names.push_back(name);
        values.push_back(value);
    }
    return {postgres_array(names), postgres_array(values)};
}

}  // namespace

Result<PostgresTransaction> PostgresTransaction::begin(Postgres& connection, Limits limits,
                                                       Deadline deadline) {
    connection.recovery_conflict_ = false;
    if (auto begun = connection.begin(kBegin, deadline); !begun) {
        connection.close();
        return begun.error();
    }
    PostgresTransaction transaction(connection);
    if (auto prepared = transaction.prepare(limits, deadline); !prepared) return prepared.error();
    return transaction;
}

Result<void> PostgresTransaction::prepare(Limits limits, Deadline deadline) {
    const PostgresSettings settings = settings_of(
        connection_->target_.settings, limits, connection_->server_version(), connection_->text_encoding());
    auto rows = query(kSet, deadline, arrays_of(settings));
    if (!rows) {
        Error error = rows.error();
        if (!connection_->target_.settings.empty() && error.code != Errc::timeout &&
            error.code != Errc::connect)
            error.hint = "check the settings that options of database_url gives";
        return error;
    }
    const std::size_t last = rows->size() - 1;
    const auto moment = base::parse_rfc3339(rows->at(last, 3).value_or(""));
    if (rows->size() != settings.size() || !moment)
        return Error{Errc::parse, "the database's clock gave no time", {}};
    moment_ = *moment;
    schemas_ = rows->at(last - 1, 1).value_or("{}");
    pooled_ = rows->at(last, 2) != std::to_string(connection_->backend());
    in_recovery_ = rows->at(last, 4) == "t";
    return {};
}

PostgresTransaction::PostgresTransaction(PostgresTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      moment_(other.moment_),
      schemas_(std::move(other.schemas_)),
      pooled_(other.pooled_),
      in_recovery_(other.in_recovery_) {}

PostgresTransaction::~PostgresTransaction() {
    if (connection_ == nullptr || !connection_->connected()) return;
    if (!connection_->end("ROLLBACK", Deadline::in(kRollback))) connection_->close();
}

Result<PostgresRows> PostgresTransaction::query(const std::string& sql, Deadline deadline,
                                                const std::vector<std::string>& parameters) {
    return connection_->query(sql, deadline, parameters);
}

Result<void> PostgresTransaction::copy(const std::string& select, Deadline deadline,
                                       const std::function<Result<void>(PostgresRow&)>& handle) {
    return connection_->copy(select, deadline, handle);
}

Result<void> PostgresTransaction::commit(Deadline deadline) {
    Postgres& connection = *std::exchange(connection_, nullptr);
    auto done = connection.end("COMMIT", deadline);
    if (!done) connection.close();
    return done;
}

}  // namespace keyshift::drivers
