// SPDX-License-Identifier: Apache-2.0
// How long a scan of the whole table takes, and how long it may take. Behind a pooler it holds one of the few
// connections that the gateway needs too, so it must be short. Values; no I/O.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/collector.hpp"

namespace keyshift::collectors {

/// The longest time for which a transaction may hold a pooler's connection.
constexpr base::Duration kLongestHold = std::chrono::seconds{5};

/// How fast the rows of the key table are read: a careful guess at first, then as the last census was.
class CensusPace {
 public:
    /// How long `rows` would take.
    base::Duration expected(std::uint64_t rows) const;
    /// So many rows took so long. A few rows tell nothing.
    void learn(std::uint64_t rows, base::Duration took);

 private:
    double rows_per_second_ = 200'000;
};

/// How long to wait for a scan of the whole table: much longer than the last one took, and not at once as
/// long as is permitted, or nobody would be told for minutes of a server that has stopped answering. What is
/// merely slower than before gets more time with each attempt.
class CensusPatience {
 public:
    /// For the next one, between `least` and `most`; `most` where `least` is above it, and until one has
    /// succeeded.
    base::Duration of_next(base::Duration least, base::Duration most) const;
    void succeeded(base::Duration took);
    /// One was given so long, and that was not enough.
    void timed_out(base::Duration given);

 private:
    std::optional<base::Duration> patience_;
};

/// A scan of the whole table that would take `expected` is not begun, or was ended: Errc::timeout.
base::Error too_long_for_a_pooler(base::Duration expected);
/// What a pooler means, where a scan of the whole table would take `expected`, for `keyshift doctor`.
Finding about_pooler(base::Duration expected);

}  // namespace keyshift::collectors
