// SPDX-License-Identifier: Apache-2.0
// What the error replies of Redis mean to an operator. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "drivers/dsn/redis_target.hpp"

namespace keyshift::drivers {

/// An error reply in an operator's words. Codes: auth (WRONGPASS, NOAUTH and their like), permission (NOPERM;
/// the hint is the ACL to grant), connect (LOADING, MASTERDOWN, CLUSTERDOWN, TRYAGAIN, too many clients),
/// timeout (BUSY), schema (not this kind of server, no such database, MOVED and ASK), other. `message` loses
/// the password before it is quoted, as servers repeat what they do not understand.
base::Error redis_error(std::string_view message, const RedisTarget& target);
/// The same for the answer to AUTH, of which nothing is quoted: it may hold any part of a password.
base::Error redis_auth_error(std::string_view message, const RedisTarget& target);

/// Where MOVED or ASK says that a slot is: the topology has changed and has to be asked afresh.
struct RedisRedirect {
    bool ask = false;  ///< ASK: the slot is on its way
    std::uint16_t slot = 0;
    std::string host = {};  ///< empty: the host that answered
    std::uint16_t port = 0;
};
/// Empty for any other message.
std::optional<RedisRedirect> parse_redis_redirect(std::string_view message);

}  // namespace keyshift::drivers
