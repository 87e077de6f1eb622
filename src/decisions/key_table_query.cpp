// SPDX-License-Identifier: Apache-2.0
#include "decisions/key_table_query.hpp"

#include <algorithm>

#include "collectors/catalog.hpp"
#include "collectors/keys/keys.hpp"
#include "collectors/shared/database.hpp"
#include "drivers/net/interrupt.hpp"
#include "drivers/postgres/postgres.hpp"

namespace keyshift::decisions {

base::Result<KeyTableAccess> keys_collector(const config::Config& config) {
    for (const config::CollectorConfig& collector : config.collectors)
        if (const auto* const options = collectors::configured(collector).key_table())
            return KeyTableAccess{*options, collector.schedule};
    return base::Error{base::Errc::config, "the configuration has no keys collector",
                       "add one: {type: keys, database_url_file: ...}"};
}

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

}  // namespace keyshift::decisions
