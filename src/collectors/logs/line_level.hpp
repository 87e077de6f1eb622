// SPDX-License-Identifier: Apache-2.0
// The level of a line of no known format, as programs mostly write it. Pure: any thread.
#pragma once

#include <optional>
#include <string_view>

#include "formats/text/json_line.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::collectors {

/// By the first word that is a level's name, near the beginning: in capitals (WARN), or in whatever case
/// behind '[', '=' or '"', or at the very beginning before ':'. NOTICE is info; CRITICAL, FATAL and PANIC are
/// errors. Empty: the line shows none.
std::optional<formats::TracingLevel> level_of_text(std::string_view line);
/// By the field level, severity, levelname, lvl or log.level: a name, or pino's number.
std::optional<formats::TracingLevel> level_of_fields(formats::JsonLine& fields);

}  // namespace keyshift::collectors
