// SPDX-License-Identifier: Apache-2.0
// How old the data of a PostgreSQL server are. A primary's are of now. A standby shows what it has replayed,
// and looks the same whether that is of now or of last week. Used by the thread of its connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

/// What a server says of its recovery.
struct Recovery {
    bool in_recovery = false;  ///< it is a standby; else nothing of what follows is there
    std::string system;        ///< system identifier
    base::Time moment;         ///< the server's clock at the time of asking
    bool receives = false;     ///< a WAL receiver runs
    bool may_see = false;      ///< the role may see how the receiver does
    bool streams = false;      ///< ... it streams, and has had a message since it connected
    std::optional<base::Duration> silent_for = {};  ///< since its last message
    bool caught_up = false;                         ///< all that the server above has is replayed
    std::optional<base::Time> last_commit_at = {};  ///< the last replayed one; empty: none since the start
    std::uint64_t replayed = 0;                     ///< position in the WAL
    std::string user;                               ///< the role
    std::string grant = {};                         ///< the SQL that lets it see how the receiver does
};

/// Asks the server, in a transaction that must end before the one whose data are meant: what was replayed in
/// between is then in those. Errors: those of the driver; other where the server does not know these
/// functions.
base::Result<Recovery> recovery_of(drivers::PostgresTransaction& transaction, base::Deadline deadline);

/// The age of the data from poll to poll.
class Standby {
 public:
    /// As of when the data are, at the least. Errors: permission (the role may not see it; the hint has the
    /// GRANT), other (nothing tells).
    base::Result<base::Time> data_at(const Recovery& recovery);

 private:
    // What was replayed up to `replayed_` is as of `data_at_` at least.
    std::string system_;
    std::uint64_t replayed_ = 0;
    std::optional<base::Time> data_at_;
};

}  // namespace keyshift::collectors
