// SPDX-License-Identifier: Apache-2.0
// What Redis says about who holds the keys, taken apart. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "drivers/redis/reply.hpp"

namespace keyshift::drivers {

struct RedisAddress {
    std::string host = {};
    std::uint16_t port = 0;
    std::string id = {};  ///< the cluster's name for the node; empty elsewhere and before Redis 4
    bool operator==(const RedisAddress&) const = default;
};

/// The primaries in the answer to CLUSTER SLOTS, each once, in the order of their slots. A node that does not
/// know its own address is at `asked_host`, as the protocol wants it. Errors: parse (not such an answer, or
/// two nodes for a slot), connect (some of the 16384 slots are served by nobody).
base::Result<std::vector<RedisAddress>> parse_cluster_slots(const RedisReply& reply,
                                                            const std::string& asked_host);

/// The answer to SENTINEL GET-MASTER-ADDR-BY-NAME. Errors: schema (this Sentinel knows no such master),
/// parse.
base::Result<RedisAddress> parse_sentinel_master(const RedisReply& reply);

/// Whether the answer to ROLE is that of a master. Errc::parse: it is not an answer to ROLE.
base::Result<bool> parse_role_is_master(const RedisReply& reply);

/// The value of `field` in the text of INFO; empty when it is not there.
std::string_view redis_info_field(std::string_view info, std::string_view field);

}  // namespace keyshift::drivers
