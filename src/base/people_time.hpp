// SPDX-License-Identifier: Apache-2.0
// Points in time as screens show them; data have base::format_rfc3339(). Pure: safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::base {

/// "6 Dec 14:32 UTC"; with the year where it is not that of `now`: "6 Dec 2025 14:32 UTC".
std::string format_for_people(Time t, Time now);
/// "6 Dec 2026", by UTC.
std::string format_day(Time t);
/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), for headers of HTTP and, but for the zone's name, of
/// mail.
std::string format_imf_fixdate(std::int64_t unix_seconds);
/// "5 s ago", "3 h ago", "in 2 d": the largest unit only.
std::string format_distance(Time t, Time now);
/// `text`, in which each time of RFC 3339 becomes one of format_for_people(). It is not escaped.
std::string with_times(std::string_view text, Time now);

}  // namespace keyshift::base
