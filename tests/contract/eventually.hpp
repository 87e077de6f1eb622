// SPDX-License-Identifier: Apache-2.0
// How a test waits for what no event tells it of.
#pragma once

#include <chrono>
#include <thread>

namespace keyshift {

/// Asks `condition` every millisecond until it holds; false when it does not within `bound`, which is far
/// beyond what a busy machine needs.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds bound = std::chrono::seconds{10}) {
    const auto end = std::chrono::steady_clock::now() + bound;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}

}  // namespace keyshift
