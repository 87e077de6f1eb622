// SPDX-License-Identifier: Apache-2.0
// Asks a PostgreSQL server which table a name means.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/keys/table_identity.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

/// Of `table`, quoted and with its schema; of a view, by the tables below it. Partitions belong to their
/// table. Errors: those of the driver.
base::Result<domain::TableIdentity> identity_of(drivers::PostgresTransaction& transaction,
                                                const std::string& table, base::Deadline deadline);

}  // namespace keyshift::collectors
