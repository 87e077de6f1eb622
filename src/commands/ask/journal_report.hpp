// SPDX-License-Identifier: Apache-2.0
// The part of `keyshift report` that the key table cannot tell: keys that have gone, and keys by owner, order
// and number. Blocking; for commands only.
#pragma once

#include "commands/commands.hpp"

namespace keyshift::commands {

/// What is asked for is in the journal alone.
bool is_of_journal(const ReportCommand& command);

/// The exit code.
int report_journal(const ReportCommand& command);

}  // namespace keyshift::commands
