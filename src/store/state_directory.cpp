// SPDX-License-Identifier: Apache-2.0
#include "store/state_directory.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/time.hpp"

namespace keyshift::store {
namespace {

using base::Errc;
using base::Error;
using base::Result;
namespace fs = std::filesystem;

constexpr const char* kFileName = "keyshift.db";
constexpr const char* kLockName = "keyshift.lock";
constexpr std::array<const char*, 3> kSuffixes{"", "-wal", "-shm"};

/// What is in it names keys and owners: its files are for its user alone (0600). Its group may reach the
/// socket in it, and not see what else there is.
constexpr fs::perms kDirectoryMode = fs::perms::owner_all | fs::perms::group_exec;

bool is_no_room(int code) {
    return code == ENOSPC || code == EDQUOT;
}

}  // namespace

Result<std::optional<FileIdentity>> file_identity(const fs::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0)
        return std::optional(FileIdentity{static_cast<std::uint64_t>(status.st_dev), status.st_ino});
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileIdentity>();
    return Error{Errc::permission,
                 "state file " + file.string() + ": " + std::generic_category().message(errno),
                 "let keyshift's user reach it"};
}

StateDirectory::~StateDirectory() {
    if (lock_ >= 0) ::close(lock_);
    leave_refuge();
}

Error StateDirectory::cannot_create(int code) {
    full_ = is_no_room(code);
    const std::string what =
        "state directory " + directory_.string() + ": " + std::generic_category().message(code);
    if (full_) return {Errc::other, what, "free space on its file system"};
    if (code == EROFS) return {Errc::other, what, "mount its file system so that it can be written"};
    return {
        Errc::permission, what,
        "let it belong to keyshift's user, here " + std::to_string(::geteuid()) + ", or set state.directory"};
}

Result<void> StateDirectory::claim() {
    std::error_code code;
    full_ = false;
    if (fs::create_directories(directory_, code) && !code)
        fs::permissions(directory_, kDirectoryMode, fs::perm_options::replace, code);
    if (code) return cannot_create(code.value());
    return holds_lock() ? Result<void>() : lock();
}

/// That of a directory which has been removed protects nothing.
bool StateDirectory::holds_lock() const {
    struct stat held{};
    if (lock_ < 0 || ::fstat(lock_, &held) != 0) return false;
    const auto there = file_identity(directory_ / kLockName);
    return there && *there == FileIdentity{static_cast<std::uint64_t>(held.st_dev), held.st_ino};
}

Result<void> StateDirectory::lock() {
    const int descriptor = ::open((directory_ / kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return cannot_create(errno);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor);
        return Error{Errc::timeout, "another keyshift is using the state directory " + directory_.string(),
                     "stop it, or give this one its own state.directory"};
    }
    if (lock_ >= 0) ::close(lock_);
    lock_ = descriptor;
    return {};
}

fs::path StateDirectory::file() const {
    return directory_ / kFileName;
}

Result<fs::path> StateDirectory::refuge() {
    if (!refuge_.empty()) return refuge_;
    std::string name = "/dev/shm/keyshift-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
        return Error{Errc::other, "/dev/shm: " + std::generic_category().message(errno),
                     "free space for " + directory_.string()};
    refuge_ = fs::path(name) / kFileName;
    return refuge_;
}

fs::path StateDirectory::place() const {
    return refuge_.empty() ? file() : refuge_;
}

void StateDirectory::leave_refuge() {
    if (refuge_.empty()) return;
    std::error_code ignored;
    fs::remove_all(std::exchange(refuge_, {}).parent_path(), ignored);
}

Result<std::string> StateDirectory::move_aside() {
    const fs::path aside = file().string() + ".damaged-" + base::format_rfc3339(base::now());
    for (const char* const suffix : kSuffixes) {
        std::error_code code;
        const fs::path from = file().string() + suffix;
        if (fs::exists(from, code)) fs::rename(from, aside.string() + suffix, code);
        if (code) {
            return Error{Errc::permission,
                         "cannot move the damaged state file " + from.string() + " aside: " + code.message(),
                         "move it yourself and start again"};
        }
    }
    return aside.string();
}

Result<void> StateDirectory::has_room_for(const fs::path& from) const {
    std::error_code code;
    const auto size = fs::file_size(from, code);
    struct statvfs status{};
    if (code || ::statvfs(directory_.c_str(), &status) != 0) return {};  // then the copy tells
    if (status.f_bavail * status.f_frsize > size) return {};
    return Error{Errc::other, "state directory " + directory_.string() + " has no room for the state file",
                 "free space on its file system"};
}

std::string StateDirectory::marker() const {
    std::array<char, 40> text{};
    const ssize_t size = lock_ < 0 ? 0 : ::pread(lock_, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
}

void StateDirectory::mark() {
    if (lock_ < 0 || !marker().empty()) return;
    const std::string text = base::format_rfc3339(base::now());
    // Without room for it, the next start will not say that the file has gone.
    [[maybe_unused]] const ssize_t written = ::pwrite(lock_, text.data(), text.size(), 0);
}

void remove_state_file(const fs::path& file) {
    for (const char* const suffix : kSuffixes) {
        std::error_code ignored;
        fs::remove(file.string() + suffix, ignored);
    }
}

Result<fs::path> find_state_file(const fs::path& directory) {
    const fs::path file = directory / kFileName;
    const auto there = file_identity(file);
    if (!there) return Error{there.error().code, there.error().what, "run this as keyshift's user"};
    return *there ? file : fs::path();
}

bool is_state_held(const fs::path& directory) {
    const fs::path file = directory / kLockName;
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(descriptor);
    return held;
}

bool on_read_only_file_system(const fs::path& path) {
    struct statvfs status{};
    for (fs::path at = path; !at.empty(); at = at.parent_path()) {
        if (::statvfs(at.c_str(), &status) == 0) return (status.f_flag & ST_RDONLY) != 0;
        if (at == at.parent_path()) break;
    }
    return false;
}

}  // namespace keyshift::store
