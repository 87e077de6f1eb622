// SPDX-License-Identifier: Apache-2.0
// Which of the formats that collectors know a log is in. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/lines/prefix.hpp"

namespace keyshift::collectors {

struct LogGuess {
    std::string_view collector;  ///< "access_log" or "gateway_log"
    std::string_view format;     ///< as its option `format` calls it
};

/// The format of nearly all of the lines, behind such a prefix; of two that fit, the one that asks for more.
/// Empty: none does.
std::optional<LogGuess> guess_log(const std::vector<std::string>& lines,
                                  formats::LinePrefix prefix = formats::LinePrefix::automatic);

/// What to configure for a log with these lines, of which `collector` understands few. Not empty.
std::string advice_for_log(std::string_view collector, const std::vector<std::string>& lines);

}  // namespace keyshift::collectors
