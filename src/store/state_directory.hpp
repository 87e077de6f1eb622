// SPDX-License-Identifier: Apache-2.0
// Where the daemon's state file stands: the directory, its lock, and what may happen to them from outside.
// Shared by all connections of the daemon; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace keyshift::store {

/// Of the daemon's socket in its state directory.
inline constexpr const char* kSocketName = "keyshift.sock";

/// Which file it is, whatever its name: changes when another one is put in its place.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileIdentity&) const = default;
};

/// Empty: there is no such file. Errors: permission.
base::Result<std::optional<FileIdentity>> file_identity(const std::filesystem::path& file);

class StateDirectory {
 public:
    explicit StateDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {}
    ~StateDirectory();
    StateDirectory(const StateDirectory&) = delete;
    StateDirectory& operator=(const StateDirectory&) = delete;

    /// Creates the directory where it is missing, and takes its lock, unless it is held already. Errors:
    /// permission (cannot create or write), timeout (another keyshift holds it), other (no room, or a
    /// read-only file system).
    base::Result<void> claim();
    /// Whether the last claim() failed because the disk is full.
    bool is_full() const { return full_; }

    std::filesystem::path file() const;
    /// Where the state is meanwhile, while there is no room for `file()`: in memory. Made by the first call.
    /// Errors: other.
    base::Result<std::filesystem::path> refuge();
    /// Where the state is now.
    std::filesystem::path place() const;
    /// `file()` has what was in the refuge.
    void leave_refuge();

    /// Renames the file and what SQLite keeps beside it; says where it went. Errors: permission.
    base::Result<std::string> move_aside();
    /// Errors: other (the disk has no room for what `from` is of).
    base::Result<void> has_room_for(const std::filesystem::path& from) const;
    /// Since when there has been a state file here, as an earlier process noted; empty: never.
    std::string marker() const;
    /// Notes that there is one, if that was not noted before.
    void mark();

    /// Whoever checks what stands there, and puts something else in its place.
    std::mutex& mutex() { return mutex_; }

 private:
    base::Result<void> lock();
    bool holds_lock() const;
    base::Error cannot_create(int code);

    std::filesystem::path directory_;
    std::filesystem::path refuge_;  // empty: not needed
    int lock_ = -1;
    bool full_ = false;
    mutable std::mutex mutex_;
};

/// With what SQLite keeps beside it, as far as that can be removed.
void remove_state_file(const std::filesystem::path& file);

/// The state file in `directory`; empty: there is none. Errors: permission.
base::Result<std::filesystem::path> find_state_file(const std::filesystem::path& directory);

/// A daemon holds the directory's lock at this moment.
bool is_state_held(const std::filesystem::path& directory);

/// Whether what holds `path` takes no writes at all.
bool on_read_only_file_system(const std::filesystem::path& path);

}  // namespace keyshift::store
