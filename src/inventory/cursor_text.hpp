// SPDX-License-Identifier: Apache-2.0
// How a place in a list is handed to a client and taken back: text of letters, digits, '.', '_' and '-', so
// that it stands in a URL as it is. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::inventory {

/// "1.created.1795612237.17": the version of this form, the order, the parts, which have no dot.
std::string cursor_text(std::string_view order, const std::vector<std::string>& parts);
/// The parts. Errors: usage (not of this form, of another order).
base::Result<std::vector<std::string>> parse_cursor_text(std::string_view text, std::string_view order,
                                                         std::size_t parts);
base::Error bad_cursor();

/// Digits alone, at most `max`; empty: anything else.
std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t max);
/// 1 to `most`. Errors: usage.
base::Result<std::size_t> parse_limit(std::string_view text, std::size_t most);

std::string to_hex(std::string_view bytes);
/// Empty: it is none.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace keyshift::inventory
