// SPDX-License-Identifier: Apache-2.0
// Whether rows of the key table were deleted, told by the server's own statistics, which cost nothing to
// read. Used by the thread of its connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/postgres_transaction.hpp"

namespace keyshift::collectors {

class Deletions {
 public:
    /// Finds the tables beneath `table`, which may be a view or have partitions; its name is quoted and with
    /// its schema.
    static base::Result<Deletions> resolve(drivers::PostgresTransaction& transaction,
                                           const std::string& table, base::Deadline deadline);

    /// Rows deleted since the statistics began: a number that is good only for telling whether it has
    /// changed. It is newer than the snapshot: of what it counts, the snapshot of the next transaction shows
    /// all. A deletion appears in it some seconds later at most. Empty where it cannot be told: a standby, a
    /// foreign table.
    base::Result<std::optional<std::int64_t>> count(drivers::PostgresTransaction& transaction,
                                                    base::Deadline deadline) const;

 private:
    std::string tables_;  // an array of their OIDs
};

}  // namespace keyshift::collectors
