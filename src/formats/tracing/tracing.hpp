// SPDX-License-Identifier: Apache-2.0
// One line as Rust's `tracing` writes it, whatever its form. Values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace keyshift::formats {

/// The greater, the more verbose.
enum class TracingLevel : std::uint8_t { error, warn, info, debug, trace };
inline constexpr std::size_t kTracingLevels = 5;

/// "ERROR" ... "TRACE".
std::string_view tracing_level_name(TracingLevel level);
/// The same back, also in small letters.
std::optional<TracingLevel> tracing_level_named(std::string_view name);

/// Views into the line, or into what its reader keeps until the next one.
struct TracingLine {
    std::string_view time;  ///< as it stands, mostly RFC 3339; empty: the line has none
    TracingLevel level = TracingLevel::error;
    std::string_view target;   ///< empty: the line shows none
    std::string_view message;  ///< in text, what follows it stands behind: "message field=value"
};

}  // namespace keyshift::formats
