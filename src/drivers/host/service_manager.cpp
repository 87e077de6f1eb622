// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/service_manager.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace keyshift::drivers {
namespace {

constexpr int kFirstSocket = 3;  // SD_LISTEN_FDS_START

std::string take_variable(const char* name) {
    const char* const found = std::getenv(name);
    std::string value = found == nullptr ? "" : found;
    ::unsetenv(name);
    return value;
}

std::optional<long long> number(const std::string& text) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
    return value;
}

bool meant_for_us(const std::string& pid) {
    return number(pid) == static_cast<long long>(::getpid());
}

std::optional<base::Duration> take_watchdog() {
    const std::string pid = take_variable("WATCHDOG_PID");
    const auto usec = number(take_variable("WATCHDOG_USEC"));
    if (!usec || (!pid.empty() && !meant_for_us(pid))) return std::nullopt;
    return std::chrono::microseconds(*usec);
}

std::vector<int> take_sockets() {
    const bool ours = meant_for_us(take_variable("LISTEN_PID"));
    const auto count = number(take_variable("LISTEN_FDS"));
    take_variable("LISTEN_FDNAMES");
    std::vector<int> sockets;
    if (!ours || !count) return sockets;
    for (int fd = kFirstSocket; fd < kFirstSocket + std::min(*count, 64LL); ++fd) {
        if (::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) sockets.push_back(fd);
    }
    return sockets;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
    ServiceManager manager;
    manager.address_ = take_variable("NOTIFY_SOCKET");
    const bool known = manager.address_.starts_with('/') || manager.address_.starts_with('@');
    if (!known || manager.address_.size() >= sizeof(sockaddr_un::sun_path)) manager.address_.clear();
    if (manager.address_.starts_with('@')) manager.address_[0] = '\0';
    manager.watchdog_ = take_watchdog();
    manager.sockets_ = take_sockets();
    return manager;
}

void ServiceManager::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const long long usec = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
}

void ServiceManager::tell(const std::string& message) const {
    if (!listens()) return;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    // The manager may be gone or full; there is nothing to be done about it here.
    [[maybe_unused]] const auto sent = ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                                                reinterpret_cast<const sockaddr*>(&to), length);
    ::close(fd);
}

}  // namespace keyshift::drivers
