// SPDX-License-Identifier: Apache-2.0
#include "drivers/log_stream.hpp"

namespace keyshift::drivers {
std::unique_ptr<LogInput> make_log_stream(int, const Interrupt&) {
    return nullptr;
}
}  // namespace keyshift::drivers
