// SPDX-License-Identifier: Apache-2.0
// Logs in to PostgreSQL, by libpq itself: libpqxx takes no keyword arrays, so that a password would have to
// be quoted, and 6.4 has no login that a deadline can end. Blocking.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/dsn/postgres_target.hpp"
#include "drivers/net/interrupt.hpp"
#include "drivers/postgres/message.hpp"

struct pg_conn;

namespace keyshift::drivers {

/// A connection of libpq's, closed at its end.
using PostgresConnection = std::unique_ptr<pg_conn, void (*)(pg_conn*)>;

/// With several hosts each gets an equal share of the time left. Errors: as Postgres::connect().
base::Result<PostgresConnection> log_in(const PostgresTarget& target, base::Deadline deadline,
                                        const Interrupt& interrupt);

/// As postgres_error(), of a connection to `target` (null: there is none); what the server says may quote
/// what it was sent.
base::Error error_at(const PostgresTarget& target, const pg_conn* connection, PostgresMessage message);
/// The deadline has passed.
base::Error late_at(const PostgresTarget& target);
/// The interrupt was raised.
base::Error stopped();

}  // namespace keyshift::drivers
