// SPDX-License-Identifier: Apache-2.0
// Times as access logs write them. Pure functions: safe from any thread. All of the text must be a time;
// empty when it is none, or the date does not exist.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::formats {

/// "25/Nov/2026:13:10:37 +0100", the Common Log Format's.
inline constexpr std::size_t kCommonTimeSize = 26;
std::optional<base::Time> parse_common_time(std::string_view text);
/// It, in brackets, and a space: "[25/Nov/2026:13:10:37 +0100] ". Whether `text` ends in more than that.
inline constexpr std::size_t kCommonTimeField = kCommonTimeSize + 3;
constexpr bool ends_in_common_time(std::string_view text) {
    const std::size_t size = text.size();
    return size > kCommonTimeField && text[size - 1] == ' ' && text[size - 2] == ']' &&
           text[size - kCommonTimeField] == '[';
}

/// "25/Nov/2026:13:10:37.123": HAProxy's, which does not say of which zone it is. The time is as if it were
/// UTC.
inline constexpr std::size_t kHaproxyTimeSize = 24;
std::optional<base::Time> parse_haproxy_time(std::string_view text);

/// "2026-11-25T13:10:37.123+01:00", or its offset without the colon, or "Z".
std::optional<base::Time> parse_iso_time(std::string_view text);

/// "1795612237.123": seconds since the epoch, of years that a log can be from.
std::optional<base::Time> parse_epoch_seconds(std::string_view text);
std::optional<base::Time> from_epoch_seconds(double seconds);

}  // namespace keyshift::formats
