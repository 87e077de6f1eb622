// SPDX-License-Identifier: Apache-2.0
// One cycle of the key table: takes the keys of a scan, lets the ledger say what changed, and writes that
// into the state, all or nothing. Lives on the keys collector's worker thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "collectors/collector.hpp"
#include "domain/ledger.hpp"
#include "domain/model.hpp"
#include "store/state.hpp"

namespace keyshift::app {

class KeyJournal final : public collectors::KeySink {
 public:
    /// `state` outlives the journal and is used by no other thread.
    explicit KeyJournal(store::State& state) : state_(state) {}

    /// Before each scan: brings back what the last one left half-way, from the state. What the scan has to
    /// show.
    base::Result<collectors::Scan> prepare();

    base::Result<void> begin(collectors::Scan scan, base::Time database_now) override;
    base::Result<void> key(const domain::Key& key) override;

    struct Outcome {
        domain::Inventory inventory;
        domain::Totals totals;
        std::optional<base::Error>
            state_error;  ///< the numbers are right, but were not saved: they will be found again
    };
    /// What the operator must know of the state file, once: it was damaged and replaced. Empty: nothing.
    std::string take_notice() { return std::exchange(notice_, {}); }

    /// The scan was completed: settles it.
    Outcome finish(base::Time database_now);
    /// The scan failed: as if it had never begun.
    void forget_scan();

 private:
    base::Result<void> load();
    store::Transaction* transaction();
    void write_last_uses();
    void settle_gone(base::Time database_now);
    void write_totals(base::Time database_now);

    store::State& state_;
    domain::Ledger ledger_;
    bool loaded_ = false;        // the ledger agrees with the state; otherwise prepare() reads it again
    bool census_needed_ = true;  // no census since the ledger was loaded
    std::optional<std::uint64_t> baseline_;  // empty: no census was ever completed
    domain::Totals totals_;                  // as saved

    std::string notice_;

    // The scan under way.
    collectors::Scan scan_ = collectors::Scan::census;
    base::Time now_;
    bool begun_ = false;
    std::optional<store::Transaction> transaction_;
    std::optional<base::Error> state_error_;
    std::vector<std::uint32_t> upgraded_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> last_uses_;  // row, seconds; not yet written
    std::uint64_t new_keys_ = 0;
    std::uint64_t uses_ = 0;
    domain::Totals shown_;  // what was last published: counters never step back, even when saving failed
};

/// The totals as they were saved.
domain::Totals saved_totals(const store::Counters& counters);

}  // namespace keyshift::app
