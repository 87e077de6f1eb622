// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <libpq-fe.h>
#include <poll.h>

#include "base/utf8.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// The first line of a libpq message, its prefixes and the SQLSTATE that verbose mode adds taken off.
struct Message {
    std::string sqlstate;
    std::string text;
};

Message read_message(std::string_view raw) {
    Message message;
    // "connection to server at …: FATAL:  28P01: password authentication failed" + "\nLOCATION:  …"
    for (const std::string_view severity : {"FATAL:  ", "ERROR:  ", "PANIC:  "}) {
        const std::size_t at = raw.rfind(severity);
        if (at == std::string_view::npos) continue;
        std::string_view rest = raw.substr(at + severity.size());
        if (rest.size() > 7 && rest.substr(5, 2) == ": ") {
            message.sqlstate = rest.substr(0, 5);
            rest.remove_prefix(7);
        }
        message.text = rest.substr(0, rest.find('\n'));
        return message;
    }
    // Several attempts (addresses, hosts) give several lines; the last one is the last attempt's.
    while (!raw.empty() && raw.back() == '\n') raw.remove_suffix(1);
    const std::size_t hint = raw.find("\n\tIs the server running");
    raw = raw.substr(0, hint);
    const std::size_t line = raw.rfind('\n');
    message.text = line == std::string_view::npos ? raw : raw.substr(line + 1);
    return message;
}

Error not_connected() {
    return {Errc::connect, "not connected to PostgreSQL", {}};
}

/// A service file, which libpq reads by itself, must not say what would stay on a pooled connection.
bool only_says_where(const PGconn* connection) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfo(const_cast<PGconn*>(connection)), &PQconninfoFree);
    for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
         ++option)
        if (is_of_the_session(option->keyword) && option->val != nullptr && *option->val != '\0')
            return false;
    return true;
}

long long milliseconds(base::Duration d) {
    return std::chrono::ceil<std::chrono::milliseconds>(d).count();
}

}  // namespace

PostgresRows::PostgresRows(pg_result* result) : result_(result, &PQclear) {}

std::size_t PostgresRows::size() const {
    return static_cast<std::size_t>(PQntuples(result_.get()));
}

std::optional<std::string_view> PostgresRows::at(std::size_t row, std::size_t column) const {
    const int r = static_cast<int>(row);
    const int c = static_cast<int>(column);
    if (PQgetisnull(result_.get(), r, c) != 0) return std::nullopt;
    return std::string_view(PQgetvalue(result_.get(), r, c),
                            static_cast<std::size_t>(PQgetlength(result_.get(), r, c)));
}

Postgres::Postgres(const Interrupt& interrupt) : interrupt_(interrupt), connection_(nullptr, &PQfinish) {}
Postgres::~Postgres() = default;

bool Postgres::connected() const {
    return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

void Postgres::close() {
    connection_.reset();
}

int Postgres::server_version() const {
    return connection_ ? PQserverVersion(connection_.get()) : 0;
}

std::string Postgres::host() const {
    const char* const host = connection_ ? PQhost(connection_.get()) : nullptr;
    return host != nullptr ? host : "";
}

Error Postgres::fail(Error error) {
    close();
    return error;
}

/// What the server says may quote what it was sent.
Error Postgres::error_of(std::string_view sqlstate, std::string text) const {
    password_.hide_in(text);
    const char* const user = connection_ ? PQuser(connection_.get()) : nullptr;
    return postgres_error(sqlstate, printable_, text, user == nullptr ? "" : user);
}

Error Postgres::connection_error() const {
    const Message message = read_message(connection_ ? PQerrorMessage(connection_.get()) : "out of memory");
    return error_of(message.sqlstate, message.text);
}

Error Postgres::result_error(const pg_result* result) {
    const char* const sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* const primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (sqlstate == nullptr || primary == nullptr) return connection_error();
    recovery_conflict_ = std::string_view(sqlstate).starts_with("40");
    return error_of(sqlstate, primary);
}

Result<void> Postgres::wait(bool readable, bool writable, Deadline deadline) {
    const int socket = PQsocket(connection_.get());
    if (socket < 0) return connection_error();
    const int events = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0);
    std::array<pollfd, 2> fds{
        {{socket, static_cast<short>(events), 0}, {interrupt_.descriptor(), POLLIN, 0}}};
    for (;;) {
        if (deadline.passed()) {
            Error late = postgres_error("57014", printable_, {});
            late.what = "PostgreSQL at " + printable_ + " did not answer in time";
            return late;
        }
        const auto left = std::min<long long>(milliseconds(deadline.left()), 3'600'000);
        const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(left));
        if (ready < 0 && errno == EINTR) continue;
        if (fds[1].revents != 0) return Error{Errc::canceled, "stopped", {}};
        if (ready > 0) return {};
    }
}

Result<void> Postgres::open(const PostgresParameters& parameters, Deadline deadline) {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.reveal().c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) return connection_error();
    if (!only_says_where(connection_.get())) {
        return Error{Errc::config,
                     "the service of database_url sets options, application_name, client_encoding or "
                     "replication, which would stay on the connections of a pooler",
                     "take them out of the service file; settings can stand in database_url: options=-c "
                     "name=value"};
    }
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
         next = PQconnectPoll(connection_.get())) {
        if (next == PGRES_POLLING_FAILED) return connection_error();
        if (auto waited = wait(next == PGRES_POLLING_READING, next == PGRES_POLLING_WRITING, deadline);
            !waited)
            return waited.error();
    }
    PQsetnonblocking(connection_.get(), 1);
    return {};
}

