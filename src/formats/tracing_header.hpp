// SPDX-License-Identifier: Apache-2.0
// What the readers of tracing's text share. Pure; any thread. Kept inside src/formats.
#pragma once

#include <string_view>

namespace keyshift::formats {

/// What a target may be made of: of ASCII, what stands between a blank and "{". A module's path is.
inline bool is_target_byte(char byte) {
    return byte > ' ' && byte < '{';
}
/// `text` as behind its target, from the message on: without "src/auth.rs:12: ", coloured or not.
std::string_view without_source_place(std::string_view text);

}  // namespace keyshift::formats
