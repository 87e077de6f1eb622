// SPDX-License-Identifier: Apache-2.0
// What an operator can do for the reading of files beyond letting them be read. Internal to drivers. One
// thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "drivers/files/table.hpp"

namespace keyshift::drivers {

/// See LogInput::degradations(). `files` are what `globs` named; `faults`: of so many names and files it is
/// told elsewhere that they cannot be read.
std::vector<base::Error> degradations_of(const LogFileTable& files, const std::vector<std::string>& globs,
                                         std::size_t faults);

}  // namespace keyshift::drivers
