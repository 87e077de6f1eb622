// SPDX-License-Identifier: Apache-2.0
// What a client says of itself by HTTP's basic authentication (RFC 7617). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace keyshift::http {

struct Credentials {
    std::string user;
    base::Secret password;
};

/// Of an Authorization header. Empty: it is of another kind, or no base64 with a colon in it.
std::optional<Credentials> parse_credentials(std::string_view authorization);

/// Base64 with its padding. Empty: it is none.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace keyshift::http
