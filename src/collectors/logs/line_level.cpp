// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/line_level.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/ascii.hpp"
#include "formats/text/number.hpp"

namespace keyshift::collectors {
namespace {

using formats::TracingLevel;
using Level = std::optional<TracingLevel>;

/// A level stands before the message.
constexpr std::size_t kLevelWithin = 160;

constexpr std::array<std::pair<std::string_view, TracingLevel>, 17> kNames{{
    {"TRACE", TracingLevel::trace},
    {"SILLY", TracingLevel::trace},
    {"DEBUG", TracingLevel::debug},
    {"VERBOSE", TracingLevel::debug},
    {"INFO", TracingLevel::info},
    {"INFORMATION", TracingLevel::info},
    {"NOTICE", TracingLevel::info},
    {"WARN", TracingLevel::warn},
    {"WARNING", TracingLevel::warn},
    {"ERROR", TracingLevel::error},
    {"ERR", TracingLevel::error},
    {"SEVERE", TracingLevel::error},
    {"CRITICAL", TracingLevel::error},
    {"CRIT", TracingLevel::error},
    {"ALERT", TracingLevel::error},
    {"FATAL", TracingLevel::error},
    {"PANIC", TracingLevel::error},
}};

bool is_letter(char c) {
    return base::is_alphanumeric(c) || c == '_';
}

Level level_named(std::string_view word) {
    const auto* const found = std::ranges::find_if(
        kNames, [&](const auto& name) { return base::equals_ignoring_case(name.first, word); });
    return found == kNames.end() ? std::nullopt : Level(found->second);
}

/// pino's and bunyan's: 10 is trace, 60 fatal.
Level level_numbered(std::string_view text) {
    const auto number = formats::parse_unsigned(text);
    if (!number || *number > 100) return std::nullopt;
    if (*number >= 50) return TracingLevel::error;
    if (*number >= 40) return TracingLevel::warn;
    if (*number >= 30) return TracingLevel::info;
    return *number >= 20 ? TracingLevel::debug : TracingLevel::trace;
}

bool may_be_level(std::string_view line, std::size_t begin, std::size_t end) {
    const std::string_view word = line.substr(begin, end - begin);
    if (std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; })) return true;
    if (begin == 0) return end < line.size() && line[end] == ':';
    const char before = line[begin - 1];
    return before == '[' || before == '=' || before == '"';
}

}  // namespace

Level level_of_text(std::string_view line) {
    line = line.substr(0, kLevelWithin);
    for (std::size_t at = 0; at < line.size();) {
        if (!is_letter(line[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < line.size() && is_letter(line[end])) ++end;
        const Level level =
            may_be_level(line, at, end) ? level_named(line.substr(at, end - at)) : std::nullopt;
        if (level) return level;
        at = end;
    }
    return std::nullopt;
}

Level level_of_fields(formats::JsonLine& fields) {
    for (const std::string_view name : {"level", "severity", "levelname", "lvl", "log.level"}) {
        const auto value = fields.text(name);
        if (!value) continue;
        const Level level = level_named(*value);
        return level ? level : level_numbered(*value);
    }
    return std::nullopt;
}

}  // namespace keyshift::collectors
