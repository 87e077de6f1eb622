// SPDX-License-Identifier: Apache-2.0
// One question of a command to the gateway's key table. Blocking; for commands only.
#pragma once

#include <functional>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/keys/source.hpp"
#include "config/config.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::commands {

using AskKeyTable = std::function<base::Result<void>(
    drivers::PostgresTransaction& transaction, const collectors::KeySource& source, base::Deadline deadline)>;

/// Connects as the collector `keys` does, and calls `ask` in one read-only transaction, which is then ended;
/// all within the collector's timeout, and `longest`. Errors: config without such a collector, those of the
/// connection and of the table, and those of `ask`.
base::Result<void> query_key_table(const config::Config& config, base::Duration longest,
                                   const AskKeyTable& ask);

}  // namespace keyshift::commands
