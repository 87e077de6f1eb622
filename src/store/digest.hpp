// SPDX-License-Identifier: Apache-2.0
// What tells that bytes of the state file have changed by themselves, where SQLite can still read it: for
// each table, the checksums of its rows (CRC-32, spread), combined by exclusive or, kept in the table
// `digest` by the same transactions that change the rows. A connection that writes must follow. Kept inside
// src/store; used by the thread of its State.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/sqlite.hpp"

namespace keyshift::store {

/// The values of a row, in the order of its columns; reused from row to row.
class RowBytes {
 public:
    RowBytes& integer(std::int64_t number);
    RowBytes& text(std::string_view text);
    RowBytes& null();
    void clear() { bytes_.clear(); }
    std::uint64_t checksum() const;

 private:
    std::string bytes_;
};

class Digest {
 public:
    Digest() = default;
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;

    /// Gives the connection what schema.cpp needs to make the first digest: the aggregate
    /// rows_digest(columns).
    static base::Result<void> define(Sqlite& database);
    /// SQL that notes the tables' own definitions, for the transaction that has changed them.
    static std::string note_schema();

    /// From now on every change of a row on this connection is noted. Outlives the connection.
    base::Result<void> follow(Sqlite& database);
    /// Writes what was noted since the last call, inside the transaction that is to be committed.
    base::Result<void> write(Sqlite& database);
    /// The transaction was rolled back.
    void forget();

    /// For `row_changed`: the table's number in follow().
    void note(std::size_t table, std::uint64_t checksum) { changed_.at(table) ^= checksum; }
    /// A row was added to the journal of keys, the one change that follow() does not see: a first census adds
    /// a million, and SQLite's way to tell of each would cost as much again.
    void note_key(const RowBytes& row) { changed_.at(keys_) ^= row.checksum(); }

 private:
    std::vector<std::string> tables_;
    std::vector<std::uint64_t> changed_;
    std::size_t keys_ = 0;  // the number of legacy_key
};

/// Which rows are compared.
enum class DigestOf { journal, all_else };

/// The tables whose rows are not what was written, with a comma between them; empty: none. Reads all of their
/// rows: 0.5 s for the journal of a million keys.
base::Result<std::string> damaged_tables(Sqlite& database, DigestOf part);

}  // namespace keyshift::store
