// SPDX-License-Identifier: Apache-2.0
// The screen of `keyshift status`: its summary in the first four lines, unless an error takes more of them,
// then details. Pure: golden tests at several widths.
#pragma once

#include <cstddef>
#include <string>

#include "api/status.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {

enum class Detail {
    fits,  ///< what is most urgent, on a screen of 24 lines of which the last one is the shell's
    all,
};

/// Each line ends with a new line; none is wider than `width`.
std::string status_screen(const api::Status& status, std::size_t width, Detail detail,
                          const Terminal& terminal);

}  // namespace keyshift::commands
