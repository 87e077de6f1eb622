// SPDX-License-Identifier: Apache-2.0
// pg_stat_statements of one database, in all its releases. Reading the counters is cheap; reading the texts
// makes the server load the file that holds them all, so that is a call of its own. Used by the thread of its
// connection.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/shared/provider.hpp"
#include "config/config.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

/// How often one statement of one user ran.
struct StatementEntry {
    std::string id;     ///< "userid/queryid/toplevel": the same as long as the table it reads is
    std::string since;  ///< from when it counts; empty before PostgreSQL 17
    std::uint64_t calls = 0;
    std::uint64_t rows = 0;
};

struct StatementText {
    std::string id;
    std::optional<std::string> text;  ///< empty: the server has lost it
    std::string role = {};            ///< who ran it
};

struct StatementStatistics {
    std::string database;                    ///< no other one is called that, as far as can be told
    base::Time taken_at;                     ///< the database's clock
    std::string reset_at;                    ///< when all was last reset; empty before PostgreSQL 14
    std::optional<std::uint64_t> evictions;  ///< rounds of them since then; empty before PostgreSQL 14
    bool may_have_evicted = false;           ///< where evictions are not counted: nothing excludes one
    std::vector<StatementEntry> entries;
    std::string user = {};        ///< keyshift's own, as ids begin
    std::uint64_t own_calls = 0;  ///< of all its statements: fewer than before, only if counts were lost

    /// Whether keyshift itself ran the statement of this id.
    bool is_own(const std::string& id) const { return id.starts_with(user + "/"); }
};

class StatementView {
 public:
    /// Finds pg_stat_statements and whether it counts and may be read. Errors: schema (not loaded, not
    /// created, switched off, a standby) and permission.
    static base::Result<StatementView> resolve(drivers::PostgresTransaction& transaction,
                                               base::Deadline deadline);
    /// What statements call the table that keyshift knows as `gateway.table`: the tables below a view.
    static base::Result<std::vector<std::string>> tables(drivers::PostgresTransaction& transaction,
                                                         const config::Gateway& gateway,
                                                         base::Deadline deadline);

    /// Whether one entry may hold calls of tables of one name in different schemas, and tell of one: so it is
    /// from PostgreSQL 18 on.
    static base::Result<bool> shares_identities(drivers::PostgresTransaction& transaction,
                                                const std::vector<std::string>& tables,
                                                base::Deadline deadline);

    /// Functions that name one of `tables` in their body, or were made of it. Where statements within
    /// functions are tracked (track = all), none: these show by themselves.
    base::Result<std::vector<std::string>> functions(drivers::PostgresTransaction& transaction,
                                                     const std::vector<std::string>& tables,
                                                     base::Deadline deadline) const;

    /// All of this database, as of one moment, in transactions of its own. Errors: schema when the server has
    /// become a standby, or counts no statements any more, not even these.
    base::Result<StatementStatistics> read(drivers::Postgres& connection,
                                           drivers::PostgresTransaction::Limits limits,
                                           base::Deadline deadline);
    /// Of all entries there are, in a transaction of its own; a text that holds none of `names`, in letters
    /// of any case, is given as "". Without names each text is given.
    base::Result<std::vector<StatementText>> texts(drivers::Postgres& connection,
                                                   drivers::PostgresTransaction::Limits limits,
                                                   const std::vector<std::string>& names,
                                                   base::Deadline deadline) const;

    /// So few entries are free that some may have been evicted recently.
    base::Result<bool> nearly_full(drivers::PostgresTransaction& transaction, base::Deadline deadline) const;

    /// Entries that the server keeps.
    const std::string& capacity() const { return capacity_; }
    Provider provider() const { return provider_; }
    const std::string& track() const { return track_; }
    /// The extension is older than its library: what ran inside functions is among what the gateway sent.
    bool outdated() const { return outdated_; }

 private:
    struct Moment;
    struct Snapshot;
    base::Result<Snapshot> snapshot(drivers::PostgresTransaction& transaction, base::Deadline deadline) const;
    base::Result<Moment> moment(drivers::PostgresTransaction& transaction, base::Deadline deadline) const;
    base::Result<void> read_columns(drivers::PostgresTransaction& transaction, const std::string& schema,
                                    base::Deadline deadline);
    base::Result<void> name_database(drivers::PostgresTransaction& transaction, base::Deadline deadline);
    base::Result<void> prove_counting(drivers::PostgresTransaction transaction,
                                      base::Deadline deadline) const;
    std::string from(bool with_texts) const;

    std::string view_;  // with its schema, quoted, as below
    std::string info_;  // empty: not there
    std::string id_, since_;
    std::string capacity_, track_, user_, database_;
    Provider provider_ = Provider::nobody;
    std::string user_id_;
    std::string grant_;  // what gives the user the right to see the statements of others
    bool outdated_ = false;
    std::optional<std::uint64_t> own_calls_;  // when it was last read
};

}  // namespace keyshift::collectors
