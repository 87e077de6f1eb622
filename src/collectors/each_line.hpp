// SPDX-License-Identifier: Apache-2.0
// Cuts a block of a log into its lines. Pure: any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace keyshift::collectors {

/// Calls `handle(line)` for each line of `block`, without its "\n" or "\r\n"; the last one may have none.
/// Searched by memchr, which is vectorised.
template <class Handle>
void each_line(std::string_view block, const Handle& handle) {
    while (!block.empty()) {
        const void* const newline = std::memchr(block.data(), '\n', block.size());
        const std::size_t size =
            newline == nullptr ? block.size()
                               : static_cast<std::size_t>(static_cast<const char*>(newline) - block.data());
        std::string_view line = block.substr(0, size);
        block.remove_prefix(std::min(size + 1, block.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        handle(line);
    }
}

}  // namespace keyshift::collectors
