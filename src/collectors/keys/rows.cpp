// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/rows.hpp"

namespace keyshift::collectors {

using base::Result;

Result<void> hand_over(drivers::PostgresRow& row, RowReader& reader, KeySink& keys) {
    const auto key = reader.key(row);
    if (!key) return key.error();
    return keys.key(*key);
}

Result<void> KeyRows::add(drivers::PostgresRow& row) {
    ++count_;
    if (streaming_) return hand_over(row, reader_, keys_);
    if (overflow_ == Overflow::file || !spool_.full()) return spool_.add(row);
    if (auto delivered = deliver(); !delivered) return delivered;
    streaming_ = true;
    return hand_over(row, reader_, keys_);
}

Result<void> KeyRows::deliver() {
    if (streaming_) return {};
    if (auto begun = keys_.begin(start_); !begun) return begun;
    auto delivered = spool_.each([&](drivers::PostgresRow& row) { return hand_over(row, reader_, keys_); });
    spool_.clear();
    return delivered;
}

}  // namespace keyshift::collectors
