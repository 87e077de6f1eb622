// SPDX-License-Identifier: Apache-2.0
#include "commands/key_table/key_table_query.hpp"

#include <algorithm>

#include "collectors/keys/keys.hpp"
#include "collectors/shared/database.hpp"
#include "commands/shared/snapshot.hpp"
#include "drivers/net/interrupt.hpp"
#include "drivers/postgres/postgres.hpp"

namespace keyshift::commands {

base::Result<void> query_key_table(const config::Config& config, base::Duration longest,
                                   const AskKeyTable& ask) {
    const auto keys = keys_collector(config);
    if (!keys) return keys.error();
    const base::Duration timeout = std::min(longest, keys->schedule.timeout);
    const auto deadline = base::Deadline::in(timeout);
    const drivers::Interrupt interrupt;
    drivers::Postgres connection(interrupt);
    if (auto connected = collectors::connect(connection, keys->options.database_url, deadline); !connected)
        return connected.error();
    auto transaction =
        drivers::PostgresTransaction::begin(connection, collectors::limits_within(timeout), deadline);
    if (!transaction) return transaction.error();
    const auto source = collectors::KeySource::resolve(*transaction, config.gateway, deadline);
    if (!source) return source.error();
    if (auto asked = ask(*transaction, *source, deadline); !asked) return asked;
    return transaction->commit(deadline);
}

}  // namespace keyshift::commands
