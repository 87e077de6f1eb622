// SPDX-License-Identifier: Apache-2.0
// Listening on a Unix socket, whose file says who may connect. Blocking for a moment: call it before the loop
// runs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/error.hpp"
#include "base/local_address.hpp"
#include "http/listening/stream.hpp"

namespace keyshift::http {

/// The file of a socket that is listened on here: gone when this is, unless another one stands in its place.
class LocalSocketFile {
 public:
    /// Precondition: the socket is bound to `address`.
    explicit LocalSocketFile(base::LocalAddress address);
    LocalSocketFile(LocalSocketFile&&) noexcept = default;
    LocalSocketFile& operator=(LocalSocketFile&&) = delete;
    ~LocalSocketFile();

    const std::filesystem::path& path() const { return address_->path(); }
    /// Whether its name still leads to it.
    bool is_there() const;

 private:
    std::unique_ptr<base::LocalAddress> address_;  // null: moved from
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

struct LocalListener {
    Acceptor acceptor;
    LocalSocketFile file;
};

/// The socket `name` in `directory`: mode 0660, the directory's group. A socket of our own user that nobody
/// answers on is replaced. Errors, with what to do: config (somebody answers on it; it is another user's, or
/// no socket; its path is too long), permission (it cannot be made, or not be given to the group).
base::Result<LocalListener> open_local_acceptor(const boost::asio::any_io_executor& executor,
                                                const std::filesystem::path& directory,
                                                const std::string& name);

}  // namespace keyshift::http
