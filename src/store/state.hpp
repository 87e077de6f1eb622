// SPDX-License-Identifier: Apache-2.0
// What must outlive the process, in one SQLite file: the journal of legacy keys, counters, when observation
// of each source began. Written once per cycle in one transaction: after kill -9 the last whole cycle is
// there.
//
// A State is one connection, used by one thread at a time. It holds the directory's lock, so that two daemons
// cannot keep one journal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/key.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"

namespace keyshift::store {

/// How a key left the legacy keys.
enum class Gone { removed, upgraded };

/// Totals by name and label value ("" where the counter has no label).
using Counters = std::map<std::pair<std::string, std::string>, std::uint64_t>;

class Transaction;

class State {
 public:
    struct Opened {
        std::unique_ptr<State> state;
        /// Empty, or what the operator must know: a damaged file was moved aside, and where.
        std::string notice;
    };
    /// Creates `directory` and the file where missing, and brings an older file to this version's schema.
    /// Errors: permission (cannot create or write), config (another keyshift holds it; the file is from a
    /// newer version).
    static base::Result<Opened> open(const std::filesystem::path& directory);
    ~State();

    /// Hands over each live legacy key of the journal with its row; texts are valid during the call. Returns
    /// the first row number that is free.
    base::Result<std::uint32_t> load_keys(
        const std::function<void(const domain::Key&, std::uint32_t row)>& handle);
    base::Result<Counters> load_counters();
    /// When observation of each source began.
    base::Result<std::map<std::string, base::Time>> load_observation_starts();

    /// Waits up to 5 s for another writer. One at a time per State.
    base::Result<Transaction> begin();

    /// After a failure of anything above: if it was because the file is damaged, moves it aside, begins a new
    /// one, and says so in words for the operator. Empty: it was something else. No transaction may be under
    /// way.
    base::Result<std::string> replace_if_damaged();

    /// Bytes on disk, write-ahead log included.
    std::uint64_t size_bytes() const;

 private:
    friend class Transaction;
    State(std::filesystem::path file, int lock);
    base::Result<void> open_file();
    base::Result<void> open_file(Sharing sharing);

    std::filesystem::path file_;
    std::unique_ptr<Sqlite> database_;
    int lock_;
    struct Statements;
    std::unique_ptr<Statements> statements_;
    bool shared_ = true;  // false: opened on a full disk, to be opened anew before writing
    // Whether a new key could be one that comes back: spares the first census a million looks.
    bool any_gone_ = true;
};

/// One cycle's changes. Rolls back unless committed. The first failure is remembered, what follows is
/// ignored, and commit() returns it.
class Transaction {
 public:
    explicit Transaction(State& state) : state_(&state) {}
    Transaction(Transaction&& other) noexcept
        : state_(std::exchange(other.state_, nullptr)), error_(std::move(other.error_)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// A legacy key seen for the first time, all but its last use. True if it was in the journal before, had
    /// gone, and is back (restored from a backup): then it is not a new key.
    bool add_key(const domain::Key& key, std::uint32_t row, base::Time seen_at);
    /// Anything of the key but its last use.
    void update_key(const domain::Key& key, std::uint32_t row);
    /// Seconds since the epoch; 0: never used. Cheapest in ascending order of `row`.
    void set_last_use(std::uint32_t row, std::uint32_t last_used);
    /// No effect on a key that has gone already.
    void mark_gone(std::uint32_t row, Gone how, base::Time noticed_at);
    void set_counter(std::string_view name, std::string_view label, std::uint64_t value);
    /// Kept if one is there already.
    void set_observation_start(std::string_view source, base::Time at);

    base::Result<void> commit();

 private:
    void run(Statement& statement);

    State* state_;
    std::optional<base::Error> error_;
};

}  // namespace keyshift::store
