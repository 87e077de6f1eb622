// SPDX-License-Identifier: Apache-2.0
// What must outlive the process, in one SQLite file: the journal of legacy keys, their replacements, what
// operators decided, events, progress, counters, when observation of each source began. Written once per
// cycle in one transaction: after kill -9 the last whole cycle is there.
//
// A State is one connection, used by one thread at a time. The daemon's hold the directory's lock, so that
// two daemons cannot keep one journal; commands read and decide beside it.
//
// What happens to the file from outside: a daemon's State that finds it removed writes it again from what it
// has open, so that nothing is lost; one that finds another file in its place reads that one; a damaged one
// is moved aside, and a new one begun. Each is said (take_notice()). On a full disk at the very start the
// state is in memory until there is room.
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
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/counts/log_facts.hpp"
#include "domain/counts/meter.hpp"
#include "domain/evidence/evidence.hpp"
#include "domain/keys/key.hpp"
#include "domain/marks/effect.hpp"
#include "store/digest.hpp"
#include "store/records.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/state_directory.hpp"
#include "store/transaction.hpp"

namespace keyshift::store {

class State {
 public:
    /// For the daemon. Creates `directory` and the file where missing, and brings an older file to this
    /// version's schema. Errors: permission (cannot create or write), config (the file is from a newer
    /// version), timeout (another keyshift holds it, or another program the file), other (full, and there is
    /// a file; a read-only file system).
    static base::Result<std::unique_ptr<State>> open(const std::filesystem::path& directory);
    /// Another connection of the same daemon, for another thread; opened by its first begin() or refresh().
    std::unique_ptr<State> beside() const;
    /// For commands, beside a daemon or without one. Empty: there is no file yet. Errors: permission, config
    /// (of another version), other (also: damaged).
    static base::Result<std::unique_ptr<State>> attach(const std::filesystem::path& directory);
    /// A copy of what is in `directory`, or nothing where there is nothing: for one pass, in temporary files
    /// that nobody else sees.
    static base::Result<std::unique_ptr<State>> scratch(const std::filesystem::path& directory);
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
    base::Result<void> load_reserved(const std::function<void(std::string_view id)>& handle);
    base::Result<Counters> load_counters();
    base::Result<Facts> load_facts();
    /// The counters of each source as they were last read.
    base::Result<std::map<std::string, domain::Meter::Instances>> load_parts();
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
    /// All marks, oldest first.
    base::Result<std::vector<domain::Mark>> load_marks();
    /// What is known of the time after each brownout's begin and cutover, oldest first.
    base::Result<std::vector<domain::MarkWindow>> load_mark_windows();
    /// The same of the last one alone.
    base::Result<std::optional<domain::MarkWindow>> load_last_mark_window();
    /// Differs where load_marks() would tell something else, and whether a window is not settled.
    struct MarksVersion {
        std::int64_t marks = 0;
        std::int64_t unsettled = 0;
        bool operator==(const MarksVersion&) const = default;
    };
    base::Result<MarksVersion> marks_version();
    /// The first `limit` points at or after `since`, oldest first.
    base::Result<std::vector<ProgressPoint>> load_progress(base::Time since, std::size_t limit = 100'000);
    /// The newest `limit` events, newest first.
    base::Result<std::vector<Event>> load_events(std::size_t limit);
    /// The same of those since `since` that are older than the one called `before`.
    base::Result<std::vector<Event>> load_events(std::size_t limit, base::Time since,
                                                 std::optional<std::int64_t> before);
    /// Those after the one called `after`, of which `limit` are handed over; as of one moment.
    base::Result<NewEvents> load_new_events(std::int64_t after, std::size_t limit);
    /// Empty: the journal knows no legacy key of this id.
    base::Result<std::unique_ptr<KeyHistory>> load_key(std::string_view id);
    /// Each key that the journal knows, also those that have gone for good, in the order in which they were
    /// first seen; without its events. As the following ones: memory does not grow with the rows, and the
    /// first error of `handle` ends it.
    base::Result<void> each_key(const std::function<base::Result<void>(const KeyHistory&)>& handle);
    /// Each event, oldest first, with the id of the key that it is about; empty: of none.
    base::Result<void> each_event(
        const std::function<base::Result<void>(const Event&, std::optional<std::string_view>)>& handle);
    base::Result<void> each_pair(const std::function<base::Result<void>(const OperatorPair&)>& handle);
    base::Result<void> each_acknowledgement(
        const std::function<base::Result<void>(const Acknowledgement&)>& handle);
    /// Whatever `read` loads is of one moment, whoever writes meanwhile.
    base::Result<void> at_one_moment(const std::function<base::Result<void>()>& read);

    /// The keys of these rows, in their order, without events; rows that are not there are left out.
    base::Result<std::vector<std::unique_ptr<KeyHistory>>> load_rows(const std::vector<std::uint32_t>& rows);
    /// The pairing of a journal row; empty: none.
    base::Result<std::optional<Pairing>> load_pairing(std::uint32_t row);

    /// The id of a journal row; empty: there is no such row.
    base::Result<std::optional<std::string>> load_id(std::uint32_t row);
    /// The texts of a journal row; empty: there is no such row.
    base::Result<std::optional<KeyTexts>> load_texts(std::uint32_t row);
    /// The owner of a journal row; empty: nobody.
    base::Result<std::optional<std::string>> load_owner(std::uint32_t row);

    /// What is known of a key that has gone for good; empty: there is none of this id.
    base::Result<std::optional<domain::KeyMemory>> load_gone(std::string_view id);

    /// Changes whenever another process has written.
    base::Result<std::int64_t> data_version();

    /// Waits up to 5 s for another writer. One at a time per State. Errors beside SQLite's: other (another
    /// file is in the place of the one that was read: see refresh()).
    base::Result<Transaction> begin();
    /// As begin(), for what an operator decides or takes back: once it is committed it is on the disk, with
    /// all that was committed before it. What begin() writes may be lost with the power.
    base::Result<Transaction> begin_decision();

    enum class Contents { as_read, others };
    /// Whether there is anything to load from. False after a refresh() that could not open what is there.
    bool is_open() const { return identity_.has_value(); }
    /// Checks what stands in the directory, and does what the head of this file says. `others`: what was
    /// loaded before is not what is there now. No transaction may be under way. Errors: what keeps it from
    /// being written again.
    base::Result<Contents> refresh();
    /// After a failure of anything above: if it was because the file is damaged, moves it aside, and begins a
    /// new one; whether it did. No transaction may be under way.
    base::Result<bool> replace_if_damaged();
    /// For the operator: what has happened to the file since this was last called; mostly empty.
    std::string take_notice() { return std::exchange(notice_, {}); }
    /// Of the file that is open.
    struct Beginning {
        std::optional<base::Time> at = {};  ///< when its history begins
        std::string because = {};           ///< empty, or why it is not the one that was there before
        bool operator==(const Beginning&) const = default;
    };
    const Beginning& beginning() const { return beginning_; }
    static Beginning beginning_of(const Facts& facts);
    /// The state is in memory, because there is no room for the file; as an error.
    std::optional<base::Error> not_on_disk() const;

    /// Bytes on disk, write-ahead log included.
    std::uint64_t size_bytes() const;
    /// Where there is room for what is too large for memory.
    std::filesystem::path directory() const { return file_.parent_path(); }

 private:
    explicit State(std::filesystem::path file);
    explicit State(std::shared_ptr<StateDirectory> daemons);
    base::Result<void> open_file();
    base::Result<void> open_file(Sharing sharing);
    base::Result<void> open_where_there_is_room(const base::Result<void>& claimed);
    base::Result<void> first_check();
    base::Result<void> check_for_damage();
    base::Result<void> note_beginning();
    base::Result<Contents> check_place();
    base::Result<void> make_writable();
    base::Result<Transaction> begin_by(const std::string& sql);
    base::Result<void> write_again();
    base::Result<void> begin_anew();
    bool is_damaged() const { return database_ != nullptr && database_->damage().has_value(); }
    void close();
    base::Error not_open() const;
    base::Result<std::optional<std::string>> load_text(PreparedLater Statements::* find, std::uint32_t row);

    std::shared_ptr<StateDirectory> daemons_;  // null: not the daemon's
    std::filesystem::path file_;
    std::optional<FileIdentity> identity_;  // of the file that is open
    std::unique_ptr<Digest> digest_;
    std::unique_ptr<Sqlite> database_;
    std::unique_ptr<Statements> statements_;
    std::string notice_;
    Beginning beginning_;
    std::string begun_because_;  // of the file that is opened next, if it is new
    bool shared_ = true;         // false: opened on a full disk, to be opened anew before writing
    // Whether a new key could be one that comes back: spares the first census a million queries.
    bool any_gone_ = true;
};

}  // namespace keyshift::store
