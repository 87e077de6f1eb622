// SPDX-License-Identifier: Apache-2.0
// What must outlive the process, in one SQLite file: the journal of legacy keys, their replacements, what
// operators decided, events, progress, counters, when observation of each source began. Written once per
// cycle in one transaction: after kill -9 the last whole cycle is there.
//
// A State is one connection, used by one thread at a time. The daemon's holds the directory's lock, so that
// two daemons cannot keep one journal; commands read and decide beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/evidence.hpp"
#include "domain/key.hpp"
#include "domain/log_facts.hpp"
#include "domain/meter.hpp"
#include "store/records.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/transaction.hpp"

namespace keyshift::store {

class State {
 public:
    struct Opened {
        std::unique_ptr<State> state;
        /// Empty, or what the operator must know: a damaged file was moved aside, and where.
        std::string notice;
    };
    /// For the daemon. Creates `directory` and the file where missing, and brings an older file to this
    /// version's schema. Errors: permission (cannot create or write), config (another keyshift holds it; the
    /// file is from a newer version).
    static base::Result<Opened> open(const std::filesystem::path& directory);
    /// For commands, beside a daemon or without one. Empty: there is no file yet. Errors: permission, config
    /// (of another version), other (also: damaged).
    static base::Result<std::unique_ptr<State>> attach(const std::filesystem::path& directory);
    /// A copy of what is in `directory`, or nothing where there is nothing: for one look, in temporary files
    /// that nobody else sees.
    static base::Result<std::unique_ptr<State>> scratch(const std::filesystem::path& directory);
    /// A daemon holds the directory's lock at this moment.
    static bool is_held(const std::filesystem::path& directory);
    ~State();

    /// Hands over each key of the journal that is there, or whose end is still watched; texts are valid
    /// during the call. Returns the first row number that is free.
    base::Result<std::uint32_t> load_keys(
        const std::function<void(const domain::Key&, const domain::KeyMemory&)>& handle);
    /// Keys that went while in use, with their replacements; texts are valid during the call.
    base::Result<void> load_watched(
        const std::function<void(const domain::Key&, const std::optional<Pairing>&)>& handle);
    /// Ids of modern keys that can replace no other key: those that replaced a key that has gone, and
    /// upgraded ones.
    base::Result<void> load_taken(const std::function<void(std::string_view id)>& handle);
    base::Result<Counters> load_counters();
    base::Result<Facts> load_facts();
    /// The counters of each source as they were last read.
    base::Result<std::map<std::string, domain::Meter::Parts>> load_parts();
    base::Result<domain::Hourly> load_hourly();
    /// How far each source has been read: texts by name.
    base::Result<std::map<std::string, std::map<std::string, std::string>>> load_cursors();
    /// Failures since the minute of `since`, by source.
    base::Result<std::map<std::string, domain::FailureTally>> load_failures(base::Time since);
    /// When legacy keys were used, as logs tell.
    base::Result<domain::KeyUses> load_key_uses();
    /// When observation of each source began.
    base::Result<std::map<std::string, base::Time>> load_observation_starts();
    base::Result<Decisions> load_decisions();
    base::Result<Tables> load_tables();
    /// The first `limit` points at or after `since`, oldest first.
    base::Result<std::vector<ProgressPoint>> load_progress(base::Time since, std::size_t limit = 100'000);
    /// The newest `limit` events, newest first.
    base::Result<std::vector<Event>> load_events(std::size_t limit);
    /// Empty: the journal knows no legacy key of this id.
    base::Result<std::unique_ptr<KeyHistory>> load_key(std::string_view id);
    /// The pairing of a journal row; empty: none.
    base::Result<std::optional<Pairing>> load_pairing(std::uint32_t row);

    /// The id of a journal row; empty: there is no such row.
    base::Result<std::optional<std::string>> load_id(std::uint32_t row);
    /// The texts of a journal row; empty: there is no such row.
    base::Result<std::optional<KeyTexts>> load_texts(std::uint32_t row);
    /// The owner of a journal row; empty: nobody.
    base::Result<std::optional<std::string>> load_owner(std::uint32_t row);

    /// What is known of a key that has gone for good; empty: there is none of this id.
    base::Result<std::optional<domain::KeyMemory>> find_over(std::string_view id);

    /// Changes whenever another process has written.
    base::Result<std::int64_t> data_version();

    /// Waits up to 5 s for another writer. One at a time per State.
    base::Result<Transaction> begin();

    /// After a failure of anything above: if it was because the file is damaged, moves it aside, begins a new
    /// one, and says so in words for the operator. Empty: it was something else. No transaction may be under
    /// way.
    base::Result<std::string> replace_if_damaged();

    /// Bytes on disk, write-ahead log included.
    std::uint64_t size_bytes() const;
    /// Where there is room for what is too large for memory.
    std::filesystem::path directory() const { return file_.parent_path(); }

 private:
    State(std::filesystem::path file, int lock);
    base::Result<void> open_file();
    base::Result<void> open_file(Sharing sharing);
    base::Result<void> first_look();
    base::Error not_open() const;
    base::Result<std::optional<std::string>> load_text(Statement Statements::* find, std::uint32_t row);

    std::filesystem::path file_;
    std::unique_ptr<Sqlite> database_;
    int lock_;  // -1: not the daemon's
    std::unique_ptr<Statements> statements_;
    bool shared_ = true;  // false: opened on a full disk, to be opened anew before writing
    // Whether a new key could be one that comes back: spares the first census a million looks.
    bool any_gone_ = true;
};

}  // namespace keyshift::store
