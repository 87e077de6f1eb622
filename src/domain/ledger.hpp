// SPDX-License-Identifier: Apache-2.0
// The ledger compares what a scan of the key table shows with what was known before, key by key, and says
// what changed. It holds live legacy keys only (KeyTable: 20 bytes each); names and history are in the
// journal, under the row numbers that the ledger gives out. Pure and single-threaded.
//
// A scan is either a *census* (begin_census, observe every row, finish_census: what was not seen is gone) or
// a *pulse* (observe only rows that changed). A scan that breaks off leaves the ledger half-way: clear() and
// restore() it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "domain/distinct.hpp"
#include "domain/inventory.hpp"
#include "domain/key.hpp"
#include "domain/key_table.hpp"

namespace keyshift::domain {

/// What one look at a legacy key showed. Several may be true at once.
struct Change {
    std::uint32_t row = 0;        ///< the key's row in the journal
    std::uint32_t last_used = 0;  ///< seconds since the epoch; 0: never
    bool created = false;         ///< not known before
    bool used = false;            ///< last_used is later than it was
    bool set_back = false;        ///< last_used is earlier than it was: a backup was restored
    bool altered = false;         ///< owner, name, expiry, blocked, over budget or bcrypt cost differ

    bool any() const { return created || used || set_back || altered; }
};

class Ledger {
 public:
    void clear();
    /// Puts back a live legacy key that the journal has under `row`.
    void restore(const Key& key, std::uint32_t row);
    /// The first row number to give out; set after restore(), which cannot know the rows of keys that are
    /// gone.
    void next_row(std::uint32_t row) { next_row_ = row; }

    void begin_census();
    /// `key` is legacy.
    Change observe(const Key& key);
    /// `key` is modern. Its row if it was known as a legacy key: it was upgraded in place, and finish_census
    /// will report the row as no longer there.
    std::optional<std::uint32_t> observe_modern(const Key& key);
    /// The rows of the keys that were known and not observed since begin_census(); the ledger forgets them.
    std::vector<std::uint32_t> finish_census();

    /// All but the baseline, which is history. Looks at every key once: 3 ns each.
    Inventory inventory(base::Time taken_at);

 private:
    KeyTable keys_;
    DistinctCount owners_;
    std::uint32_t next_row_ = 1;
    std::uint32_t census_parity_ = 0;  // bit 0 of KeySlot::bits equals it once the key was seen
    std::uint64_t modern_keys_ = 0;
    std::uint64_t legacy_owners_ = 0;
    std::optional<base::Time> oldest_modern_;
    std::optional<base::Time> oldest_modern_so_far_;
    std::uint64_t modern_so_far_ = 0;
};

}  // namespace keyshift::domain
