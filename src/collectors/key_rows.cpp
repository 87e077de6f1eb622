// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_rows.hpp"

#include "collectors/key_source.hpp"

namespace keyshift::collectors {

using base::Errc;
using base::Error;
using base::Result;

Result<void> hand_over(drivers::PostgresRow& row, KeySink& keys) {
    const domain::Key key = KeySource::read(row);
    if (row.bad()) return Error{Errc::parse, "a row of the key table is not in the expected format", {}};
    return keys.key(key);
}

Result<void> KeyRows::take(drivers::PostgresRow& row) {
    ++count_;
    if (streaming_) return hand_over(row, keys_);
    if (overflow_ == Overflow::file || !spool_.full()) return spool_.add(row);
    if (auto delivered = deliver(); !delivered) return delivered;
    streaming_ = true;
    return hand_over(row, keys_);
}

Result<void> KeyRows::deliver() {
    if (streaming_) return {};
    if (auto begun = keys_.begin(start_); !begun) return begun;
    auto delivered = spool_.each([&](drivers::PostgresRow& row) { return hand_over(row, keys_); });
    spool_.clear();
    return delivered;
}

}  // namespace keyshift::collectors
