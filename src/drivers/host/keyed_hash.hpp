// SPDX-License-Identifier: Apache-2.0
// Names for what must not be shown, which only who has the key can find again by trying. Pure: any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace keyshift::drivers {

/// HMAC-SHA-256 (RFC 2104), as 64 hexadecimal digits.
std::string hmac_sha256(const base::Secret& key, std::string_view text);

/// The first 64 bits of HMAC-SHA-256 (RFC 2104), as 16 hexadecimal digits.
std::string keyed_hash(const base::Secret& key, std::string_view text);

}  // namespace keyshift::drivers
