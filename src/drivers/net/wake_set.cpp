// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/wake_set.hpp"

#include <cerrno>
#include <system_error>

#include <sys/epoll.h>
#include <unistd.h>

namespace keyshift::drivers {

WakeSet::WakeSet() : descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

WakeSet::~WakeSet() {
    ::close(descriptor_);
}

bool WakeSet::add(int descriptor) {
    epoll_event wanted{.events = EPOLLIN, .data = {}};
    return ::epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &wanted) == 0 || errno == EEXIST;
}

void WakeSet::remove(int descriptor) {
    ::epoll_ctl(descriptor_, EPOLL_CTL_DEL, descriptor, nullptr);
}

}  // namespace keyshift::drivers
