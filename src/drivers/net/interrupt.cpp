// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/interrupt.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace keyshift::drivers {

Interrupt::Interrupt() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Interrupt::~Interrupt() {
    ::close(descriptor_);
}

void Interrupt::raise() noexcept {
    const std::uint64_t one = 1;
    // Fails only when the counter is full: then it is raised already.
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

}  // namespace keyshift::drivers
