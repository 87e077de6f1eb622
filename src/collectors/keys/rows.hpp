// SPDX-License-Identifier: Apache-2.0
// The way of a scan's rows to whoever takes its keys. One thread at a time.
#pragma once

#include <cstdint>
#include <utility>

#include "base/error.hpp"
#include "collectors/collector.hpp"
#include "collectors/keys/row_reader.hpp"
#include "drivers/postgres/postgres.hpp"
#include "drivers/postgres/row_spool.hpp"

namespace keyshift::collectors {

/// Gives what can be believed of a row to `keys`. Errors: those of the reader, and those of `keys`.
base::Result<void> hand_over(drivers::PostgresRow& row, RowReader& reader, KeySink& keys);

/// Keeps the rows of one scan until the transaction has ended. A census that may stream and does not fit into
/// memory goes to the sink row by row instead: ten million rows need no file then.
class KeyRows {
 public:
    enum class Overflow {
        file,
        stream,  ///< the transaction stays open for as long as the sink works
    };
    KeyRows(KeySink& keys, RowReader reader, ScanStart start, Overflow overflow)
        : keys_(keys), reader_(std::move(reader)), start_(std::move(start)), overflow_(overflow) {}

    /// While the transaction is open.
    base::Result<void> add(drivers::PostgresRow& row);
    /// After it: the scan begins, unless it has, and the rows that were kept follow.
    base::Result<void> deliver();
    base::Time data_at() const { return start_.data_at; }
    std::uint64_t count() const { return count_; }
    /// After deliver().
    const RowReader& reader() const { return reader_; }

 private:
    KeySink& keys_;
    RowReader reader_;
    ScanStart start_;
    Overflow overflow_;
    drivers::RowSpool spool_;
    std::uint64_t count_ = 0;
    bool streaming_ = false;
};

}  // namespace keyshift::collectors
