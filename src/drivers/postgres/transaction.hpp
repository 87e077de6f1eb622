// SPDX-License-Identifier: Apache-2.0
// The only way to run a query: one read-only transaction, after which the connection is as it was. Behind a
// pooler the connection belongs to others before and after it, so nothing that is set here lasts longer, and
// nothing that others have set counts in it. Blocking; used by the thread of its connection. Do nothing else
// while it is open: copy rows into a RowSpool, commit, and then work.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/postgres/postgres.hpp"

namespace keyshift::drivers {

class PostgresTransaction {
 public:
    struct Limits {
        base::Duration statement;  ///< the server ends a statement that runs longer, and an idle transaction
        base::Duration lock;       ///< … or waits longer for a lock
    };

    /// Begins a REPEATABLE READ READ ONLY transaction and takes its snapshot. In it: the rights of the user
    /// that the connection string names, search_path = pg_catalog, pg_temp, UTC, ISO dates, UTF-8, an error
    /// in place of rows that a policy hides, and the operator's own settings where they are none of these.
    /// `connection` is connected, has no open transaction, and outlives this object.
    static base::Result<PostgresTransaction> begin(Postgres& connection, Limits limits,
                                                   base::Deadline deadline);
    PostgresTransaction(PostgresTransaction&& other) noexcept;
    PostgresTransaction& operator=(PostgresTransaction&&) = delete;
    /// Without a commit(): rolls back within a second, or closes the connection.
    ~PostgresTransaction();

    /// The database's clock just after the snapshot was taken.
    base::Time moment() const { return moment_; }
    /// Something between here and the server hands its connections on to others.
    bool pooled() const { return pooled_; }
    bool in_recovery() const { return in_recovery_; }
    /// The schemas of the search path that user, database and operator set, as an array: those that are
    /// there and may be used, without pg_catalog and temporary ones.
    const std::string& schemas() const { return schemas_; }
    /// The parameter of the connection string that gives that path; empty: none does.
    const std::string& search_path_by() const { return connection_->target_.search_path_by; }

    /// One statement. Its text has no values in it: pg_stat_statements keeps an entry of each text.
    base::Result<PostgresRows> query(const std::string& sql, base::Deadline deadline,
                                     const std::vector<std::string>& parameters = {});
    /// Runs "COPY (`select`) TO STDOUT" and hands over each row; memory does not grow with their number. An
    /// error from `handle` ends the copy, closes the connection and is returned.
    base::Result<void> copy(const std::string& select, base::Deadline deadline,
                            const std::function<base::Result<void>(PostgresRow&)>& handle);
    /// Ends it. An error closes the connection.
    base::Result<void> commit(base::Deadline deadline);

 private:
    explicit PostgresTransaction(Postgres& connection) : connection_(&connection) {}
    base::Result<void> prepare(Limits limits, base::Deadline deadline);

    Postgres* connection_;  // null: it has ended, or was moved from
    base::Time moment_;
    std::string schemas_;
    bool pooled_ = false;
    bool in_recovery_ = false;
};

}  // namespace keyshift::drivers
