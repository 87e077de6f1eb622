// SPDX-License-Identifier: Apache-2.0
// One cycle's changes of the state. Rolls back unless committed. The first failure is remembered, what
// follows is ignored, and commit() returns it. Used on the thread of its State.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/counts/log_facts.hpp"
#include "domain/counts/meter.hpp"
#include "domain/keys/key.hpp"
#include "domain/marks/effect.hpp"
#include "store/records.hpp"
#include "store/sqlite.hpp"

namespace keyshift::store {

/// How a key left the legacy keys.
enum class GoneAs { removed, upgraded };

class Digest;
struct Statements;

class Transaction {
 public:
    /// `any_gone` becomes true when a key is marked gone. All outlive the transaction.
    Transaction(Sqlite& database, Statements& statements, Digest& digest, bool& any_gone)
        : database_(&database), statements_(&statements), digest_(&digest), any_gone_(&any_gone) {}
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// A legacy key seen for the first time, in the phase it begins with.
    void add_key(const domain::Key& key, std::uint32_t row, domain::Phase phase, base::Time seen_at);
    /// What the table says of the key, but its last use; it is there (again).
    void update_key(const domain::Key& key, std::uint32_t row);
    /// What only polls can tell. Cheapest in ascending order of `row`.
    void remember(const domain::KeyMemory& memory);
    void mark_gone(std::uint32_t row, GoneAs how, base::Time noticed_at);

    void set_pairing(std::uint32_t row, std::string_view replacement, domain::PairRule rule, base::Time at,
                     std::optional<base::Time> used_at);
    void clear_pairing(std::uint32_t row);

    /// Events of a key refer to its row.
    void add_event(const Event& event);
    void set_counter(std::string_view name, std::string_view label, std::uint64_t value);
    void set_fact(std::string_view name, std::string_view value);
    /// Kept if one is there already.
    void set_observation_start(std::string_view source, base::Time at);
    /// At most one point a minute; those older than 48 h are thinned to one an hour.
    void add_progress(const ProgressPoint& point);
    /// The counters of one part of `source` as they were last read; null: the part is forgotten.
    void set_part(std::string_view source, std::string_view part, const domain::InstanceMemory* memory);
    /// `hour`: hours since the epoch.
    void set_hourly(std::string_view name, std::int64_t hour, std::uint64_t value);
    /// How far `source` has been read; empty: `name` is forgotten.
    void set_cursor(std::string_view source, std::string_view name, const std::optional<std::string>& value);
    /// Adds to what there is of the same minute, and to the marks in whose time they are.
    void add_failures(std::string_view source, const domain::FailureTally& failures);
    /// Forgets failures of before `until`, and the oldest ones beyond the newest `most` rows.
    void forget_failures(base::Time until, std::size_t most);
    /// The latest of them counts.
    void add_key_uses(const domain::KeyUses& uses);
    void forget_key_use(std::string_view id);
    /// Forgets events, progress, growth by hour, and keys that are gone for good, of before `until`.
    void forget_before(base::Time until);

    void decide(const OperatorPair& pair);
    void decide(const Acknowledgement& acknowledgement);
    void decide(const AcceptedTable& accepted);
    /// What was decided of this legacy key is undecided again.
    void undo_pair(std::string_view legacy);
    void undo_acknowledgement(std::string_view id);
    void set_tables(const Tables& tables);

    /// An operator's mark, with an event. `sources`: as they stand in this state, which are what is counted
    /// later is compared with; `until`: when a cutover is watched no longer. The end of a brownout ends the
    /// last one.
    void set_mark(const domain::Mark& mark, std::optional<base::Time> until,
                  const std::vector<domain::FailureCounts>& sources);
    /// The last mark, with an event at `at`; a brownout of which it was the end is open again.
    void remove_mark(const domain::Mark& mark, base::Time at);
    /// What sources that count failures have counted by now, for the marks that are not settled; settles
    /// those of which all has been read, with an event that says what they came to. `legacy_use`: the newest,
    /// by the database's clock; `now`: this host's.
    void follow_marks(const std::vector<domain::FailureCounts>& sources, std::optional<base::Time> legacy_use,
                      base::Time now);
    /// Forgets all keys with their replacements, progress, and the operators' decisions about them. Events
    /// stay.
    void forget_keys();

    base::Result<void> commit();

 private:
    void run(Statement& statement);
    void run(const std::string& sql);
    void settle_mark(std::int64_t id, base::Time until, base::Time now);
    void take_failures_before(std::int64_t mark, const domain::MarkMinutes& span, std::int64_t from);
    void add_marked_failures(std::string_view source, const domain::FailureTally& failures);

    Sqlite* database_;  // null: committed, or moved from
    Statements* statements_;
    Digest* digest_;
    bool* any_gone_;
    std::optional<base::Error> error_;
};

}  // namespace keyshift::store
