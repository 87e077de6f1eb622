// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/socket_watchdog.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace keyshift::drivers {
namespace {

base::Descriptor open_or_throw(int descriptor, const char* what) {
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
    return base::Descriptor(descriptor);
}

}  // namespace

SocketWatchdog::SocketWatchdog(int socket, const Interrupt& interrupt)
    : socket_(open_or_throw(::fcntl(socket, F_DUPFD_CLOEXEC, 0), "fcntl")),
      timer_(open_or_throw(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      interrupt_(interrupt),
      thread_([this] { watch(); }) {}

SocketWatchdog::~SocketWatchdog() {
    over_.raise();
    thread_.join();
}

void SocketWatchdog::begin(base::Deadline deadline) {
    const std::lock_guard lock(mutex_);
    set_timer(std::max<base::Duration>(deadline.left(), base::Duration{1}));  // 0 would switch it off
}

SocketWatchdog::Ended SocketWatchdog::end() {
    const std::lock_guard lock(mutex_);
    set_timer(base::Duration{0});  // also forgets that it has gone off
    return ended_;
}

void SocketWatchdog::set_timer(base::Duration left) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(left);
    itimerspec when{};
    when.it_value.tv_sec = whole.count();
    when.it_value.tv_nsec = std::chrono::nanoseconds(left - whole).count();
    ::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void SocketWatchdog::shut(Ended why) {
    if (ended_ == Ended::no) ended_ = why;
    ::shutdown(socket_.get(), SHUT_RDWR);
}

void SocketWatchdog::watch() {
    std::array<pollfd, 3> fds{
        {{over_.descriptor(), POLLIN, 0}, {interrupt_.descriptor(), POLLIN, 0}, {timer_.get(), POLLIN, 0}}};
    for (;;) {
        if (::poll(fds.data(), fds.size(), -1) < 0) continue;  // a signal
        if (fds[0].revents != 0) return;
        const std::lock_guard lock(mutex_);
        if (fds[1].revents != 0) {
            shut(Ended::stopped);
            fds[1].fd = -1;  // it stays raised
        }
        // Nothing to read: the call has ended since, or another has begun.
        std::uint64_t times = 0;
        if (::read(timer_.get(), &times, sizeof times) == sizeof times) shut(Ended::late);
    }
}

}  // namespace keyshift::drivers
