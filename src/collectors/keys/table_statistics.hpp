// SPDX-License-Identifier: Apache-2.0
// What the server's own statistics tell of the key table, which cost nothing to read. Used by the thread of
// its connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

class TableStatistics {
 public:
    /// Finds the tables beneath `table`, which may be a view or have partitions; its name is quoted and with
    /// its schema.
    static base::Result<TableStatistics> resolve(drivers::PostgresTransaction& transaction,
                                                 const std::string& table, base::Deadline deadline);

    /// Rows deleted since the statistics began: a number that is good only for telling whether it has
    /// changed. It is newer than the snapshot: of what it counts, the snapshot of the next transaction shows
    /// all. A deletion appears in it some seconds later at most. Empty where it cannot be told: a standby, a
    /// foreign table.
    base::Result<std::optional<std::int64_t>> deleted(drivers::PostgresTransaction& transaction,
                                                      base::Deadline deadline) const;
    /// How many rows there are, as of when the server last estimated it; 0: it never has.
    base::Result<std::uint64_t> rows(drivers::PostgresTransaction& transaction,
                                     base::Deadline deadline) const;

 private:
    std::string tables_;  // an array of their OIDs
};

/// Whether a scan must search for keys that have gone, by the counts of deletions that were read in the
/// transactions of the scans. Such a count is newer than the snapshot of its scan: what was deleted in
/// between it has counted already, and only the snapshot of the next scan shows it. So that one searches too,
/// although the count stays as it was. A value.
class DeletionWatch {
 public:
    /// A count of before the first scan.
    void start(std::optional<std::int64_t> count) { last_ = count; }
    bool started() const { return last_.has_value(); }
    /// Of a scan that has read `count`.
    bool must_search(std::optional<std::int64_t> count) const { return grew_ || differs(count); }
    /// That scan was completed.
    void scanned(std::optional<std::int64_t> count) {
        grew_ = differs(count);
        last_ = count;
    }

 private:
    bool differs(std::optional<std::int64_t> count) const { return !count || count != last_; }

    std::optional<std::int64_t> last_;
    bool grew_ = false;
};

}  // namespace keyshift::collectors
