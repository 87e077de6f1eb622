// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/postgres.hpp"

#include <algorithm>
#include <exception>

#include <libpq-fe.h>
#include <pqxx/except>
#include <pqxx/result>
#include <pqxx/transaction_base>

#include "drivers/postgres/library.hpp"
#include "drivers/postgres/login.hpp"
#include "drivers/postgres/socket_watchdog.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;

Error not_connected() {
    return {Errc::connect, "not connected to PostgreSQL", {}};
}

/// Hands over the rows of a COPY in the binary format; whether it has come to its end. Read by libpq: libpqxx
/// has only the text format, which costs the server a fifth more than this one.
Result<bool> hand_over(PGconn* connection, const std::function<Result<void>(PostgresRow&)>& handle) {
    for (bool header = true;; header = false) {
        char* raw = nullptr;
        const int size = PQgetCopyData(connection, &raw, 0);
        const std::unique_ptr<char, decltype(&PQfreemem)> owned(raw, &PQfreemem);
        if (size < 0) return size == -1;
        std::string_view bytes(raw, static_cast<std::size_t>(size));
        // The first message begins with the 19-byte file header; a field count of -1 is the trailer.
        if (header) bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 19));
        if (bytes.size() < 2 || bytes.substr(0, 2) == "\xFF\xFF") continue;
        PostgresRow row(bytes.substr(2));
        if (auto handled = handle(row); !handled) return handled.error();
    }
}

/// What the server says of a COPY whose rows have all come.
bool succeeded(PGconn* connection) {
    bool all = true;
    for (;;) {
        const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(connection), &PQclear);
        if (!result) return all;
        all = all && PQresultStatus(result.get()) == PGRES_COMMAND_OK;
    }
}

}  // namespace

/// Ends in the opposite order: the watchdog has gone before the socket is closed.
struct Postgres::Session {
    /// Throws where the library or the watchdog does.
    Session(PostgresConnection made, const Interrupt& interrupt)
        : connection(std::move(made)),
          library(connection.get()),
          watchdog(PQsocket(connection.get()), interrupt) {
        PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);  // libpqxx 7 has set one
    }

    PostgresConnection connection;
    PostgresLibrary library;
    std::unique_ptr<pqxx::transaction_base> work;  // of the transaction
    SocketWatchdog watchdog;
};

Postgres::Postgres(const Interrupt& interrupt) : interrupt_(interrupt) {}
Postgres::~Postgres() = default;

bool Postgres::connected() const {
    return session_ && PQstatus(session_->connection.get()) == CONNECTION_OK;
}

void Postgres::close() {
    session_.reset();
}

int Postgres::server_version() const {
    return session_ ? PQserverVersion(session_->connection.get()) : 0;
}

std::string Postgres::host() const {
    const char* const host = session_ ? PQhost(session_->connection.get()) : nullptr;
    return host != nullptr ? host : "";
}

std::string Postgres::text_encoding() const {
    const char* const own =
        session_ ? PQparameterStatus(session_->connection.get(), "server_encoding") : nullptr;
    return own != nullptr && std::string_view(own) == "SQL_ASCII" ? own : "UTF8";
}

int Postgres::backend() const {
    return session_ ? PQbackendPID(session_->connection.get()) : 0;
}

Result<void> Postgres::connect(const PostgresTarget& target, Deadline deadline) {
    close();
    target_ = target;
    auto made = log_in(target_, deadline, interrupt_);
    if (!made) return made.error();
    try {
        session_ = std::make_unique<Session>(*std::move(made), interrupt_);
    } catch (const std::exception& error) {
        return Error{
            Errc::other,
            "PostgreSQL at " + target_.printable + ": the connection cannot be used: " + error.what(),
            "let the process have more descriptors and threads (LimitNOFILE, TasksMax)"};
    }
    return {};
}

Error Postgres::fail(Error error) {
    close();
    return error;
}

Error Postgres::last_error(std::string sqlstate, std::string_view otherwise) {
    PGconn* const connection = session_->connection.get();
    PostgresMessage message = read_statement_message(PQerrorMessage(connection));
    if (message.text.empty()) message.text = otherwise;
    if (!sqlstate.empty()) message.sqlstate = std::move(sqlstate);
    if (!message.sqlstate.empty()) recovery_conflict_ = message.sqlstate.starts_with("40");
    Error error = error_at(target_, connection, std::move(message));
    return connected() ? error : fail(std::move(error));
}

Result<void> Postgres::let_be() {
    switch (session_->watchdog.end()) {
        case SocketWatchdog::Ended::late:
            return fail(late_at(target_));
        case SocketWatchdog::Ended::stopped:
            return fail(stopped());
        default:
            return {};
    }
}

Result<pqxx::result> Postgres::call(const Statement& statement, Deadline deadline) {
    if (!connected() || !session_->work) return not_connected();
    std::string sqlstate;
    std::string what;
    pqxx::result result;
    session_->watchdog.begin(deadline);
    try {
        result = statement(*session_->work);
    } catch (const pqxx::sql_error& error) {
        sqlstate = error.sqlstate();  // 6.4 leaves it out of some, 7.10 of 42501
        what = error.what();
    } catch (const std::exception& error) {
        what = error.what();
    }
    if (auto ended = let_be(); !ended) return ended.error();
    if (!what.empty()) return last_error(std::move(sqlstate), what);
    return result;
}

Result<void> Postgres::run(const std::string& sql, Deadline deadline) {
    auto done = call([&](pqxx::transaction_base& work) { return work.exec(sql); }, deadline);
    if (!done) return done.error();
    return {};
}

Result<void> Postgres::begin(const char* sql, Deadline deadline) {
    if (!connected()) return not_connected();
    session_->work.reset();
    try {
        session_->work = session_->library.work();  // 6.4 looks at the socket
    } catch (const std::exception& error) {
        return last_error({}, error.what());
    }
    return run(sql, deadline);
}

Result<void> Postgres::end(const char* sql, Deadline deadline) {
    auto done = run(sql, deadline);
    if (session_) session_->work.reset();
    return done;
}

Result<PostgresRows> Postgres::query(const std::string& sql, Deadline deadline,
                                     const std::vector<std::string>& parameters) {
    auto result =
        call([&](pqxx::transaction_base& work) { return PostgresLibrary::query(work, sql, parameters); },
             deadline);
    if (!result) return result.error();
    return PostgresRows(*result);
}

Result<void> Postgres::copy(const std::string& select, Deadline deadline,
                            const std::function<Result<void>(PostgresRow&)>& handle) {
    auto begun = run("COPY (" + select + ") TO STDOUT (FORMAT binary)", deadline);
    if (!begun) return begun;
    PGconn* const connection = session_->connection.get();
    session_->watchdog.begin(deadline);
    const auto whole = hand_over(connection, handle);
    if (!whole) return fail(whole.error());
    const bool done = *whole && succeeded(connection);
    if (auto ended = let_be(); !ended) return ended;
    if (!done) return last_error({}, "the connection was lost");
    return {};
}

}  // namespace keyshift::drivers
