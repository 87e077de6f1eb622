// SPDX-License-Identifier: Apache-2.0
#include "http/listening/local_listener.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/local/stream_protocol.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"

namespace keyshift::http {
namespace {

using base::Descriptor;
using base::Errc;
using base::Error;
using base::LocalAddress;
using base::Result;

int new_socket() {
    return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

Error failed(const LocalAddress& address, std::string_view what, int number) {
    const bool denied = number == EACCES || number == EPERM || number == EROFS;
    return {denied ? Errc::permission : Errc::config,
            "socket " + address.path().string() + ": " + std::string(what) + ": " +
                std::generic_category().message(number),
            "let keyshift's user write to the directory, and belong to its group"};
}

/// Whatever stands in the socket's place is looked at, and taken away if it is what we left there.
Result<void> make_room(const LocalAddress& address) {
    struct stat status{};
    if (::fstatat(address.directory(), address.name().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? Result<void>() : failed(address, "cannot be examined", errno);
    const std::string path = address.path().string();
    if (!S_ISSOCK(status.st_mode)) {
        return Error{Errc::config, path + " is no socket, but what else stands in its place",
                     "remove it and restart keyshift"};
    }
    if (status.st_uid != ::geteuid()) {
        return Error{
            Errc::config,
            "socket " + path + " belongs to another user (uid " + std::to_string(status.st_uid) + ")",
            "remove it and restart keyshift"};
    }
    const Descriptor probe(new_socket());
    if (probe.get() < 0) return failed(address, "cannot be tried", errno);
    if (::connect(probe.get(), address.data(), address.size()) == 0 || errno != ECONNREFUSED) {
        return Error{Errc::config, "somebody answers on the socket " + path + " already",
                     "stop that program, or give this keyshift its own state.directory"};
    }
    if (::unlinkat(address.directory(), address.name().c_str(), 0) != 0)
        return failed(address, "cannot be replaced", errno);
    return {};
}

/// 0, or the number of the error. Not asked for where it is so already: a hardened service may not call
/// chown.
int give_to_group_of_directory(const LocalAddress& address) {
    constexpr auto kOwnerUnchanged = static_cast<uid_t>(-1);
    const char* const name = address.name().c_str();
    struct stat directory{};
    struct stat file{};
    if (::fstat(address.directory(), &directory) != 0 ||
        ::fstatat(address.directory(), name, &file, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    if (file.st_gid != directory.st_gid &&
        ::fchownat(address.directory(), name, kOwnerUnchanged, directory.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    return ::fchmodat(address.directory(), name, 0660, 0) == 0 ? 0 : errno;
}

/// Nobody can connect before it is listened on, and by then it has mode and group.
Result<void> bind_for_group(const Descriptor& socket, const LocalAddress& address) {
    if (::bind(socket.get(), address.data(), address.size()) != 0)
        return failed(address, "cannot be made", errno);
    int number = give_to_group_of_directory(address);
    if (number == 0 && ::listen(socket.get(), SOMAXCONN) != 0) number = errno;
    if (number == 0) return {};
    ::unlinkat(address.directory(), address.name().c_str(), 0);
    return failed(address, "cannot be given to the directory's group", number);
}

}  // namespace

LocalSocketFile::LocalSocketFile(base::LocalAddress address)
    : address_(std::make_unique<base::LocalAddress>(std::move(address))) {
    struct stat status{};
    if (::fstatat(address_->directory(), address_->name().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    device_ = status.st_dev;
    inode_ = status.st_ino;
}

bool LocalSocketFile::is_there() const {
    struct stat status{};
    // By its path: the directory that was opened may have been removed.
    return ::lstat(address_->path().c_str(), &status) == 0 && status.st_dev == device_ &&
           status.st_ino == inode_;
}

LocalSocketFile::~LocalSocketFile() {
    if (!address_) return;
    struct stat status{};
    const char* const name = address_->name().c_str();
    const bool there = ::fstatat(address_->directory(), name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && status.st_dev == device_ && status.st_ino == inode_)
        ::unlinkat(address_->directory(), name, 0);
}

Result<LocalListener> open_local_acceptor(const boost::asio::any_io_executor& executor,
                                          const std::filesystem::path& directory, const std::string& name) {
    auto address = LocalAddress::in(directory, name);
    if (!address) return address.error();
    if (auto free = make_room(*address); !free) return free.error();
    Descriptor socket(new_socket());
    if (socket.get() < 0) return failed(*address, "cannot be made", errno);
    if (auto bound = bind_for_group(socket, *address); !bound) return bound.error();
    LocalSocketFile file(std::move(*address));
    boost::asio::local::stream_protocol::acceptor acceptor(executor);
    boost::system::error_code ec;
    acceptor.assign(boost::asio::local::stream_protocol(), socket.get(), ec);
    if (ec) return Error{Errc::other, "socket " + file.path().string() + ": " + ec.message(), {}};
    socket.release();
    return LocalListener{Acceptor(std::move(acceptor)), std::move(file)};
}

}  // namespace keyshift::http
