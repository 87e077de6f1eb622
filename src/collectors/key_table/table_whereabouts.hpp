// SPDX-License-Identifier: Apache-2.0
// What to say of a key table that is not found, or not as it is configured. Blocking; one thread at a time.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

/// No table was found. Permission: there is one in a schema that the user may not use; else schema, with the
/// place where there is one of that name.
base::Error no_such_table(drivers::PostgresTransaction& transaction, const config::TableName& table,
                          base::Deadline deadline);

/// `error`, of a table whose columns are not the configured ones; where it is the view of `keyshift sql
/// view`, with how it is made anew.
base::Error of_an_older_view(base::Error error, drivers::PostgresTransaction& transaction,
                             const config::Gateway& gateway, base::Deadline deadline);

}  // namespace keyshift::collectors
