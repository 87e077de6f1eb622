// SPDX-License-Identifier: Apache-2.0
// What `keyshift status` says behind its summary. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/status.hpp"
#include "commands/ask/status_screen.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {

/// One statement; its label, mostly empty, stands before it.
struct StatusEntry {
    std::string label;
    std::string text;
};

/// The most urgent first.
std::vector<StatusEntry> status_details(const api::Status& status, Detail detail, const Terminal& terminal);

}  // namespace keyshift::commands
