// SPDX-License-Identifier: Apache-2.0
// Texts of statements for people. Pure: safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keyshift::formats {

/// The beginning of `sql` on one line, as base::visible() shows it, at most `most` code points, then "...".
/// What stands in quotation marks for a value is left out: it may be a hash.
std::string shown_statement(std::string_view sql, std::size_t most = 120);

}  // namespace keyshift::formats
