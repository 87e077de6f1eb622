// SPDX-License-Identifier: Apache-2.0
// Numbers out of text. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace keyshift::formats {

/// All of `text` as decimal digits; empty when it is anything else or does not fit.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);

}  // namespace keyshift::formats
