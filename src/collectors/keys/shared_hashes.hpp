// SPDX-License-Identifier: Apache-2.0
// Finds keys whose lookup hash stands in another row too: it is a placeholder, and they are legacy. Asked
// apart from the census, since it needs the gateway's own index: before anything else, then once a day at
// most. Used by the thread of its connection.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/keys/row_reader.hpp"
#include "collectors/keys/source.hpp"
#include "collectors/shared/duty.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

class SharedHashFinder {
 public:
    /// More of them are no placeholders of some rows: the column does not hold lookup hashes.
    static constexpr std::size_t kMost = 100'000;

    explicit SharedHashFinder(double share) : budget_(share) {}

    bool is_due() const;
    /// Replaces what was found before. Errors: those of the driver, and schema where there are more than
    /// kMost.
    base::Result<void> refresh(drivers::PostgresTransaction& transaction, const KeySource& source,
                               base::Deadline deadline);

    const SharedHashes& keys() const { return keys_; }
    const std::vector<std::string>& ids() const { return ids_; }

 private:
    SharedHashes keys_;
    std::vector<std::string> ids_;
    std::optional<Budget::Clock::time_point> found_at_;  // empty: not asked yet
    Budget budget_;
};

}  // namespace keyshift::collectors
