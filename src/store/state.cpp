// SPDX-License-Identifier: Apache-2.0
#include "store/state.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/schema.hpp"
#include "store/statements.hpp"

namespace keyshift::store {
namespace {

using base::Errc;
using base::Error;
using base::Result;
namespace fs = std::filesystem;

constexpr const char* kFileName = "keyshift.db";
constexpr const char* kLockName = "keyshift.lock";

/// What is in it names keys and owners: its files are for its user alone (0600). Its group may reach the
/// socket in it, and not see what else there is.
constexpr fs::perms kDirectoryMode = fs::perms::owner_all | fs::perms::group_exec;

Error cannot_create(const fs::path& directory, const std::error_code& code) {
    return {Errc::permission, "state directory " + directory.string() + ": " + code.message(),
            "create it for keyshift's user, or set state.directory"};
}

/// A descriptor that holds the lock for as long as it is open.
Result<int> lock(const fs::path& directory) {
    const fs::path file = directory / kLockName;
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return cannot_create(directory, {errno, std::generic_category()});
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
    ::close(descriptor);
    return Error{Errc::config, "another keyshift is using the state directory " + directory.string(),
                 "stop it, or give this one its own state.directory"};
}

/// Renames the file and what SQLite keeps beside it; says where it went.
Result<std::string> move_aside(const fs::path& file) {
    const fs::path aside = file.string() + ".damaged-" + base::format_rfc3339(base::now());
    for (const char* const suffix : {"", "-wal", "-shm"}) {
        std::error_code code;
        const fs::path from = file.string() + suffix;
        if (fs::exists(from, code)) fs::rename(from, aside.string() + suffix, code);
        if (code) {
            return Error{Errc::permission,
                         "cannot move the damaged state file " + from.string() + " aside: " + code.message(),
                         "move it yourself and start again"};
        }
    }
    return aside.string();
}

/// The state file in `directory`; empty: there is none.
Result<fs::path> find_file(const fs::path& directory) {
    std::error_code code;
    const fs::path file = directory / kFileName;
    if (fs::exists(file, code)) return file;
    if (!code || code == std::errc::no_such_file_or_directory) return fs::path();
    return Error{Errc::permission, "state file " + file.string() + ": " + code.message(),
                 "run this as keyshift's user"};
}

}  // namespace

State::State(fs::path file, int lock) : file_(std::move(file)), lock_(lock) {}

State::~State() {
    statements_.reset();
    database_.reset();
    if (lock_ >= 0) ::close(lock_);
}

Error State::not_open() const {
    return {Errc::other,
            "state file " + file_.string() + " is not open: a damaged one could not be replaced",
            {}};
}

Result<State::Opened> State::open(const fs::path& directory) {
    std::error_code code;
    if (fs::create_directories(directory, code) && !code)
        fs::permissions(directory, kDirectoryMode, fs::perm_options::replace, code);
    if (code) return cannot_create(directory, code);
    const auto locked = lock(directory);
    if (!locked) return locked.error();
    Opened opened;
    opened.state.reset(new State(directory / kFileName, *locked));
    auto file = opened.state->open_file();
    if (file) return opened;
    auto replaced = opened.state->replace_if_damaged();
    if (!replaced) return replaced.error();
    if (replaced->empty()) return file.error();
    opened.notice = *std::move(replaced);
    return opened;
}

Result<std::unique_ptr<State>> State::attach(const fs::path& directory) {
    const auto file = find_file(directory);
    if (!file) return file.error();
    if (file->empty()) return std::unique_ptr<State>();
    std::unique_ptr<State> state(new State(*file, -1));
    auto database = Sqlite::open(*file);
    if (!database) return database.error();
    state->database_ = std::move(*database);
    if (auto right = check_version(*state->database_); !right) return right.error();
    if (auto set = limit_log(*state->database_); !set) return set.error();
    if (auto looked = state->first_look(); !looked) return looked.error();
    return state;
}

Result<std::unique_ptr<State>> State::scratch(const fs::path& directory) {
    std::unique_ptr<State> state(new State(fs::temp_directory_path() / "keyshift-scratch", -1));
    auto database = Sqlite::open("");  // SQLite's name for a file that is gone when it is closed
    if (!database) return database.error();
    state->database_ = std::move(*database);
    const auto file = find_file(directory);
    if (!file) return file.error();
    if (!file->empty()) {
        const auto original = Sqlite::open(*file);
        if (!original) return original.error();
        if (auto copied = state->database_->copy_from(**original); !copied) return (*original)->error();
    }
    if (auto prepared = prepare(*state->database_, Sharing::none); !prepared) return prepared.error();
    if (auto looked = state->first_look(); !looked) return looked.error();
    return state;
}

bool State::is_held(const fs::path& directory) {
    const fs::path file = directory / kLockName;
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(descriptor);
    return held;
}

Result<void> State::open_file() {
    // SQLite gives its other files the rights of this one.
    const int descriptor = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
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
    statements_.reset();
    database_.reset();
    auto database = Sqlite::open(file_);
    if (!database) return database.error();
    database_ = std::move(*database);
    if (auto prepared = prepare(*database_, sharing); !prepared) return prepared;
    if (auto parts = load_parts(); !parts) return parts.error();
    if (auto hourly = load_hourly(); !hourly) return hourly.error();
    return first_look();
}

/// Reads what every start needs: a damaged file shows there at the latest.
Result<void> State::first_look() {
    const auto any_gone =
        database_->integer("SELECT EXISTS (SELECT 1 FROM legacy_key WHERE gone_at IS NOT NULL)");
    if (!any_gone) return any_gone.error();
    any_gone_ = *any_gone != 0;
    if (auto counters = load_counters(); !counters) return counters.error();
    if (auto starts = load_observation_starts(); !starts) return starts.error();
    if (auto facts = load_facts(); !facts) return facts.error();
    statements_ = std::make_unique<Statements>(*database_);
    if (database_->damage()) return *database_->damage();
    return {};
}

Result<std::string> State::replace_if_damaged() {
    if (database_ && !database_->damage()) return std::string();
    statements_.reset();
    database_.reset();  // and stays so if what follows fails: then the next call is another try
    const auto aside = move_aside(file_);
    if (!aside) return aside.error();
    if (auto opened = open_file(); !opened) return opened.error();
    return "the state file " + file_.string() + " was damaged; it was moved to " + *aside +
           ", and the history starts anew";
}

Result<Transaction> State::begin() {
    if (!database_) return not_open();
    if (!shared_)
        if (auto opened = open_file(); !opened) return opened.error();
    if (auto begun = database_->execute("BEGIN IMMEDIATE"); !begun) return begun.error();
    return Transaction(*database_, *statements_, any_gone_);
}

std::uint64_t State::size_bytes() const {
    std::uint64_t total = 0;
    for (const char* const suffix : {"", "-wal"}) {
        std::error_code code;
        const auto size = fs::file_size(file_.string() + suffix, code);
        if (!code) total += size;
    }
    return total;
}

}  // namespace keyshift::store
