// SPDX-License-Identifier: Apache-2.0
// One PostgreSQL connection, every wait bounded by a deadline and an Interrupt. Queries run in a
// PostgresTransaction alone, so that nothing is left on the connection. They go through libpqxx, which waits
// without a bound: a SocketWatchdog ends it.
// Blocking; used by one thread at a time. libpq's name resolution is the one wait that cannot be bounded from
// here (resolv.conf's `options timeout:` and `attempts:` bound it).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/dsn/postgres_target.hpp"
#include "drivers/net/interrupt.hpp"

namespace pqxx {
class result;
class transaction_base;
}  // namespace pqxx

namespace keyshift::drivers {

/// A small result, as text. Owns its memory; a copy shares it. Used by one thread at a time, its copies too,
/// and fastest row by row.
class PostgresRows {
 public:
    explicit PostgresRows(const pqxx::result& result);

    std::size_t size() const;
    /// Empty for NULL. The view lives as long as this object. Row and column must exist.
    std::optional<std::string_view> at(std::size_t row, std::size_t column) const;

 private:
    struct Held;
    std::shared_ptr<Held> held_;
};

/// The fields of one COPY row in PostgreSQL's binary format, read one after the other in the order of the
/// select list. A field that does not have the wanted width makes the row bad(); values read after that are
/// empty.
class PostgresRow {
 public:
    explicit PostgresRow(std::string_view bytes) : bytes_(bytes) {}

    std::optional<std::string_view> text();
    /// timestamptz. Empty for NULL; ±infinity is base::kInfiniteFuture or base::kInfinitePast.
    std::optional<base::Time> time();
    /// boolean. Empty for NULL.
    std::optional<bool> flag();
    /// integer. Empty for NULL.
    std::optional<std::int32_t> number();
    bool bad() const { return bad_; }
    /// The fields that were not read yet: of a row that nobody has read from, all of it.
    std::string_view rest() const { return bytes_; }

 private:
    std::optional<std::string_view> field();

    std::string_view bytes_;
    bool bad_ = false;
};

class Postgres {
 public:
    explicit Postgres(const Interrupt& interrupt);
    ~Postgres();
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;

    /// Opens a connection (closing an open one). With several hosts each gets an equal share of the time
    /// left. Errors: connect, auth, timeout, canceled, schema (no such database), and config (a service file
    /// says more than where the database is).
    base::Result<void> connect(const PostgresTarget& target, base::Deadline deadline);
    bool connected() const;
    void close();

    /// The server's version as a number, 150020 for 15.20; 0 when not connected.
    int server_version() const;
    /// The host that answered, where several were named.
    std::string host() const;

    /// The last transaction ended because a standby's replay could not wait for it: once more may do.
    bool recovery_conflict() const { return recovery_conflict_; }

 private:
    friend class PostgresTransaction;
    struct Session;
    using Statement = std::function<pqxx::result(pqxx::transaction_base&)>;

    /// The first statements of a transaction.
    base::Result<void> begin(const char* sql, base::Deadline deadline);
    /// The last one.
    base::Result<void> end(const char* sql, base::Deadline deadline);
    base::Result<PostgresRows> query(const std::string& sql, base::Deadline deadline,
                                     const std::vector<std::string>& parameters);
    base::Result<void> copy(const std::string& select, base::Deadline deadline,
                            const std::function<base::Result<void>(PostgresRow&)>& handle);
    /// In which texts are asked for: UTF8, but SQL_ASCII of a database that has no encoding. Such a one would
    /// refuse to give a text that is not UTF-8, and it is for the reader to make it harmless.
    std::string text_encoding() const;
    /// The process of the server, or what a pooler calls itself.
    int backend() const;

    base::Result<pqxx::result> call(const Statement& statement, base::Deadline deadline);
    base::Result<void> run(const std::string& sql, base::Deadline deadline);
    /// Whether the watchdog let the last call be; it was to end it where there is an error.
    base::Result<void> let_be();
    /// Of the last call. libpq keeps what libpqxx loses together with a connection.
    base::Error last_error(std::string sqlstate, std::string_view otherwise);
    base::Error fail(base::Error error);

    const Interrupt& interrupt_;
    PostgresTarget target_;
    std::unique_ptr<Session> session_;
    bool recovery_conflict_ = false;
};

/// The code that fits an SQLSTATE (PostgreSQL documentation, appendix A).
base::Errc classify_sqlstate(std::string_view sqlstate);
/// `text` is the first line of a message of server or libpq, without secrets; an empty `sqlstate` means that
/// libpq itself gave up. The hint says what to do about it; `user` is who needs it.
base::Error postgres_error(std::string_view sqlstate, const std::string& target, std::string_view text,
                           std::string_view user = {});

}  // namespace keyshift::drivers
