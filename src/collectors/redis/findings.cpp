// SPDX-License-Identifier: Apache-2.0
#include "collectors/redis/findings.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace keyshift::collectors {

using formats::RedisInfo;
using Kind = Finding::Kind;

std::optional<Finding> about_memory(const std::string& server, const RedisInfo& info) {
    constexpr std::uint64_t kMiB = std::uint64_t{1024} * 1024;
    const auto limit = info.number("maxmemory");
    const auto used = info.number("used_memory");
    const auto policy = info.text("maxmemory_policy");
    const auto evicted = info.number("evicted_keys");
    if (!limit || !used || !policy || !evicted || *limit == 0 || *used < *limit / 10 * 9) return std::nullopt;
    const bool refuses = *policy == "noeviction";
    if (!refuses && *evicted == 0) return std::nullopt;
    const std::string full = server + ": " + std::to_string(*used / kMiB) + " of " +
                             std::to_string(*limit / kMiB) + " MiB are used, ";
    const std::uint64_t more = std::max(2 * std::max(*limit, *used) / kMiB + 1, std::uint64_t{64});
    return Finding{
        Kind::warning,
        full + (refuses ? "and then it takes no more entries"
                        : "and " + std::to_string(*evicted) + " keys were evicted before their time (" +
                              base::escape_unsafe(*policy) + ")"),
        "run there: CONFIG SET maxmemory " + std::to_string(more) + "mb"};
}

Finding about_entries(const std::map<std::string, std::string>& prefixes,
                      const std::map<std::string, std::uint64_t>& counts, std::uint64_t keys,
                      std::optional<std::uint64_t> elsewhere) {
    std::uint64_t entries = 0;
    for (const auto& [cache, count] : counts) entries += count;
    std::string names;
    for (const auto& [cache, prefix] : prefixes)
        names += (names.empty() ? "" : " or ") + base::escape_unsafe(prefix) + "*";
    if (entries > 0) {
        return {Kind::ok, std::to_string(entries) + " of " + std::to_string(keys) +
                              " keys are entries of the auth caches"};
    }
    if (keys == 0 && elsewhere) {
        return {
            Kind::warning, "the database is empty, and database " + std::to_string(*elsewhere) + " is not",
            "name the gateway's database in the redis url: redis://HOST:PORT/" + std::to_string(*elsewhere)};
    }
    if (keys == 0) {
        return {Kind::warning, "it has no keys",
                "is it the gateway's Redis, and has the gateway its REDIS_URL?"};
    }
    return {Kind::warning, "none of " + std::to_string(keys) + " keys is called " + names,
            "is it the gateway's Redis, and was a modern key used within the last minutes? What there is: "
            "redis-cli --scan --count 100 | head; then give collectors[redis].patterns"};
}

std::optional<std::uint64_t> fullest_database(const RedisInfo& info) {
    constexpr std::uint64_t kDatabases = 16;  // as many as a server has unless told otherwise
    std::optional<std::uint64_t> out;
    std::uint64_t most = 0;
    for (std::uint64_t i = 0; i < kDatabases; ++i) {
        const auto database = info.database(i);
        if (!database || database->keys <= most) continue;
        most = database->keys;
        out = i;
    }
    return out;
}

}  // namespace keyshift::collectors
