// SPDX-License-Identifier: Apache-2.0
#include "store/state.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/schema.hpp"

namespace keyshift::store {
namespace {

using base::Errc;
using base::Error;
using base::Result;
namespace fs = std::filesystem;

constexpr const char* kFileName = "keyshift.db";

Error cannot_create(const fs::path& directory, const std::error_code& code) {
    return {Errc::permission, "state directory " + directory.string() + ": " + code.message(),
            "create it for keyshift's user, or set state.directory"};
}

/// A descriptor that holds the lock for as long as it is open.
Result<int> lock(const fs::path& directory) {
    const fs::path file = directory / "keyshift.lock";
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

Error not_open(const fs::path& file) {
    return {
        Errc::other, "state file " + file.string() + " is not open: a damaged one could not be replaced", {}};
}

std::int64_t micros(base::Time t) {
    return t.time_since_epoch().count();
}

base::Time to_time(std::int64_t count) {
    return base::Time{base::Duration{count}};
}

void bind_text(Statement& statement, int index, std::optional<std::string_view> text) {
    if (text) {
        statement.bind(index, *text);
    } else {
        statement.bind_null(index);
    }
}

void bind_time(Statement& statement, int index, std::optional<base::Time> time) {
    if (time) {
        statement.bind(index, micros(*time));
    } else {
        statement.bind_null(index);
    }
}

/// The parameters that both statements below begin with.
void bind_key(Statement& statement, const domain::Key& key, std::uint32_t row) {
    statement.bind(1, static_cast<std::int64_t>(row)).bind(2, key.id);
    bind_text(statement, 3, key.owner);
    bind_text(statement, 4, key.name);
    statement.bind(5, key.prefix).bind(6, micros(key.created_at));
    bind_time(statement, 7, key.expires_at);
    if (key.bcrypt_cost) {
        statement.bind(8, static_cast<std::int64_t>(*key.bcrypt_cost));
    } else {
        statement.bind_null(8);
    }
    statement.bind(9, std::int64_t{key.blocked}).bind(10, std::int64_t{key.over_budget});
}

}  // namespace

struct State::Statements {
    explicit Statements(Sqlite& db)
        : add(db,
              "INSERT INTO legacy_key (row, id, owner, name, prefix, created_at, expires_at, bcrypt_cost, "
              "blocked, "
              "over_budget, first_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"),
          update(db,
                 "UPDATE legacy_key SET id = ?2, owner = ?3, name = ?4, prefix = ?5, created_at = ?6, "
                 "expires_at = ?7, "
                 "bcrypt_cost = ?8, blocked = ?9, over_budget = ?10 WHERE row = ?1"),
          use(db,
              "INSERT INTO legacy_use VALUES (?1, ?2) ON CONFLICT DO UPDATE SET last_used = "
              "excluded.last_used"),
          unuse(db, "DELETE FROM legacy_use WHERE row = ?1"),
          back(db,
               "UPDATE legacy_key SET gone_as = 'reappeared' WHERE id = ?1 AND gone_at IS NOT NULL AND "
               "gone_as <> "
               "'reappeared'"),
          gone(db, "UPDATE legacy_key SET gone_at = ?2, gone_as = ?3 WHERE row = ?1 AND gone_at IS NULL"),
          counter(db,
                  "INSERT INTO counter VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = excluded.value"),
          source(db, "INSERT INTO source VALUES (?1, ?2) ON CONFLICT DO NOTHING") {}

