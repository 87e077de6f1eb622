// SPDX-License-Identifier: Apache-2.0
// One question of a command to the gateway's key table. Blocking.
#pragma once

#include <functional>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/keys/keys.hpp"
#include "collectors/keys/source.hpp"
#include "config/config.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::decisions {

/// How the key table is read. It refers to the configuration that it is of.
struct KeyTableAccess {
    const collectors::KeysOptions& options;
    const config::Schedule& schedule;
};
/// Of the configured collector of the key table. Errors: config when there is none.
base::Result<KeyTableAccess> keys_collector(const config::Config& config);

using AskKeyTable = std::function<base::Result<void>(
    drivers::PostgresTransaction& transaction, const collectors::KeySource& source, base::Deadline deadline)>;

/// Connects as the collector `keys` does, and calls `ask` in one read-only transaction, which is then ended;
/// all within the collector's timeout, and `longest`. Errors: config without such a collector, those of the
/// connection and of the table, and those of `ask`.
base::Result<void> query_key_table(const config::Config& config, base::Duration longest,
                                   const AskKeyTable& ask);

}  // namespace keyshift::decisions
