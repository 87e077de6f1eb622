// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/files.hpp"

#include <utility>

#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {

std::unique_ptr<LogInput> make_log_files(LogFilesOptions options, const Interrupt& interrupt) {
    return std::make_unique<LogFileSet>(std::move(options), interrupt, Watching::by_kernel);
}

}  // namespace keyshift::drivers
