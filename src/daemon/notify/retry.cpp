// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/retry.hpp"

#include <algorithm>

namespace keyshift::daemon {
namespace {

constexpr base::Duration kFirstPause = std::chrono::seconds{1};
constexpr base::Duration kLongestPause = std::chrono::minutes{5};
constexpr unsigned kMostDoublings = 10;

}  // namespace

Fate fate_of(int status) {
    if (status >= 200 && status < 300) return Fate::delivered;
    const bool later = status == 408 || status == 429 || status >= 500;
    return later ? Fate::again : Fate::refused;
}

base::Duration pause_after(unsigned failures) {
    const unsigned doublings = std::min(std::max(failures, 1U) - 1, kMostDoublings);
    return std::min(kFirstPause * (1U << doublings), kLongestPause);
}

}  // namespace keyshift::daemon
