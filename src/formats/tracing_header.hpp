// SPDX-License-Identifier: Apache-2.0
// What the readers of tracing's text share. Pure; any thread. Kept inside src/formats.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace keyshift::formats {

constexpr std::array<bool, 256> target_bytes() {
    std::array<bool, 256> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out.at(i) = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z') || (i >= '0' && i <= '9') || i == '_' ||
                    i == ':' || i == '-' || i == '.' || i == '/';
    return out;
}
inline constexpr std::array<bool, 256> kTargetBytes = target_bytes();

/// What a target, a module's path, is made of: letters, digits, "_", ":", "-", ".", "/".
inline bool is_target_byte(char byte) {
    return kTargetBytes[static_cast<unsigned char>(byte)];
}
/// `text` as behind its target, from the message on: without "src/auth.rs:12: ", coloured or not.
std::string_view without_source_place(std::string_view text);

}  // namespace keyshift::formats
