// SPDX-License-Identifier: Apache-2.0
// One cycle of the key table: takes the keys of a scan, lets the ledger say what changed, gives each key its
// replacement and its phase, and writes all that into the state, all or nothing. Used on the keys
// collector's worker thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "collectors/collector.hpp"
#include "domain/keys/canary_uses.hpp"
#include "domain/keys/future_uses.hpp"
#include "domain/ledger/ledger.hpp"
#include "domain/model.hpp"
#include "journal/pairer.hpp"
#include "store/state.hpp"

namespace keyshift::journal {

struct JournalSettings {
    domain::Policy policy;
    std::size_t key_series = 0;  ///< so many keys are to be shown by themselves
    base::Duration retention = std::chrono::hours{24 * 730};
};

class KeyJournal final : public collectors::KeySink {
 public:
    /// `state` outlives the journal and is used by no other thread.
    explicit KeyJournal(store::State& state, JournalSettings settings = {})
        : state_(state), settings_(std::move(settings)), pairer_(state) {}

    /// For the scans that follow.
    void configure(JournalSettings settings);
    /// After prepare(): the last poll once more, by settings that have changed since. Empty: there was none.
    std::optional<domain::KeyPoll> judge_again();
    /// Before each scan: brings back what the last one left half-way, from the state, and what operators have
    /// decided meanwhile. What the scan has to show.
    base::Result<collectors::Scan> prepare();
    /// What other sources tell of the fallback, and of uses of keys, for the scans that follow.
    void record_counted(const domain::CountedFallback& counted, const domain::KeyUses& uses = {});

    base::Result<void> begin(const collectors::ScanStart& start) override;
    base::Result<void> key(const domain::Key& key) override;
    base::Result<std::vector<std::string>> missing(std::size_t limit) override;

    /// The scan was completed: settles it. `poll_every`: how far apart scans are; `elapsed`: since the last
    /// one that was finished, by a clock that cannot be set; empty: not known. Error: schema, the table is
    /// another one, which an operator has to accept; then it is as if the scan had never begun.
    base::Result<domain::KeyPoll> finish(base::Duration poll_every,
                                         std::optional<base::Duration> elapsed = {});
    /// The scan failed: as if it had never begun.
    void forget_scan() { scan_.reset(); }

    /// Every key's phase as of the last scan.
    domain::Ledger& ledger() { return ledger_; }

 private:
    /// All that is forgotten when a scan ends, completed or not.
    struct ScanInProgress {
        collectors::Scan kind;
        base::Time now;  ///< the rows are as of then
        base::Time clock;
        domain::TableIdentity table;
        domain::Migration next;  ///< what migration_ becomes
        bool of_another_table = false;
        std::size_t most_missing = 0;
        std::optional<store::Transaction> transaction = {};
        std::optional<base::Error> state_error = {};
        std::optional<base::Time> oldest_modern_use = {};
        std::uint64_t new_keys = 0;
        std::uint64_t uses = 0;
        std::uint64_t upgrades = 0;  ///< beside those by a use, which are among the uses
        std::uint64_t set_back = 0;
        bool backfilled = false;  ///< the upgrades are one event
        domain::PhaseChanges phase_changes = {};
        bool row_advanced = false;  ///< a row tells of a later use of a legacy key than before
        std::optional<base::Time> newest_row_use = {};  ///< of a legacy key
    };

    base::Result<void> resume();
    base::Result<void> load();
    base::Result<void> load_decisions();
    void set_view(base::Time now);
    domain::View view_of(base::Time now, const domain::Migration& known) const;
    store::Transaction* transaction();
    /// Calls `change` with the transaction of this scan, if there can be one.
    template <class Change>
    void save(const Change& change) {
        if (store::Transaction* const to = transaction()) change(*to);
    }
    void note_error(const base::Result<void>& done);
    const domain::Totals& never_back(const domain::Totals& totals);

    base::Result<void> legacy_key(const domain::Key& row, std::optional<base::Time> told_by_row);
    domain::Key dated(const domain::Key& key);
    base::Result<void> modern_key(const domain::Key& row);
    void upgraded(std::uint64_t key);
    void new_key(const domain::Key& key, const domain::Change& change);
    void returned(std::uint32_t row);
    void record_logged_uses();
    void note_proof();
    void note_backfill();

    base::Result<void> begin_anew();
    base::Result<void> check_table();
    base::Result<void> check_canary();
    base::Error refuse_table(const domain::Recognised& recognised);
    domain::KeyPoll settle();
    void forget_uses_of_others();
    void check_clock(std::optional<base::Duration> elapsed);
    void settle_census();
    void settle_gone(const std::vector<domain::Gone>& gone);
    void note_owners(const std::vector<domain::Gone>& gone);
    void pair_keys();
    void judge_fallback_mode();
    void settle_phases();
    void note_phase_change(const domain::Settled& key);
    void write_settled(std::vector<domain::Settled>& keys);
    void measure_progress();
    void write_totals();
    void write_model(const domain::Inventory& inventory);
    std::vector<domain::KeySeries> key_series();
    void event(store::Event event);

    store::State& state_;
    JournalSettings settings_;
    domain::Ledger ledger_;
    Pairer pairer_;
    bool loaded_ = false;        // the ledger agrees with the state; otherwise prepare() reads it again
    bool census_needed_ = true;  // no census since the ledger was loaded
    std::int64_t decisions_version_ = -1;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> acknowledged_;  // key, seconds

    // As saved.
    std::optional<std::uint64_t> baseline_;  // empty: no census was ever completed
    domain::Totals totals_;
    domain::PhaseCounts over_{};  // keys that have gone for good, by phase
    std::optional<domain::Migration> migration_;
    std::optional<base::Time> forecast_at_, cleaned_at_;
    store::Tables tables_;
    std::optional<store::AcceptedTable> accepted_table_;

    domain::CountedFallback external_evidence_;
    domain::FutureUses future_uses_;
    domain::CanaryUses canary_uses_;
    domain::KeyUses logged_uses_;  // of legacy keys, and of those that no census has been asked about

    std::optional<ScanInProgress> scan_;
    domain::Totals shown_;  // what was last published: counters never step back, even when saving failed
};

/// The totals as they were saved.
domain::Totals saved_totals(const store::Counters& counters);

}  // namespace keyshift::journal
