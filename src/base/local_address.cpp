// SPDX-License-Identifier: Apache-2.0
#include "base/local_address.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace keyshift::base {
namespace {

Error cannot_open(const std::filesystem::path& directory, int number) {
    const Errc code = number == EACCES || number == EPERM ? Errc::permission : Errc::connect;
    return {code, "directory " + directory.string() + ": " + std::generic_category().message(number), {}};
}

Error too_long(const std::filesystem::path& path) {
    return {Errc::config,
            "the path of the socket " + path.string() + " is longer than " +
                std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes, and /proc is not there",
            "choose a shorter state.directory"};
}

}  // namespace

Result<LocalAddress> LocalAddress::in(const std::filesystem::path& directory, const std::string& name) {
    const int descriptor = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return cannot_open(directory, errno);
    LocalAddress address(directory / name, name, descriptor);
    std::string text = address.path_.native();
    if (text.size() >= sizeof address.address_.sun_path) {
        text = "/proc/self/fd/" + std::to_string(descriptor);
        if (::access(text.c_str(), F_OK) != 0) return too_long(address.path_);
        text += "/" + name;
    }
    std::memcpy(address.address_.sun_path, text.data(), text.size());
    return address;
}

LocalAddress::LocalAddress(std::filesystem::path path, std::string name, int directory)
    : path_(std::move(path)), name_(std::move(name)), directory_(directory) {
    address_.sun_family = AF_UNIX;
}

LocalAddress::LocalAddress(LocalAddress&& other) noexcept
    : path_(std::move(other.path_)),
      name_(std::move(other.name_)),
      directory_(std::exchange(other.directory_, -1)),
      address_(other.address_) {}

LocalAddress::~LocalAddress() {
    if (directory_ >= 0) ::close(directory_);
}

const sockaddr* LocalAddress::data() const {
    // The sockets interface wants it so.
    return reinterpret_cast<const sockaddr*>(&address_);
}

}  // namespace keyshift::base
