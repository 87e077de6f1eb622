// SPDX-License-Identifier: Apache-2.0
#include "formats/metrics/redis_info.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "formats/text/number.hpp"
#include "formats/text/text.hpp"

namespace keyshift::formats {
namespace {

base::Error missing(std::string_view what) {
    return parse_error("Redis' INFO has no " + std::string(what));
}

base::Error wrong(std::string_view key, std::string_view value, std::string_view expected) {
    return parse_error("Redis' INFO says " + std::string(key) + ":" + shortened(value, 60) + ", not " +
                       std::string(expected));
}

/// "keys=12,expires=3,avg_ttl=0", of which `name` is one; empty when it is not there or no number.
std::optional<std::uint64_t> part(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        const std::string_view entry = text.substr(0, text.find(','));
        text.remove_prefix(std::min(entry.size() + 1, text.size()));
        if (entry.starts_with(name) && entry.substr(name.size()).starts_with('='))
            return parse_unsigned(entry.substr(name.size() + 1));
    }
    return std::nullopt;
}

/// Servers that say their own version beside that of the Redis that they are compatible with.
constexpr std::pair<std::string_view, std::string_view> kProducts[] = {
    {"valkey_version", "Valkey"},   {"dragonfly_version", "Dragonfly"}, {"kvrocks_version", "Kvrocks"},
    {"redict_version", "Redict"},   {"garnet_version", "Garnet"},       {"upstash_version", "Upstash"},
    {"memurai_version", "Memurai"}, {"pika_version", "Pika"},
};

}  // namespace

base::Result<RedisInfo> RedisInfo::parse(std::string_view reply) {
    RedisInfo info;
    for (std::string_view rest = reply; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with("# ")) {
            info.sections_.insert(base::lower(line.substr(2)));
            continue;
        }
        const std::size_t colon = line.find(':');
        if (colon == 0 || colon == std::string_view::npos) continue;
        info.values_.emplace(line.substr(0, colon), line.substr(colon + 1));
    }
    if (info.values_.empty())
        return parse_error("Redis' INFO has no line \"key:value\" but " + in_quotes(reply));
    return info;
}

bool RedisInfo::has_section(std::string_view name) const {
    return sections_.contains(base::lower(name));
}

bool RedisInfo::has(std::string_view key) const {
    return values_.contains(key);
}

base::Result<std::string_view> RedisInfo::text(std::string_view key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) return missing(key);
    return std::string_view(found->second);
}

base::Result<std::uint64_t> RedisInfo::number(std::string_view key) const {
    const auto value = text(key);
    if (!value) return value.error();
    const auto number = parse_unsigned(*value);
    if (!number) return wrong(key, *value, "an unsigned number");
    return *number;
}

base::Result<bool> RedisInfo::flag(std::string_view key) const {
    const auto value = text(key);
    if (!value) return value.error();
    if (*value != "0" && *value != "1") return wrong(key, *value, "0 or 1");
    return *value == "1";
}

bool RedisInfo::is_sentinel() const {
    const auto says_so = [this](std::string_view key) {
        const auto mode = text(key);
        return mode && *mode == "sentinel";
    };
    return says_so("redis_mode") || says_so("server_mode");
}

std::string RedisInfo::server() const {
    for (const auto& [key, name] : kProducts)
        if (const auto own = text(key)) return std::string(name) + " " + std::string(*own);
    const auto version = text("redis_version");
    // It gives its own version as Redis' one.
    if (has_section("KeyDB") && version) return "KeyDB " + std::string(*version);
    return "Redis " + std::string(version ? *version : "of unknown version");
}

base::Result<RedisInfo::Database> RedisInfo::database(std::uint64_t index) const {
    if (!has_section("keyspace")) return missing("section Keyspace");
    const std::string key = "db" + std::to_string(index);
    const auto line = values_.find(key);
    if (line == values_.end()) return Database();
    const auto keys = part(line->second, "keys");
    const auto expires = part(line->second, "expires");
    if (!keys || !expires) return wrong(key, line->second, "keys=<number>,expires=<number>");
    return Database{*keys, *expires};
}

}  // namespace keyshift::formats
