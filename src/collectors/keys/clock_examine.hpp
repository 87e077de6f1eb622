// SPDX-License-Identifier: Apache-2.0
// Whose clock the times of the key table are by, for `keyshift doctor`. Blocking; one thread at a time.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/keys/examine.hpp"

namespace keyshift::collectors {

/// Columns that hold times without saying of which zone, and are therefore read as UTC.
struct ZonelessColumns {
    std::string names;        ///< for people
    std::string zone;         ///< of the database, by which its own now() fills such a column
    base::Duration offset{};  ///< of that zone now; negative: west of Greenwich
    std::string remedy;       ///< a view that names the zone; where none can be made, what to do
};

/// Empty: all times say it. Errors: the driver's.
base::Result<std::optional<ZonelessColumns>> zoneless_columns(const KeyTableSnapshot& table,
                                                              base::Deadline deadline);

}  // namespace keyshift::collectors
