// SPDX-License-Identifier: Apache-2.0
// What `keyshift doctor` says of a Redis server by its INFO. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "collectors/collector.hpp"
#include "formats/metrics/redis_info.hpp"

namespace keyshift::collectors {

/// Where memory is so short that entries go before their time, or cannot be made. Empty: it is not.
std::optional<Finding> about_memory(const std::string& server, const formats::RedisInfo& info);

/// The auth caches' entries among `keys` keys, by cache. `elsewhere`: the database of the server that has
/// most keys, if it is another.
Finding about_entries(const std::map<std::string, std::string>& prefixes,
                      const std::map<std::string, std::uint64_t>& counts, std::uint64_t keys,
                      std::optional<std::uint64_t> elsewhere);

/// The database with most keys; empty: none has any.
std::optional<std::uint64_t> fullest_database(const formats::RedisInfo& info);

}  // namespace keyshift::collectors
