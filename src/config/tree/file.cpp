// SPDX-License-Identifier: Apache-2.0
#include "config/tree/file.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "config/tree/text.hpp"

namespace keyshift::config {
namespace {

base::Error from_errno(int number) {
    if (number == ENOENT || number == ENOTDIR) return invalid("does not exist", "check its path");
    if (number == EACCES || number == EPERM)
        return invalid("may not be read", "let the user that keyshift runs as read it");
    return invalid("cannot be read: " + std::generic_category().message(number), "");
}

base::Error too_large(std::size_t max_bytes) {
    return invalid("is larger than " + std::to_string(max_bytes / 1024) + " KiB", "check its path");
}

}  // namespace

base::Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t max_bytes) {
    const base::Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0) return from_errno(errno);
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return from_errno(errno);
    if (S_ISDIR(status.st_mode)) return invalid("is a directory", "name a file in it");
    if (!S_ISREG(status.st_mode)) return invalid("is not a regular file", "name a regular one");
    std::string content;
    std::array<char, 4096> buffer{};
    while (content.size() <= max_bytes) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return from_errno(errno);
        if (count == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return too_large(max_bytes);
}

}  // namespace keyshift::config
