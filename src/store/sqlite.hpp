// SPDX-License-Identifier: Apache-2.0
// The little of SQLite that the state needs: a connection and a prepared statement that clean up after
// themselves. Used by one thread at a time. Kept inside src/store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace keyshift::store {

class Sqlite;

/// A prepared statement. Bind by position from 1, step(), read columns from 0, reset(). Errors of preparing
/// and of binding appear in step(); what was not prepared has no rows.
class Statement {
 public:
    Statement() = default;
    Statement(Sqlite& database, std::string_view sql);

    Statement& bind(int index, std::int64_t value);
    /// The text is not copied: it must live until the next step().
    Statement& bind(int index, std::string_view value);
    Statement& bind_null(int index);

    /// True: a row is there; false: done. After an error or the end the statement is reset.
    base::Result<bool> step();
    void reset();

    std::int64_t integer(int column) const;
    std::string_view text(int column) const;
    bool is_null(int column) const;

 private:
    void prepare(std::string_view sql);
    sqlite3_stmt* prepared();

    Sqlite* database_ = nullptr;
    const char* later_ = nullptr;  ///< what is still to prepare
    std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_{nullptr, nullptr};
    std::optional<base::Error> unprepared_;

    friend class PreparedLater;
};

/// A statement that is prepared when it is first bound or stepped: most connections need few of theirs, and
/// each holds what the triggers of its table do.
class PreparedLater : public Statement {
 public:
    /// `sql` is a literal.
    PreparedLater(Sqlite& database, const char* sql);
};

class Sqlite {
 public:
    /// Opens or creates `file`. Errors: other, permission.
    static base::Result<std::unique_ptr<Sqlite>> open(const std::filesystem::path& file);
    /// In temporary files that nobody else sees; errors name `original`, of which it will be a copy.
    static base::Result<std::unique_ptr<Sqlite>> temporary(const std::filesystem::path& original);

    base::Result<void> execute(const std::string& sql);
    base::Result<std::int64_t> integer(const std::string& sql);
    /// Replaces all that is in this one. Errors name the other's file.
    base::Result<void> copy_from(Sqlite& other);
    /// The last failure as an error; the file's path is in it.
    base::Error error();
    /// Likewise, of a statement that could not be prepared: where its tables are not there, the file is
    /// damaged.
    base::Error unprepared();
    /// The first failure that said that the file is no database or a damaged one.
    const std::optional<base::Error>& damage() const { return damage_; }
    /// What SQLite cannot know: rows are not what was written.
    base::Error note_damage(const std::string& what);
    /// The last failure was that there is no room, or so it seems.
    bool is_full() const { return full_; }

    sqlite3* handle() const { return handle_.get(); }

 private:
    static base::Result<std::unique_ptr<Sqlite>> open(const std::filesystem::path& file,
                                                      const std::filesystem::path& named);
    Sqlite(sqlite3* handle, std::filesystem::path file);
    base::Error error_of(int code, const std::string& text);

    std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
    std::filesystem::path file_;
    std::optional<base::Error> damage_;
    bool full_ = false;
};

}  // namespace keyshift::store
