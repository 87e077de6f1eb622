// SPDX-License-Identifier: Apache-2.0
#include "store/state.hpp"

#include <future>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "store/schema.hpp"
#include "store/statements.hpp"

namespace keyshift::store {
namespace {

using base::Errc;
using base::Error;
using base::Result;
namespace fs = std::filesystem;

bool has_content(const fs::path& file) {
    std::error_code code;
    const auto size = fs::file_size(file, code);
    return !code && size > 0;
}

}  // namespace

State::Beginning State::beginning_of(const Facts& facts) {
    Beginning out;
    if (const auto at = facts.find(kBegunAt); at != facts.end()) out.at = base::parse_rfc3339(at->second);
    if (const auto why = facts.find(kBegunBecause); why != facts.end()) out.because = why->second;
    return out;
}

State::State(fs::path file) : file_(std::move(file)) {}

/// Where it really is, is looked up when it is opened: from any thread, this reads only what never changes.
State::State(std::shared_ptr<StateDirectory> daemons)
    : daemons_(std::move(daemons)), file_(daemons_->file()) {}

State::~State() {
    close();
}

void State::close() {
    statements_.reset();
    database_.reset();
    digest_.reset();
    identity_.reset();
}

Error State::not_open() const {
    return {Errc::other,
            "state file " + file_.string() + " is not open: a damaged one could not be replaced",
            {}};
}

Result<std::unique_ptr<State>> State::open(const fs::path& directory) {
    const auto daemons = std::make_shared<StateDirectory>(directory);
    const auto claimed = daemons->claim();
    if (!claimed && !daemons->is_full()) return claimed.error();
    std::unique_ptr<State> state(new State(daemons));
    const std::scoped_lock held(daemons->mutex());
    const std::string since = daemons->marker();
    if (!since.empty() && !has_content(daemons->file())) {
        state->begun_because_ = "the state file " + daemons->file().string() + " of " + since +
                                " is gone, or empty; the history starts anew";
        state->notice_ = state->begun_because_;
    }
    auto file = state->open_where_there_is_room(claimed);
    if (!file && state->is_damaged()) file = state->begin_anew();
    if (!file) return file.error();
    return state;
}

Result<void> State::open_where_there_is_room(const Result<void>& claimed) {
    const bool any = has_content(daemons_->file());
    auto opened = claimed ? open_file() : claimed;
    const bool full = daemons_->is_full() || (database_ && database_->is_full());
    if (opened || any || !full) return opened;
    close();
    remove_state_file(daemons_->file());
    if (auto refuge = daemons_->refuge(); !refuge) return opened;
    notice_ = opened.error().what + "; until there is room the state is kept in memory";
    return open_file();
}

std::unique_ptr<State> State::beside() const {
    return std::unique_ptr<State>(new State(daemons_));
}

Result<std::unique_ptr<State>> State::attach(const fs::path& directory) {
    const auto file = find_state_file(directory);
    if (!file) return file.error();
    if (file->empty()) return std::unique_ptr<State>();
    std::unique_ptr<State> state(new State(*file));
    auto database = Sqlite::open(*file);
    if (!database) return database.error();
    state->database_ = std::move(*database);
    if (auto right = check_version(*state->database_); !right) return right.error();
    if (auto set = limit_log(*state->database_); !set) return set.error();
    if (auto checked = state->first_check(); !checked) return checked.error();
    return state;
}

Result<std::unique_ptr<State>> State::scratch(const fs::path& directory) {
    const auto file = find_state_file(directory);
    if (!file) return file.error();
    std::unique_ptr<State> state(new State(fs::temp_directory_path() / "keyshift-scratch"));
    auto database = Sqlite::temporary(*file);
    if (!database) return database.error();
    state->database_ = std::move(*database);
    if (!file->empty()) {
        const auto original = Sqlite::open(*file);
        if (!original) return original.error();
        if (auto copied = state->database_->copy_from(**original); !copied) return copied.error();
    }
    if (auto prepared = prepare(*state->database_, Sharing::none); !prepared) return prepared.error();
    if (auto checked = state->first_check(); !checked) return checked.error();
    return state;
}

Result<void> State::open_file() {
    file_ = daemons_->place();
    // SQLite gives its other files the rights of this one. Only where there is none: closing any descriptor
    // of a file gives up all locks that this process has on it, and with them those of its other connections.
    const int descriptor = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) ::close(descriptor);
    shared_ = true;
    auto opened = open_file(Sharing::readers);
    if (opened || database_ == nullptr || database_->damage() || opened.error().code == Errc::config)
        return opened;
    // On a full disk the file can still be read, and written when there is room again: begin() tries.
    shared_ = false;
    if (auto alone = open_file(Sharing::none); alone) return alone;
    return opened;
}

Result<void> State::open_file(Sharing sharing) {
    close();
    auto database = Sqlite::open(file_);
    if (!database) return database.error();
    database_ = std::move(*database);
    if (auto prepared = prepare(*database_, sharing); !prepared) return prepared;
    if (auto checked = first_check(); !checked) return checked;
    if (auto whole = check_for_damage(); !whole) return whole;
    if (sharing == Sharing::readers)
        if (auto noted = note_beginning(); !noted) return noted;
    daemons_->mark();
    const auto there = file_identity(file_);
    if (!there) return there.error();
    identity_ = *there;
    return {};
}

/// Where SQLite sees none. The journal is checked while it is loaded.
Result<void> State::check_for_damage() {
    const auto damaged = damaged_tables(*database_, DigestOf::all_else);
    if (!damaged) return damaged.error();
    if (damaged->empty()) return {};
    return database_->note_damage("what it holds is not what was written (" + *damaged + ")");
}

