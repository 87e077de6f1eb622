// SPDX-License-Identifier: Apache-2.0
// Numbers out of text. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace keyshift::formats {

/// All of `text` as decimal digits; empty when it is anything else or does not fit.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);

/// All of `text` as decimal digits with an optional sign; empty when it is anything else or does not fit.
std::optional<std::int64_t> parse_signed(std::string_view text);

/// All of `text` as Prometheus and OpenMetrics write floats: decimal with optional sign, point and exponent,
/// or inf, infinity (with optional sign) and nan in any case; no hexadecimal, no underscores. What is too
/// small is 0; what is too large for a double is empty, not infinite.
std::optional<double> parse_float(std::string_view text);

}  // namespace keyshift::formats
