// SPDX-License-Identifier: Apache-2.0
// An http:// or https:// URL taken apart. Values: safe to move between threads.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::drivers {

struct HttpUrl {
    bool tls = false;
    std::string host = {};       ///< lower case; an IPv6 address without brackets
    std::string port = {};       ///< a number, 80 or 443 where none is written
    std::string target = "/";    ///< path and query
    std::string printable = {};  ///< for messages and labels: without the query, which may hold a token
    bool operator==(const HttpUrl&) const = default;

    /// The host as the Host header and people write it: "[::1]:8080"; the port only where it is not the usual
    /// one.
    std::string authority() const;

    /// Errors: config, a sentence that goes behind "the URL"; it quotes nothing, because a password may stand
    /// anywhere in a mistyped URL. A user or password is refused; a fragment is dropped.
    static base::Result<HttpUrl> parse(std::string_view text);
};

}  // namespace keyshift::drivers
