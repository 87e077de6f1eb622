// SPDX-License-Identifier: Apache-2.0
// The gateway's key table as SQL: finds out which of the configured columns are there and may be read, and
// writes the queries. Never selects a hash: of the lookup hash only what kind of value it is
// (KeyExpressions), of the bcrypt hash only its cost field, and both are computed inside the database. A
// value after resolve(): safe to move between threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/key_table/expressions.hpp"
#include "collectors/key_table/lookup_facts.hpp"
#include "config/config.hpp"
#include "domain/keys/plausible.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

enum class KeyOrder {
    newest_first,  ///< by created_at
    by_owner,      ///< owners together, ownerless keys last; newest first within
};

enum class OwnerEmail { unwanted, wanted };

/// Which legacy keys a pulse asks for.
enum class Reach {
    indexed,  ///< those of which the optional index tells: all, unless a census has found others
    all,      ///< also those that only a test of each row's hash finds; no index serves that
};

class KeySource {
 public:
    /// Resolves the table by the catalog; where the user may read nothing of it, the view that `keyshift sql`
    /// makes beside it. Errors: schema (table or columns absent: all of
    /// them are named) and permission (the missing grant is in the hint), beside the driver's.
    static base::Result<KeySource> resolve(drivers::PostgresTransaction& transaction,
                                           const config::Gateway& gateway, base::Deadline deadline);

    /// Quoted, with its schema.
    const std::string& table() const { return table_; }
    /// Every row.
    std::string select_all() const;
    /// Legacy keys created or used at or after the moment of set_since(): with Reach::indexed one range of
    /// the optional index on (greatest(created_at, last_used_at)) WHERE the key is legacy. The moment is a
    /// setting of the transaction, so that the text is always the same: pg_stat_statements keeps an entry for
    /// every COPY text it sees.
    std::string select_active(Reach reach) const;
    static base::Result<void> set_since(drivers::PostgresTransaction& transaction, base::Time since,
                                        base::Deadline deadline);
    /// The rows of set_ids(), by the index of the id.
    std::string select_ids() const;
    static base::Result<void> set_ids(drivers::PostgresTransaction& transaction,
                                      const std::vector<std::string>& ids, base::Deadline deadline);
    /// Legacy keys for people. An address that is wanted is there only where it may be read.
    std::string select_legacy(KeyOrder order, OwnerEmail email) const;
    /// At most one row: the address of the owner whose id is $1, who may have no key any more. Empty: no
    /// column is known that holds addresses, or it may not be read.
    std::string select_owner_email() const;
    /// One row: the number of legacy keys and of their owners.
    std::string legacy_count_query() const;
    /// The ids of modern rows whose hash stands in another row too, at most one more than `limit`. Empty: no
    /// row can have such a one, or nobody may ask.
    std::string select_shared(std::size_t limit) const;
    /// One row, where nothing is known of how a lookup hash looks: the smallest and the largest
    /// domain::HashKind number of plain values, and whether one is slow. Empty: there is nothing to ask.
    std::string select_forms() const;
    /// One row: how many ids stand in several rows.
    std::string repeated_count_query() const;
    /// Whether anything can tell legacy keys from modern ones. Error: schema.
    base::Result<void> can_tell() const;
    /// One row: how many rows there are whose hash is made to be slow. Empty: no column is known that holds
    /// hashes.
    std::string slow_count_query() const;

    /// The statement that makes the optional index, without its semicolon.
    const std::string& create_index() const { return create_index_; }

    /// What the catalog says of the column with the lookup hash.
    const LookupFacts& lookup() const { return lookup_; }
    /// The column with the lookup hash as people know it; empty: none is known.
    const std::string& lookup_name() const { return lookup_name_; }

    /// At most one row: whether the key with the id $1 is legacy.
    std::string is_legacy() const;

    /// From now on the keys of set_ids() count as legacy in select_legacy() and legacy_count_query().
    void treat_ids_as_legacy() { legacy_.legacy = "(" + legacy_.legacy + " OR " + ids_match_ + ")"; }

    /// Whether values of a modern key are of a known shape.
    bool is_shapeless() const { return shapeless_; }
    /// The table as the configuration names it.
    const std::string& title() const { return title_; }

    /// Takes one row of any select of rows above apart; the texts are views into it.
    static domain::KeyRow read(drivers::PostgresRow& row);

 private:
    struct Columns;
    static base::Result<void> check(const Columns& columns, const config::Gateway& gateway);
    static bool has_own_flag(const Columns& columns, const config::Gateway& gateway);
    static base::Result<std::optional<config::Gateway>> view_of(drivers::PostgresTransaction& transaction,
                                                                const Columns& columns,
                                                                const config::Gateway& gateway,
                                                                base::Deadline deadline);
    static base::Result<void> check_types(const Columns& columns, const config::Gateway& gateway);
    static KeyExpressions expressions(const Columns& columns, const config::Gateway& gateway,
                                      std::string alias);
    base::Result<void> name_legacy(drivers::PostgresTransaction& transaction, const Columns& columns,
                                   const config::Gateway& gateway, base::Deadline deadline);
    void name_values(const KeyExpressions& expressions, const config::Gateway& gateway);
    std::string columns_sql(const std::string& owner_email) const;

    std::string table_;
    std::string title_;
    LegacySql legacy_;
    LookupFacts lookup_;
    std::string lookup_name_, shared_, slow_, create_index_;
    bool shapeless_ = false;
    std::string ids_match_;  // a boolean expression
    std::string id_column_, id_, owner_, name_, prefix_, created_at_, last_used_at_, expires_at_, blocked_,
        budget_, bcrypt_cost_;
    std::string activity_, since_;  // when a key was created or used, and what to compare it with
    std::string users_table_, users_match_, users_id_,
        users_email_;  // users_id_ with its operator; empty: not there or not readable
};

}  // namespace keyshift::collectors