int Postgres::backend() const {
    return connection_ ? PQbackendPID(connection_.get()) : 0;
}

Result<void> Postgres::connect(const PostgresTarget& target, Deadline deadline) {
    close();
    printable_ = target.printable;
    password_ = target.password;
    settings_ = target.settings;
    PostgresParameters parameters = target.parameters;
    for (std::size_t left = host_count(parameters);; --left) {
        const auto share = deadline.left() / static_cast<std::int64_t>(std::max<std::size_t>(left, 1));
        auto opened = open(parameters, deadline.at_most(share));
        if (opened) break;
        // libpq goes from host to host by itself when one refuses; one that is silent has to be taken off its
        // list.
        if (opened.error().code != Errc::timeout || left <= 1 || deadline.passed())
            return fail(opened.error());
        parameters = without_host(parameters, host_index(parameters, host()));
    }
    return {};
}

Result<void> Postgres::flush(int sent, Deadline deadline) {
    if (sent == 0) return fail(connection_error());
    for (;;) {
        const int flushed = PQflush(connection_.get());
        if (flushed == 0) return {};
        if (flushed < 0) return fail(connection_error());
        if (auto waited = wait(true, true, deadline); !waited) return fail(waited.error());
        if (PQconsumeInput(connection_.get()) == 0) return fail(connection_error());
    }
}

Result<pg_result*> Postgres::next_result(Deadline deadline) {
    while (PQisBusy(connection_.get()) != 0) {
        if (auto waited = wait(true, false, deadline); !waited) return fail(waited.error());
        if (PQconsumeInput(connection_.get()) == 0) return fail(connection_error());
    }
    return PQgetResult(connection_.get());
}

Result<PostgresRows> Postgres::drain(Deadline deadline) {
    ResultPtr last(nullptr, &PQclear);
    Error error;
    bool failed = false;
    for (;;) {
        auto result = next_result(deadline);
        if (!result) return result.error();
        if (*result == nullptr) break;
        last.reset(*result);
        const ExecStatusType status = PQresultStatus(last.get());
        if (status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE) continue;
        error = result_error(last.get());
        failed = true;
    }
    if (failed) {
        if (PQstatus(connection_.get()) != CONNECTION_OK) close();
        return error;
    }
    return PostgresRows(last.release());
}

Result<void> Postgres::run(const char* sql, Deadline deadline) {
    if (!connected()) return not_connected();
    if (auto sent = flush(PQsendQuery(connection_.get(), sql), deadline); !sent) return sent;
    auto done = drain(deadline);
    if (!done) return done.error();
    return {};
}

Result<PostgresRows> Postgres::query(const std::string& sql, Deadline deadline,
                                     const std::vector<std::string>& parameters) {
    if (!connected()) return not_connected();
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    const int sent = PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                       nullptr, values.data(), nullptr, nullptr, 0);
    if (auto flushed = flush(sent, deadline); !flushed) return flushed.error();
    return drain(deadline);
}

Result<void> Postgres::copy(const std::string& select, Deadline deadline,
                            const std::function<Result<void>(PostgresRow&)>& handle) {
    if (!connected()) return not_connected();
    const std::string sql = "COPY (" + select + ") TO STDOUT (FORMAT binary)";
    if (auto sent = flush(PQsendQuery(connection_.get(), sql.c_str()), deadline); !sent) return sent;
    auto begun = next_result(deadline);
    if (!begun) return begun.error();
    const ResultPtr start(*begun, &PQclear);
    if (PQresultStatus(start.get()) != PGRES_COPY_OUT) {
        const Error error = result_error(start.get());
        if (auto rest = drain(deadline); !rest && !connected()) return rest.error();
        return error;
    }
    bool header = true;
    for (std::uint32_t rows = 0;; ++rows) {
        // A server that always has more to send never makes us wait, so look at the clock here too.
        if (rows % 4096 == 4095)
            if (auto waited = wait(true, true, deadline); !waited) return fail(waited.error());
        char* raw = nullptr;
        const int size = PQgetCopyData(connection_.get(), &raw, 1);
        const std::unique_ptr<char, decltype(&PQfreemem)> owned(raw, &PQfreemem);
        if (size == -1) break;
        if (size == -2) return fail(connection_error());
        if (size == 0) {
            if (auto waited = wait(true, false, deadline); !waited) return fail(waited.error());
            if (PQconsumeInput(connection_.get()) == 0) return fail(connection_error());
            continue;
        }
        std::string_view bytes(raw, static_cast<std::size_t>(size));
        // The first message begins with the 19-byte file header; a field count of -1 is the trailer.
        if (header) bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 19));
        header = false;
        if (bytes.size() < 2 || bytes.substr(0, 2) == "\xFF\xFF") continue;
        PostgresRow row(bytes.substr(2));
        if (auto handled = handle(row); !handled) return fail(handled.error());
    }
    auto end = drain(deadline);
    if (!end) return end.error();
    return {};
}

}  // namespace keyshift::drivers
