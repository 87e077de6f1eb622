// SPDX-License-Identifier: Apache-2.0
// The verdict in words, for the commands that show it.
#pragma once

#include <string>

#include "api/judged.hpp"
#include "commands/shared/snapshot.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {

/// "NOT_YET: the fallback may be removed on ... at the earliest (not measured: ...)", with all that limits
/// it, without a new line.
std::string verdict_line(const api::Judged& judged, const Terminal& terminal);
/// Outcome, check and evidence in columns.
std::string check_line(const api::CheckedItem& check, const Terminal& terminal);
/// Where the numbers are from, and how old they are.
std::string origin_line(const api::Judged& judged);
std::string origin_line(const Snapshot& snapshot);

}  // namespace keyshift::commands
