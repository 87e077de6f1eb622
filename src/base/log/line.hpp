// SPDX-License-Identifier: Apache-2.0
// What a line of the log holds, on its way from the caller to the sink: the library between them carries one
// text. Pure functions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/log/log.hpp"

namespace spdlog {
class formatter;
}

namespace keyshift::base::log {

/// "debug", "info", "warn", "error".
std::string_view level_name(Level level);
/// As spdlog numbers it, and back.
int spdlog_level(Level level);
Level level_of(int spdlog_level);

/// Message and fields as one text, and back. A control character parts them; visible() text has none.
std::string pack(std::string_view message, Fields fields);
std::string_view message_of(std::string_view packed);
void each_field(std::string_view packed,
                const std::function<void(std::string_view name, std::string_view value)>& handle);
/// With one field more.
std::string packed_with(std::string_view packed, std::string_view name, std::string_view value);

/// "msg=... name=value", quoted where it must be: a line of logfmt without time and level.
std::string logfmt(std::string_view packed);
/// Of whole lines, with time and level. On a terminal the level has a colour.
std::unique_ptr<spdlog::formatter> make_formatter(Format format);

}  // namespace keyshift::base::log