/// A file of an earlier version began when observation did.
Result<void> State::note_beginning() {
    const auto facts = load_facts();
    if (!facts) return facts.error();
    beginning_ = beginning_of(*facts);
    if (beginning_.at) return {};
    const auto starts = load_observation_starts();
    if (!starts) return starts.error();
    base::Time begun = base::now();
    for (const auto& [source, at] : *starts) begun = std::min(begun, at);
    if (auto begin = database_->execute("BEGIN IMMEDIATE"); !begin) return begin;
    Transaction transaction(*database_, *statements_, *digest_, any_gone_);
    transaction.set_fact(kBegunAt, base::format_rfc3339(begun));
    transaction.set_fact(kBegunBecause, begun_because_);
    beginning_ = {begun, std::exchange(begun_because_, {})};
    return transaction.commit();
}

/// Reads what every start needs: a damaged file shows there at the latest.
Result<void> State::first_check() {
    const auto any_gone =
        database_->integer("SELECT EXISTS (SELECT 1 FROM legacy_key WHERE gone_at IS NOT NULL)");
    if (!any_gone) return any_gone.error();
    any_gone_ = *any_gone != 0;
    if (auto counters = load_counters(); !counters) return counters.error();
    if (auto starts = load_observation_starts(); !starts) return starts.error();
    if (auto facts = load_facts(); !facts) return facts.error();
    digest_ = std::make_unique<Digest>();
    if (auto followed = digest_->follow(*database_); !followed) return followed;
    statements_ = std::make_unique<Statements>(*database_);
    if (database_->damage()) return *database_->damage();
    return {};
}

Result<State::Contents> State::refresh() {
    if (!daemons_) return Contents::as_read;
    const std::scoped_lock held(daemons_->mutex());
    return check_place();
}

Result<State::Contents> State::check_place() {
    const auto there = file_identity(daemons_->file());
    if (!there) return there.error();
    if (*there && database_ && *there == identity_) return Contents::as_read;
    if (*there || !database_) {
        auto opened = open_file();
        if (!opened && is_damaged()) opened = begin_anew();
        if (!opened) return opened.error();
        return Contents::others;
    }
    if (auto again = write_again(); !again) return again.error();
    return Contents::as_read;
}

/// There is no file, but what is open is whole.
Result<void> State::write_again() {
    if (auto claimed = daemons_->claim(); !claimed) return claimed;
    if (auto room = daemons_->has_room_for(file_); !room) return room;
    const fs::path file = daemons_->file();
    const fs::path fresh = file.string() + ".new";
    const auto copy = [&]() -> Result<void> {
        auto database = Sqlite::open(fresh);
        if (!database) return database.error();
        return (*database)->copy_from(*database_);
    };
    remove_state_file(fresh);
    auto copied = copy();
    std::error_code code;
    if (copied) fs::rename(fresh, file, code);
    if (!copied || code) remove_state_file(fresh);
    if (!copied) return copied;
    if (code) return Error{Errc::other, "state file " + file.string() + ": " + code.message(), {}};
    const bool from_memory = daemons_->place() != file;
    notice_ = from_memory ? "there is room for the state file " + file.string() + " now; nothing was lost"
                          : "the state file " + file.string() +
                                " was removed while keyshift ran; it is written again, and nothing was lost";
    close();
    daemons_->leave_refuge();
    return open_file();
}

/// With the damaged file out of the way.
Result<void> State::begin_anew() {
    const auto there = file_identity(daemons_->file());
    const bool replaced = identity_ && there && *there && *there != identity_;
    close();
    if (!replaced) {  // by another thread, which was faster
        const auto aside = daemons_->move_aside();
        if (!aside) return aside.error();
        begun_because_ = "the state file " + daemons_->file().string() + " was damaged; it was moved to " +
                         *aside + ", and the history starts anew";
        notice_ = begun_because_;
    }
    return open_file();
}

Result<bool> State::replace_if_damaged() {
    if (!daemons_ || !is_damaged()) return false;
    const std::scoped_lock held(daemons_->mutex());
    // After a failure of this, refresh() finds what is there now.
    if (auto anew = begin_anew(); !anew) return anew.error();
    return true;
}

std::optional<Error> State::not_on_disk() const {
    if (!daemons_ || daemons_->place() == daemons_->file()) return std::nullopt;
    return Error{
        Errc::other, "there is no room for the state file " + daemons_->file().string(),
        "free space on its file system; until then the state is in memory, and lost with the process"};
}

Result<void> State::make_writable() {
    if (daemons_) {
        const std::scoped_lock held(daemons_->mutex());
        const bool first = !database_ && !identity_;
        const auto contents = check_place();
        if (!contents && !not_on_disk()) return contents.error();
        if (contents && *contents == Contents::others && !first)
            return Error{Errc::other, "another state file was put in the place of " + file_.string(), {}};
        if (!shared_)
            if (auto opened = open_file(); !opened) return opened.error();
    }
    if (!database_) return not_open();
    return {};
}

Result<Transaction> State::begin() {
    return begin_by("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
}

Result<Transaction> State::begin_decision() {
    return begin_by("PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
}

Result<Transaction> State::begin_by(const std::string& sql) {
    if (auto writable = make_writable(); !writable) return writable.error();
    if (auto begun = database_->execute(sql); !begun) return begun.error();
    return Transaction(*database_, *statements_, *digest_, any_gone_);
}

std::uint64_t State::size_bytes() const {
    // Asked by all threads, while one may open the file anew.
    const fs::path file = daemons_ ? daemons_->file() : file_;
    std::uint64_t total = 0;
    for (const char* const suffix : {"", "-wal"}) {
        std::error_code code;
        const auto size = fs::file_size(file.string() + suffix, code);
        if (!code) total += size;
    }
    return total;
}

}  // namespace keyshift::store
