// SPDX-License-Identifier: Apache-2.0
// The ledger compares what a scan of the key table shows with what was known before, key by key, says what
// changed, and gives each legacy key its phase. It holds the keys that are there and those whose end is still
// being watched (KeyTable: 36 bytes each); names and history are in the journal, under the row numbers that
// the ledger gives out. Pure and single-threaded.
//
// A scan is either a *census* (begin_census, observe every row, finish_census, pair, settle), a *pulse*
// (observe only rows that changed, settle), or an *active* one (begin_active, observe all keys in use,
// take_unseen, settle). A scan that breaks off leaves the ledger half-way: clear() and restore() it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "domain/counts/distinct.hpp"
#include "domain/counts/refused_keys.hpp"
#include "domain/keys/key.hpp"
#include "domain/keys/table_identity.hpp"
#include "domain/ledger/key_table.hpp"
#include "domain/phases/pairing.hpp"
#include "domain/phases/phase.hpp"
#include "domain/progress/inventory.hpp"
#include "domain/verdict/verdict.hpp"

namespace keyshift::domain {

/// What one poll showed of a legacy key. Several may be true at once.
struct Change {
    std::uint32_t row = 0;   ///< the key's row in the journal
    bool created = false;    ///< not known before
    bool returned = false;   ///< had gone, and is back
    bool used = false;       ///< last_used is later than it was
    bool set_back = false;   ///< last_used is much earlier than was known, for the first time: a backup
    bool altered = false;    ///< owner, name, expiry, blocked, over budget or bcrypt cost differ
    Phase first_phase = {};  ///< of a created key, as far as can be told before the scan has ended

    bool any() const { return created || returned || used || set_back || altered; }
};

/// What the journal keeps of a key beside what the table says of it. Times are seconds since the epoch.
struct KeyMemory {
    std::uint32_t row = 0;
    std::uint32_t created = 0;        ///< of a key that had gone for good, for adopt()
    std::uint32_t last_used = 0;      ///< 0: never
    std::uint32_t longest_gap = 0;    ///< seconds
    std::uint32_t since = 0;          ///< when `phase` was entered
    std::optional<Phase> phase = {};  ///< as published; empty: not yet
    Phase candidate = {};             ///< what the last poll came to
    bool advanced = false;
    bool gone = false;
    bool upgraded = false;
    bool in_use = false;
    bool with_owner = false;
    bool proved = false;
    bool beside = false;
    bool behind = false;
    PairRule rule = PairRule::none;
    std::uint64_t replacement = 0;       ///< hash of its id
    std::uint32_t replacement_used = 0;  ///< 0: never
};

/// A key of which something differs from what the journal has.
struct Settled {
    std::uint64_t hash;
    std::uint32_t row;
    Phase phase;               ///< as published
    std::optional<Phase> was;  ///< the phase it has left; empty: the same, or none was published before
    bool unpaired;             ///< its replacement is not there any more
    bool over;                 ///< retired or upgraded: forget_over() will drop it
    bool with_owner;           ///< it went together with all of its owner's keys
    bool upgraded;             ///< its row has a lookup hash now
};

/// A modern key that was known as a legacy one.
struct Upgrade {
    bool news = false;  ///< it was a legacy key at the last poll
    bool by_use =
        false;  ///< it was used since it was a legacy key: by the fallback, as far as anybody can tell
    bool was_gone = false;  ///< it had gone before
};

/// A key that a census did not find any more.
struct Gone {
    std::uint32_t row;
    std::uint64_t hash;
    bool upgraded;
    bool in_use;
    bool by_use;    ///< it was upgraded, and used since the last poll that found it a legacy key
    PairRule rule;  ///< of its replacement
};

/// What is new about a key's replacement.
struct PairNews {
    std::uint32_t row;
    bool another;  ///< another replacement, or by another rule; else whether it is used
};

/// How a poll judges the keys.
struct View {
    base::Time now;  ///< as of which the rows are; on a standby that is behind, earlier than the clock
    Windows windows;
    Fallback fallback;
    bool uses_recorded = true;         ///< else a key that goes may have been in use, and nobody knows
    bool promotes_in_place = false;    ///< a key that is upgraded was upgraded by its use
    base::Duration last_used_delay{};  ///< how late a last use may be written
    RefusedKeys refused = {};
    std::optional<base::Time> clock = {};  ///< the database's; empty: `now`
};

/// What all keys together come to, in terms of the verdict.
struct Tally {
    PhaseCounts phases{};  ///< without those that are over
    LiveUse live_use;
    std::uint64_t drained_by_owner_only = 0;
    std::uint64_t dormant_unacknowledged = 0;
    std::uint64_t dormant_blocked_recently = 0;
    /// When the last dormant key that is blocked and not acknowledged is, or was, blocked for W.
    std::optional<base::Time> blocked_long_enough_at;
    std::uint64_t upgraded_unused = 0;  ///< of those retired in use: upgraded, and not used since
    std::uint64_t beside = 0;           ///< ... deleted while one client used it beside its replacement
    /// In use, although legacy still; where the gateway is said to promote in place, it does not.
    std::uint64_t used_and_legacy = 0;
};

class Ledger {
 public:
    void clear();
    /// Puts back a key that the journal has. Whether it has expired is told as of set_view().
    void restore(const Key& key, const KeyMemory& memory);
    /// The first row number to give out; set after restore(), which cannot know the rows of keys that are
    /// forgotten.
    void next_row(std::uint32_t row) { next_row_ = row; }

