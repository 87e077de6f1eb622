// SPDX-License-Identifier: Apache-2.0
// What the parsers share: the check of UTF-8, quoting what was read, and their error. Pure functions: safe
// from any thread. Kept inside src/formats.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::formats {

/// Whether all of `text` is valid UTF-8; NUL is.
bool valid_utf8(std::string_view text);

/// `text` as base::visible() shows it, in quotation marks; what is longer than `most` code points ends in
/// "...".
std::string in_quotes(std::string_view text, std::size_t most = 60);

/// `text` as base::visible() shows it, at most `most` code points, then "...".
std::string shortened(std::string_view text, std::size_t most);

base::Error parse_error(std::string what);

}  // namespace keyshift::formats
