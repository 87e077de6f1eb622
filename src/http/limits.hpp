// SPDX-License-Identifier: Apache-2.0
// What a client may cost. Plain values.
#pragma once

#include <chrono>
#include <cstddef>

namespace keyshift::http {

struct Limits {
    std::size_t header_bytes = 8192;  ///< request line and headers; more is answered 431
    std::size_t body_bytes = 4096;    ///< of a request: what an operator decides; more is answered 413
    std::size_t connections = 512;  ///< open at once; the longest idle one, or the slowest client, makes room
    /// From the first byte of a request to its last, however slowly they drip.
    std::chrono::milliseconds request_time{10'000};
    std::chrono::milliseconds idle_time{90'000};   ///< between two requests of one connection
    std::chrono::milliseconds write_time{30'000};  ///< for the client to take an answer
    std::chrono::milliseconds drain_time{1'000};   ///< for answers under way after stop()
};

}  // namespace keyshift::http
