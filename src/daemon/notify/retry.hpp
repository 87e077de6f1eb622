// SPDX-License-Identifier: Apache-2.0
// What an answer of the webhook's receiver means, and when a message is sent again. Pure.
#pragma once

#include <chrono>

#include "base/time.hpp"

namespace keyshift::daemon {

enum class Fate {
    delivered,  ///< 2xx
    again,      ///< 408, 429 and 5xx: it may work later
    refused,    ///< all others, redirects among them: the same request would be refused again
};
Fate fate_of(int status);

/// Until the next attempt, after so many failed ones in a row, of whatever messages: 1 s, and twice that each
/// time up to five minutes.
base::Duration pause_after(unsigned failures);

/// A message that was first sent so long ago is given up when it fails once more.
inline constexpr base::Duration kGiveUpAfter = std::chrono::hours{1};

}  // namespace keyshift::daemon
