// SPDX-License-Identifier: Apache-2.0
// Text from outside, byte by byte: decoding UTF-8 without trusting it, and making it harmless to look at.
// Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keyshift::base {

struct Decoded {
    char32_t code_point = 0;  ///< meaningless unless `valid`
    std::size_t size = 1;     ///< bytes taken; 1 for an invalid byte
    bool valid = false;
};

/// The first code point of `text`, which must not be empty. Overlong forms, surrogates and values above
/// U+10FFFF are invalid.
Decoded decode_utf8(std::string_view text);

/// True for what can move a cursor, hide or reorder the text around it: C0 and C1 controls, DEL, line and
/// paragraph separators, bidirectional marks, embeddings, overrides and isolates, zero-width and tag
/// characters.
bool is_unsafe_to_display(char32_t code_point);

/// `text` with every unsafe code point as \n, \r, \t, \xNN or \u{NNNN}, and every invalid byte as \xNN.
/// Text without any comes back unchanged.
std::string escape_unsafe(std::string_view text);

/// The number of code points, an invalid byte counting as one.
std::size_t count_code_points(std::string_view text);

}  // namespace keyshift::base
