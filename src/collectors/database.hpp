// SPDX-License-Identifier: Apache-2.0
// How the gateway's database is entered, by collectors and by commands alike.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/secret_source.hpp"
#include "drivers/postgres.hpp"

namespace keyshift::collectors {

/// What the server is told where we wait for `timeout`: a little less, so that it gives up first and leaves
/// nothing running behind. Waiting for a lock, at most 2 s, means waiting behind somebody's ALTER TABLE with
/// the gateway's own queries queueing behind us.
drivers::Postgres::Timeouts session_timeouts(base::Duration timeout);

/// Connects with what the secret says now. Errors: those of the secret, of the target and of the driver.
base::Result<void> connect(drivers::Postgres& connection, const config::SecretSource& database_url,
                           base::Duration timeout, base::Deadline deadline);

/// A server restart shows only when the connection is used, which is not "down" yet; and what has changed is
/// described better by looking at it afresh than by the query that failed.
bool is_worth_a_second_try(base::Errc code);

}  // namespace keyshift::collectors
