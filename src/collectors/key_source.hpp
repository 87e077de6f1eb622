// SPDX-License-Identifier: Apache-2.0
// The gateway's key table as SQL: finds out which of the configured columns are there and may be read, and
// writes the queries. Never selects a hash: of the lookup hash only whether it is NULL, of the bcrypt hash
// only its cost field, and both are computed inside the database. A value after resolve(): safe to move
// between threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "domain/key.hpp"
#include "drivers/postgres_transaction.hpp"

namespace keyshift::collectors {

enum class KeyOrder {
    newest_first,  ///< by created_at
    by_owner,      ///< owners together, ownerless keys last; newest first within
};

enum class OwnerEmail { unwanted, wanted };

class KeySource {
 public:
    /// Looks the table up in the catalog. Errors: schema (table or columns absent: all of
    /// them are named) and permission (the missing grant is in the hint), beside the driver's.
    static base::Result<KeySource> resolve(drivers::PostgresTransaction& transaction,
                                           const config::Gateway& gateway, base::Deadline deadline);

    /// Quoted, with its schema.
    const std::string& table() const { return table_; }
    /// Every row.
    std::string select_all() const;
    /// Legacy keys created or used at or after the moment of set_since(): one range of the optional index on
    /// (greatest(created_at, last_used_at)) WHERE the key is legacy. The moment is a setting of the
    /// transaction, so that the text is always the same: pg_stat_statements keeps an entry for every COPY
    /// text it sees.
    std::string select_active() const;
    static base::Result<void> set_since(drivers::PostgresTransaction& transaction, base::Time since,
                                        base::Deadline deadline);
    /// The rows of set_ids(), by the index of the id.
    std::string select_ids() const;
    static base::Result<void> set_ids(drivers::PostgresTransaction& transaction,
                                      const std::vector<std::string>& ids, base::Deadline deadline);
    /// Legacy keys for people. An address that is wanted is there only where it may be read.
    std::string select_legacy(KeyOrder order, OwnerEmail email) const;
    /// One row: the number of legacy keys and of their owners.
    std::string count_legacy() const;

    /// At most one row: whether the key with the id $1 is legacy.
    std::string is_legacy() const;

    /// Takes one row of any select above apart; the texts are views into it.
    static domain::Key read(drivers::PostgresRow& row);

 private:
    struct Columns;
    static base::Result<void> check(const Columns& columns, const config::Gateway& gateway);
    static base::Result<void> check_types(const Columns& columns, const config::Gateway& gateway);
    void name_times(const Columns& columns, const config::Columns& named);
    std::string columns_sql(const std::string& owner_email) const;

    std::string table_;
    std::string legacy_;     // a boolean expression
    std::string ids_match_;  // a boolean expression
    std::string id_, owner_, name_, prefix_, created_at_, last_used_at_, expires_at_, blocked_, over_budget_,
        bcrypt_cost_;
    std::string activity_, since_;  // when a key was created or used, and what to compare it with
    std::string users_table_, users_match_, users_email_;  // empty: not there or not readable
};

}  // namespace keyshift::collectors
