// SPDX-License-Identifier: Apache-2.0
// What `keyshift doctor` examines in the gateway's database beside the rows of the key table. Blocking; one
// thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "collectors/keys/keys.hpp"
#include "collectors/keys/source.hpp"
#include "config/config.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

struct KeyTableSnapshot {
    drivers::PostgresTransaction& transaction;
    const KeySource& source;
    const config::Gateway& gateway;
    base::Duration census_timeout;  ///< how long a census may take
    StandbyAge standby;
};

/// A count as PostgreSQL writes it; 0 where there is none.
std::uint64_t count_in(std::optional<std::string_view> text);

/// Whether polls are cheap, the role has more rights than it needs, and a standby keeps up. Not empty.
std::vector<Finding> examine_key_table(const KeyTableSnapshot& table, base::Deadline deadline);

}  // namespace keyshift::collectors
