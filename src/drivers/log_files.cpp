// SPDX-License-Identifier: Apache-2.0
#include "drivers/log_files.hpp"

namespace keyshift::drivers {
std::unique_ptr<LogInput> make_log_files(LogFilesOptions, const Interrupt&) {
    return nullptr;
}
}  // namespace keyshift::drivers
