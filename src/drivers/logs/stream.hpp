// SPDX-License-Identifier: Apache-2.0
// Lines of standard input, or of another stream that can be read once only: nothing of it is kept over a
// restart. See LogInput for the contract, threads and errors.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "drivers/files/input.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::drivers {

/// `descriptor` stays the caller's, and is read without blocking. At its end, read() goes on succeeding, with
/// nothing. `whole`: see LogFilesOptions; empty: lines are all there is.
std::unique_ptr<LogInput> make_log_stream(int descriptor, const Interrupt& interrupt,
                                          std::function<std::size_t(std::string_view)> whole = {});

}  // namespace keyshift::drivers
