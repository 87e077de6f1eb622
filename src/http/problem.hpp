// SPDX-License-Identifier: Apache-2.0
// Refusals for programs: problem documents by RFC 9457. Pure: safe from any thread.
#pragma once

#include <string_view>

#include "http/message.hpp"

namespace keyshift::http {

/// Of no type but its status; `detail` says what was wrong with the request, in words that are not the
/// client's.
Response problem(int status, std::string_view detail);

}  // namespace keyshift::http