    Statement add;
    Statement update;
    Statement use;
    Statement unuse;
    Statement back;
    Statement gone;
    Statement counter;
    Statement source;
};

State::State(fs::path file, int lock) : file_(std::move(file)), lock_(lock) {}

State::~State() {
    statements_.reset();
    database_.reset();
    ::close(lock_);
}

Result<State::Opened> State::open(const fs::path& directory) {
    std::error_code code;
    // What is in it names keys and owners: only its user may look.
    if (fs::create_directories(directory, code) && !code)
        fs::permissions(directory, fs::perms::owner_all, fs::perm_options::replace, code);
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

Result<void> State::open_file() {
    // SQLite gives its other files the rights of this one.
    const int descriptor = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor >= 0) ::close(descriptor);
    shared_ = true;
    auto opened = open_file(Sharing::readers);
    if (opened || database_ == nullptr || database_->is_corrupt() || opened.error().code == Errc::config)
        return opened;
    // On a full disk the file can still be read, and written when there is room again: begin() tries.
    shared_ = false;
    if (auto alone = open_file(Sharing::none); alone) return alone;
    return opened;
}

/// Opens the file, and reads of it what every start needs: a damaged one shows there at the latest.
Result<void> State::open_file(Sharing sharing) {
    statements_.reset();
    database_.reset();
    auto database = Sqlite::open(file_);
    if (!database) return database.error();
    database_ = std::move(*database);
    if (auto prepared = prepare(*database_, sharing); !prepared) return prepared;
    const auto any_gone =
        database_->integer("SELECT EXISTS (SELECT 1 FROM legacy_key WHERE gone_at IS NOT NULL)");
    if (!any_gone) return any_gone.error();
    any_gone_ = *any_gone != 0;
    if (auto counters = load_counters(); !counters) return counters.error();
    if (auto starts = load_observation_starts(); !starts) return starts.error();
    statements_ = std::make_unique<Statements>(*database_);
    return {};
}

Result<std::string> State::replace_if_damaged() {
    if (database_ && !database_->is_corrupt()) return std::string();
    statements_.reset();
    database_.reset();  // and stays so if what follows fails: then the next call is another try
    const auto aside = move_aside(file_);
    if (!aside) return aside.error();
    if (auto opened = open_file(); !opened) return opened.error();
    return "the state file " + file_.string() + " was damaged; it was moved to " + *aside +
           ", and the history starts anew";
}

Result<std::uint32_t> State::load_keys(const std::function<void(const domain::Key&, std::uint32_t)>& handle) {
    if (!database_) return not_open(file_);
    Statement keys(*database_,
                   "SELECT row, id, owner, name, last_used, expires_at, bcrypt_cost, blocked, over_budget "
                   "FROM legacy_key LEFT JOIN legacy_use USING (row) WHERE gone_at IS NULL");
    for (auto row = keys.step();; row = keys.step()) {
        if (!row) return row.error();
        if (!*row) break;
        domain::Key key;
        key.legacy = true;
        key.id = keys.text(1);
        if (!keys.is_null(2)) key.owner = keys.text(2);
        if (!keys.is_null(3)) key.name = keys.text(3);
        if (!keys.is_null(4)) key.last_used_at = base::Time{std::chrono::seconds{keys.integer(4)}};
        if (!keys.is_null(5)) key.expires_at = to_time(keys.integer(5));
        if (!keys.is_null(6)) key.bcrypt_cost = static_cast<int>(keys.integer(6));
        key.blocked = keys.integer(7) != 0;
        key.over_budget = keys.integer(8) != 0;
        handle(key, static_cast<std::uint32_t>(keys.integer(0)));
    }
    const auto last = database_->integer("SELECT coalesce(max(row), 0) FROM legacy_key");
    if (!last) return last.error();
    return static_cast<std::uint32_t>(*last + 1);
}

Result<Counters> State::load_counters() {
    if (!database_) return not_open(file_);
    Statement counters(*database_, "SELECT name, label, value FROM counter");
    Counters out;
    for (auto row = counters.step();; row = counters.step()) {
        if (!row) return row.error();
        if (!*row) return out;
        out[{std::string(counters.text(0)), std::string(counters.text(1))}] =
            static_cast<std::uint64_t>(counters.integer(2));
    }
}

Result<std::map<std::string, base::Time>> State::load_observation_starts() {
    if (!database_) return not_open(file_);
    Statement sources(*database_, "SELECT name, observation_start FROM source");
    std::map<std::string, base::Time> out;
    for (auto row = sources.step();; row = sources.step()) {
        if (!row) return row.error();
        if (!*row) return out;
        out[std::string(sources.text(0))] = to_time(sources.integer(1));
    }
}

Result<Transaction> State::begin() {
    if (!database_) return not_open(file_);
    if (!shared_)
        if (auto opened = open_file(); !opened) return opened.error();
    if (auto begun = database_->execute("BEGIN IMMEDIATE"); !begun) return begun.error();
    return Transaction(*this);
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

Transaction::~Transaction() {
    // A failing rollback leaves nothing to do: SQLite has rolled back by itself.
    if (state_ != nullptr) [[maybe_unused]]
        const auto done = state_->database_->execute("ROLLBACK");
}

void Transaction::run(Statement& statement) {
    const auto done = statement.step();
    if (!done && !error_) error_ = done.error();
}

bool Transaction::add_key(const domain::Key& key, std::uint32_t row, base::Time seen_at) {
    if (error_) return false;
    State::Statements& statements = *state_->statements_;
    bool back = false;
    if (state_->any_gone_) {
        run(statements.back.bind(1, key.id));
        back = !error_ && state_->database_->changes() > 0;
    }
    bind_key(statements.add, key, row);
    run(statements.add.bind(11, micros(seen_at)));
    return back;
}

void Transaction::update_key(const domain::Key& key, std::uint32_t row) {
    if (error_) return;
    bind_key(state_->statements_->update, key, row);
    run(state_->statements_->update);
}

void Transaction::set_last_use(std::uint32_t row, std::uint32_t last_used) {
    if (error_) return;
    Statement& statement = last_used == 0 ? state_->statements_->unuse : state_->statements_->use;
    statement.bind(1, static_cast<std::int64_t>(row));
    if (last_used != 0) statement.bind(2, static_cast<std::int64_t>(last_used));
    run(statement);
}

void Transaction::mark_gone(std::uint32_t row, Gone how, base::Time noticed_at) {
    if (error_) return;
    state_->any_gone_ = true;
    const std::string_view as = how == Gone::upgraded ? "upgraded" : "removed";
    run(state_->statements_->gone.bind(1, static_cast<std::int64_t>(row))
            .bind(2, micros(noticed_at))
            .bind(3, as));
}

void Transaction::set_counter(std::string_view name, std::string_view label, std::uint64_t value) {
    if (error_) return;
    run(state_->statements_->counter.bind(1, name).bind(2, label).bind(3, static_cast<std::int64_t>(value)));
}

void Transaction::set_observation_start(std::string_view source, base::Time at) {
    if (error_) return;
    run(state_->statements_->source.bind(1, source).bind(2, micros(at)));
}

Result<void> Transaction::commit() {
    if (error_) return *error_;
    if (auto done = state_->database_->execute("COMMIT"); !done) return done.error();
    state_ = nullptr;
    return {};
}

}  // namespace keyshift::store
