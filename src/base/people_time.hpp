// SPDX-License-Identifier: Apache-2.0
// Points in time as screens show them; data have base::format_rfc3339(). Pure: safe from any thread.
#pragma once

#include <string>

#include "base/time.hpp"

namespace keyshift::base {

/// "6 Dec 14:32 UTC"; with the year where it is not that of `now`: "6 Dec 2025 14:32 UTC".
std::string format_for_people(Time t, Time now);

/// "5 s ago", "3 h ago", "in 2 d": the largest unit only.
std::string format_distance(Time t, Time now);

}  // namespace keyshift::base
