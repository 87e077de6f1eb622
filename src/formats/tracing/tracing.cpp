// SPDX-License-Identifier: Apache-2.0
#include "formats/tracing/tracing.hpp"

namespace keyshift::formats {
namespace {

constexpr std::array<std::string_view, kTracingLevels> kNames{"ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
constexpr std::array<std::string_view, kTracingLevels> kSmallNames{"error", "warn", "info", "debug", "trace"};

}  // namespace

std::string_view tracing_level_name(TracingLevel level) {
    return kNames.at(static_cast<std::size_t>(level));
}

std::optional<TracingLevel> tracing_level_named(std::string_view name) {
    for (std::size_t i = 0; i < kTracingLevels; ++i)
        if (kNames.at(i) == name || kSmallNames.at(i) == name) return static_cast<TracingLevel>(i);
    return std::nullopt;
}

}  // namespace keyshift::formats
