// SPDX-License-Identifier: Apache-2.0
// The log files that globs name, followed through rotation: every line that was ever in one of them is handed
// over once. See LogInput for the contract, threads and errors.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/files/input.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::drivers {

struct LogFilesOptions {
    std::vector<std::string> globs;  ///< absolute; * ? [...] in any part of the path
    /// Files that are there at the very first pass, before any cursor, are read from the end on that they
    /// have then, also those that cannot be read before later. What comes later is read from its beginning.
    bool from_end = false;
    /// How many bytes at the beginning of a block, which ends in whole lines, are whole messages: what comes
    /// behind is read again when more is there. Empty: all of it.
    std::function<std::size_t(std::string_view block)> whole = {};
    /// A file that has been rotated out or deleted is given up when it has not grown for so long: then the
    /// line at its end counts, although it has no newline.
    base::Duration give_up_after = std::chrono::minutes{1};
};

std::unique_ptr<LogInput> make_log_files(LogFilesOptions options, const Interrupt& interrupt);

}  // namespace keyshift::drivers