    /// Before a scan. `polled_at`: when the keys were last settled; empty: never.
    void set_view(const View& view, std::optional<base::Time> polled_at);
    void begin_census();
    /// Keys created or used at or after `since` will be shown; those that are not have gone.
    void begin_active(base::Time since);
    /// `key` is legacy.
    Change observe(const Key& key);
    /// `key`, which observe() has just called created, is one that the journal has had before. True if its
    /// row tells of a much earlier last use than the journal: the later one is kept.
    bool adopt(const Key& key, const KeyMemory& memory);
    /// `key` is modern. Empty: it was never known as a legacy key.
    std::optional<Upgrade> observe_modern(const Key& key);
    /// Another source tells that the key was used at `at`. True if that is news.
    bool used(std::uint64_t hash, base::Time at);
    /// After the rows of a census: how many of the keys that were there at the last poll are there again.
    Recognised recognise();
    /// The keys that were known and not observed since begin_census().
    std::vector<Gone> finish_census();
    /// The rows of at most `limit` keys that begin_active() expects and that were not observed.
    std::vector<std::uint32_t> unseen(std::size_t limit);
    /// Likewise, as gone. No effect if there are more than `limit`: it needs a census.
    std::vector<Gone> take_unseen(std::size_t limit);

    /// As of the last census; empty: there is no modern key of which it is known.
    std::optional<base::Time> oldest_modern() const { return oldest_modern_; }
    /// After finish_census(): whether a key of the owner with this hash is still there.
    bool owner_left(std::uint64_t owner) const { return owners_.contains(owner); }
    /// The key went with its owner.
    void went_with_owner(std::uint64_t hash);
    /// After finish_census(): `hash` has a replacement, last used at `used` (seconds, 0: never). Of its uses
    /// the first one that is found is remembered, and the first one since a key went while in use.
    std::optional<PairNews> pair(std::uint64_t hash, std::uint64_t replacement, std::uint32_t used,
                                 PairRule rule);
    /// An operator has acknowledged the key, at `at`. No effect on one that was used, or has gone, since.
    void acknowledge(std::uint64_t hash, std::uint32_t at);
    void withdraw_acknowledgement(std::uint64_t hash);
    /// What the journal is to keep of a known key.
    KeyMemory recall(std::uint64_t hash);
    /// For lookups of one key; nullptr: not known.
    const KeySlot* find(std::uint64_t hash) { return keys_.find(hash); }

    /// The keys that are there, all but the baseline, which is history. Visits every key once.
    Inventory inventory(base::Time taken_at);
    /// See FallbackEvidence, given the newest use of any legacy key.
    std::uint64_t silent_without_reason(base::Time newest_use, base::Time now);
    /// The newest use of a legacy key that is not later than `until`.
    std::optional<base::Time> newest_use_until(base::Time until);

    /// Ends a scan: gives every key its phase as of `view` and hands over what has changed. A phase is
    /// published when two polls in a row come to it, but `stranded` and `retired_in_use`, and the first phase
    /// of a key, at once. `changed` may recall(), and must not do anything else here.
    Tally settle(const View& view, const std::function<void(const Settled&)>& changed);
    /// At most `most` keys of the journal, those first that need somebody first: by phase, then by last use.
    std::vector<KeyMemory> most_urgent(std::size_t most);
    /// Drops the keys whose end has been settled.
    void forget_over();

 private:
    std::vector<Gone> settle_unseen();
    bool is_far(std::uint32_t known, std::uint32_t told) const;
    bool is_to_come(std::uint32_t known) const;
    static void prove(KeySlot& slot, std::uint32_t used);
    static void record_gap(KeySlot& slot, std::uint32_t after);
    static void record_use(KeySlot& slot, std::uint32_t after);

    KeyTable keys_;
    DistinctCount owners_;
    std::uint32_t next_row_ = 1;
    std::uint32_t parity_ = 0;  // KeySlot::seen equals it once the key was seen
    bool paired_anew_ = false;  // a census has ended since the last settle()
    View view_;
    base::Time polled_at_;

    std::uint64_t modern_keys_ = 0;
    std::uint64_t legacy_owners_ = 0;
    std::optional<base::Time> oldest_modern_;
    RowProblemCounts implausible_{};
    std::uint64_t modern_so_far_ = 0;
    RowProblemCounts implausible_so_far_{};
    std::optional<base::Time> oldest_modern_so_far_;
};

}  // namespace keyshift::domain
