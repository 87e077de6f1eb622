// SPDX-License-Identifier: Apache-2.0
// The parameters of a request: what stands behind the '?', decoded as forms are (URL Standard, 5.1): '+' is a
// blank, %XX a byte. Pure: safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace keyshift::http {

/// In their order; one without '=' has an empty value. Errors: usage (a '%' without two hexadecimal digits, a
/// value that is no UTF-8 or has a control character, more than 50 parameters). They repeat nothing of it.
base::Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

/// Of one part of a path: the same, but that '+' is itself.
base::Result<std::string> decode_path_part(std::string_view part);

/// `value` so that it can stand in a query: what is not a letter, a digit or one of -._~ as %XX.
std::string encode_query_value(std::string_view value);

}  // namespace keyshift::http
