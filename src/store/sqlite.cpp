// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite.hpp"

#include <utility>

#include <sqlite3.h>

#include "store/state_directory.hpp"

namespace keyshift::store {

using base::Errc;
using base::Error;
using base::Result;

Statement::Statement(Sqlite& database, std::string_view sql) : database_(&database) {
    prepare(sql);
}

PreparedLater::PreparedLater(Sqlite& database, const char* sql) {
    database_ = &database;
    later_ = sql;
}

sqlite3_stmt* Statement::prepared() {
    if (later_ != nullptr) prepare(std::exchange(later_, nullptr));
    return statement_.get();
}

void Statement::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_->handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    statement_ = {statement, &sqlite3_finalize};
    if (code != SQLITE_OK) unprepared_ = database_->unprepared();
}

Statement& Statement::bind(int index, std::int64_t value) {
    sqlite3_bind_int64(prepared(), index, value);
    return *this;
}

Statement& Statement::bind(int index, std::string_view value) {
    // A null pointer would bind NULL instead of an empty text.
    sqlite3_bind_text(prepared(), index, value.data() != nullptr ? value.data() : "",
                      static_cast<int>(value.size()), SQLITE_STATIC);
    return *this;
}

Statement& Statement::bind_null(int index) {
    sqlite3_bind_null(prepared(), index);
    return *this;
}

Result<bool> Statement::step() {
    sqlite3_stmt* const statement = prepared();
    if (unprepared_) return *unprepared_;
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return true;
    const Error error = code == SQLITE_DONE ? Error{} : database_->error();
    reset();
    if (code != SQLITE_DONE) return error;
    return false;
}

void Statement::reset() {
    if (!statement_) return;
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
    const unsigned char* const text = sqlite3_column_text(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return text == nullptr
               ? std::string_view{}
               : std::string_view(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Sqlite::Sqlite(sqlite3* handle, std::filesystem::path file)
    : handle_(handle, &sqlite3_close_v2), file_(std::move(file)) {}

Result<std::unique_ptr<Sqlite>> Sqlite::open(const std::filesystem::path& file) {
    return open(file, file);
}

Result<std::unique_ptr<Sqlite>> Sqlite::temporary(const std::filesystem::path& original) {
    return open("", original);  // SQLite's name for a file that is gone when it is closed
}

Result<std::unique_ptr<Sqlite>> Sqlite::open(const std::filesystem::path& file,
                                             const std::filesystem::path& named) {
    // Counting every allocation is a third of what an insert costs. Must be said before SQLite is used at
    // all.
    [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(
        file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<Sqlite> database(new Sqlite(handle, named));
    if (code != SQLITE_OK) return database->error();
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, 5'000);
    return database;
}

Result<void> Sqlite::execute(const std::string& sql) {
    if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error();
    return {};
}

Result<std::int64_t> Sqlite::integer(const std::string& sql) {
    Statement statement(*this, sql);
    auto row = statement.step();
    if (!row) return row.error();
    return *row ? statement.integer(0) : 0;
}

Result<void> Sqlite::copy_from(Sqlite& other) {
    sqlite3_backup* const backup = sqlite3_backup_init(handle_.get(), "main", other.handle_.get(), "main");
    if (backup == nullptr) return error();
    sqlite3_backup_step(backup, -1);
    const int code = sqlite3_backup_finish(backup);
    if (code != SQLITE_OK) return other.error_of(code & 0xFF, sqlite3_errstr(code));
    return {};
}

Error Sqlite::error() {
    if (!handle_) return error_of(SQLITE_NOMEM, "out of memory");
    return error_of(sqlite3_errcode(handle_.get()) & 0xFF, sqlite3_errmsg(handle_.get()));
}

Error Sqlite::error_of(int code, const std::string& text) {
    const bool refused = code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_PERM;
    const bool read_only = refused && on_read_only_file_system(file_);
    const bool no_right = refused && !read_only;
    full_ = code == SQLITE_FULL || code == SQLITE_IOERR;
    const bool busy = code == SQLITE_BUSY;
    const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    const Error error{no_right ? Errc::permission
                      : busy   ? Errc::timeout
                               : Errc::other,
                      "state file " + file_.string() + ": " + text,
                      no_right    ? "check that the directory exists and that keyshift's user may write to it"
                      : read_only ? "mount its file system so that it can be written"
                      : full_     ? "free space on its file system; nothing is lost, writing is tried again"
                      : damaged
                          ? "put a backup in its place, or let keyshift serve move it aside and begin anew"
                          : ""};
    if (!damage_ && damaged) damage_ = error;
    return error;
}

Error Sqlite::note_damage(const std::string& what) {
    damage_ = Error{Errc::other, "state file " + file_.string() + ": " + what, {}};
    return *damage_;
}

Error Sqlite::unprepared() {
    const bool not_there = handle_ && (sqlite3_errcode(handle_.get()) & 0xFF) == SQLITE_ERROR;
    const Error of_it = error();
    if (!damage_ && not_there) damage_ = of_it;
    return of_it;
}

}  // namespace keyshift::store
