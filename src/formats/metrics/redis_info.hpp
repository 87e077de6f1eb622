// SPDX-License-Identifier: Apache-2.0
// Reads Redis' answer to INFO. A value: any thread may read one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::formats {

class RedisInfo {
 public:
    /// What a line of the section Keyspace says: "db0:keys=12,expires=3,avg_ttl=0".
    struct Database {
        std::uint64_t keys = 0;
        std::uint64_t expires = 0;  ///< of these, the keys that have a time to live
    };

    /// Lines that are neither a section, nor "key:value", nor empty are passed over, as are keys given again.
    /// The last line may lack its end: a reply says how long it is. Fails (parse) when the answer has no
    /// "key:value" at all.
    static base::Result<RedisInfo> parse(std::string_view reply);

    /// Whether the answer has the section, in any case: "Keyspace".
    bool has_section(std::string_view name) const;
    bool has(std::string_view key) const;
    /// The value of a key such as redis_version, run_id, role or maxmemory_policy; valid as long as this is.
    /// Fails (parse), naming the key, when it is not there.
    base::Result<std::string_view> text(std::string_view key) const;
    /// Of uptime_in_seconds, keyspace_hits, used_memory and the like. Fails, too, when it is not an unsigned
    /// number.
    base::Result<std::uint64_t> number(std::string_view key) const;
    /// 0 or 1, as in loading and cluster_enabled. Fails, too, when it is anything else.
    base::Result<bool> flag(std::string_view key) const;
    /// Whether it is a Sentinel's answer. Valkey 8.1 says server_mode where Redis says redis_mode.
    bool is_sentinel() const;
    /// Name and version as the server gives them, such as "Redis 7.0.15" or "Valkey 8.1.1", whose
    /// redis_version is that of the Redis it is compatible with. Unescaped; of Dragonfly "df-v1.23.0".
    std::string server() const;
    /// Redis leaves out what is empty, so a database without a line has no keys. Fails (parse) when the
    /// answer has no section Keyspace, or the line cannot be understood.
    base::Result<Database> database(std::uint64_t index) const;

 private:
    std::map<std::string, std::string, std::less<>> values_;
    std::set<std::string, std::less<>> sections_;  ///< lower-case
};

}  // namespace keyshift::formats
