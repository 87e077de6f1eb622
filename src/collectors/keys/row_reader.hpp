// SPDX-License-Identifier: Apache-2.0
// Makes keys of the rows of one scan, and refuses what would make every answer wrong: rows that identify keys
// by a hash, and lookup hashes that can be told from nothing else. Lives for one scan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/keys/source.hpp"
#include "domain/keys/key.hpp"
#include "domain/ledger/key_table.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {

/// Keys whose hash stands in another row too, by domain::hash_id().
using SharedHashes = std::unordered_set<std::uint64_t>;

class RowReader {
 public:
    /// `source` and `shared` outlive this; `data_at` is the moment as of which the
    /// rows are: what lies after it was written by a clock that is ahead.
    RowReader(const KeySource& source, const SharedHashes& shared, base::Time data_at)
        : source_(source), shared_(shared), data_at_(data_at) {}

    /// The row as it stands; its texts are views into it. Errors: parse and schema.
    base::Result<domain::KeyRow> row(drivers::PostgresRow& bytes);
    /// What of it can be believed.
    base::Result<domain::Key> key(drivers::PostgresRow& bytes);

    /// A legacy key was read that select_active(Reach::indexed) does not find.
    bool beyond_index() const { return beyond_index_; }

 private:
    const KeySource& source_;
    const SharedHashes& shared_;
    base::Time data_at_;
    std::optional<std::int32_t> length_;  // of the plain values so far
    bool beyond_index_ = false;
};

/// The error of a lookup column of which nobody can tell legacy keys: `seen` is what it does or holds.
base::Error unclear_lookup(const std::string& table, const std::string& column, const std::string& seen);

/// Whether the plain values of the lookup column can be told from placeholders and slow hashes, asked of the
/// whole table. No error: there is nothing to ask.
base::Result<void> check_forms(drivers::PostgresTransaction& transaction, const KeySource& source,
                               base::Deadline deadline);

}  // namespace keyshift::collectors
