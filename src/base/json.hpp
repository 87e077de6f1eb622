// SPDX-License-Identifier: Apache-2.0
// Writing JSON strings. Pure: safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace keyshift::base {

/// Appends `text` as a JSON string with its quotes. Treacherous code points (utf8.hpp) become \uXXXX, so that
/// the value survives and cannot drive a terminal; invalid bytes become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace keyshift::base
