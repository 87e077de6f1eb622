// SPDX-License-Identifier: Apache-2.0
// What the catalog says of the columns with the lookup hash and the id: defaults and indexes. Used by the
// thread of its connection.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

struct LookupFacts {
    bool found = false;        ///< the table is there and has the column
    bool has_default = false;  ///< a row that says nothing of its hash gets a value that is not empty
    bool indexed = false;      ///< an index begins with it
    bool unique = false;       ///< an index keeps a value from standing in two rows
    bool id_unique = false;    ///< likewise of the id
    bool partitioned = false;
    bool can_be_indexed = false;  ///< it is a column of a table, and not generated at each read
};

struct LookupColumn {
    std::string table;  ///< quoted, with its schema
    config::TableName
        base;  ///< the table below, where `table` is a view; in the same schema if it names none
    config::Identifier hash;
    config::Identifier id;
};

/// Of the base table where there is one. What cannot be found is false.
base::Result<LookupFacts> lookup_facts(drivers::PostgresTransaction& transaction, const LookupColumn& column,
                                       base::Deadline deadline);

}  // namespace keyshift::collectors
