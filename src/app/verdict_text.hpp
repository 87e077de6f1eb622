// SPDX-License-Identifier: Apache-2.0
// The verdict in words, for the commands that show it.
#pragma once

#include <string>

#include "app/picture.hpp"
#include "app/terminal.hpp"
#include "domain/verdict.hpp"

namespace keyshift::app {

/// "NOT_YET: the fallback may be removed on ... at the earliest (not measured: ...)", without a new line.
std::string verdict_line(const domain::Judgement& judgement, base::Time now, const Terminal& terminal);
/// Outcome, check and evidence in columns.
std::string check_line(const domain::CheckResult& result, const Terminal& terminal);
/// Where the numbers are from, and how old they are.
std::string origin_line(const Picture& picture);

}  // namespace keyshift::app
