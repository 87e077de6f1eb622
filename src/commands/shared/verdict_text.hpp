// SPDX-License-Identifier: Apache-2.0
// The verdict in words, for the commands that show it.
#pragma once

#include <string>

#include "api/judged.hpp"
#include "commands/shared/snapshot.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {

/// "NOT_YET", in its colour.
std::string verdict_word(const api::Answer& answer, const Terminal& terminal);
/// "; judged by a drain window of ...": what whoever reads only the first line has to know; mostly empty.
std::string verdict_caveats(const api::Judged& judged);
/// " (not measured: ...)", with the caveats behind it.
std::string verdict_limits(const api::Judged& judged);
/// "NOT_YET: the fallback may be removed on ... at the earliest (not measured: ...)", with all that limits
/// it, without a new line.
std::string verdict_line(const api::Judged& judged, const Terminal& terminal);
/// "NOT_YET", "pass": in its colour.
std::string outcome_word(const api::CheckedItem& check, base::Time now, const Terminal& terminal);
/// Outcome, check and evidence in columns.
std::string check_line(const api::CheckedItem& check, base::Time now, const Terminal& terminal);
/// Where the numbers are from, and how old they are.
std::string origin_line(const api::Judged& judged);
std::string origin_line(const Snapshot& snapshot);

}  // namespace keyshift::commands
