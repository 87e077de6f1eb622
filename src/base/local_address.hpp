// SPDX-License-Identifier: Apache-2.0
// The address of a Unix socket, for bind() and connect(), however long its path is: what does not fit into
// sun_path is named through a descriptor of its directory, by way of /proc. Values: safe to move.
#pragma once

#include <filesystem>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.hpp"

namespace keyshift::base {

class LocalAddress {
 public:
    /// Opens `directory`. Errors: connect (it is not there, or is no directory), permission, config (the path
    /// is too long and there is no /proc). Precondition: `name` is a short file name.
    static Result<LocalAddress> in(const std::filesystem::path& directory, const std::string& name);
    LocalAddress(LocalAddress&& other) noexcept;
    LocalAddress& operator=(LocalAddress&&) = delete;
    ~LocalAddress();

    /// Valid for as long as this is.
    const sockaddr* data() const;
    socklen_t size() const { return sizeof address_; }
    /// The directory, for functions such as fstatat(), and the name in it.
    int directory() const { return directory_; }
    const std::string& name() const { return name_; }
    const std::filesystem::path& path() const { return path_; }

 private:
    LocalAddress(std::filesystem::path path, std::string name, int directory);

    std::filesystem::path path_;
    std::string name_;
    int directory_;  // O_PATH
    sockaddr_un address_{};
};

}  // namespace keyshift::base
