// SPDX-License-Identifier: Apache-2.0
// Whether rows of the key table were deleted, told by the server's own statistics, which cost nothing to
// read. Used by the thread of its connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/postgres.hpp"

namespace keyshift::collectors {

class Deletions {
 public:
    /// Finds the tables beneath `table`, which may be a view or have partitions; its name is quoted and with
    /// its schema.
    static base::Result<Deletions> resolve(drivers::Postgres& connection, const std::string& table,
                                           base::Deadline deadline);

    /// Rows deleted since the statistics began: a number that is good only for telling whether it has
    /// changed. To be asked before a snapshot is taken: what it counts, the snapshot shows. A deletion
    /// appears in it some seconds later at most. Empty where it cannot be told: a standby, a foreign table.
    base::Result<std::optional<std::int64_t>> count(drivers::Postgres& connection,
                                                    base::Deadline deadline) const;

 private:
    std::string tables_;  // an array of their OIDs
};

}  // namespace keyshift::collectors
