// SPDX-License-Identifier: Apache-2.0
// Any bytes as Redis' answer to INFO: no crash, and every error says something.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "formats/metrics/redis_info.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using keyshift::formats::RedisInfo;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto info = RedisInfo::parse(text);
    if (!info) {
        if (info.error().what.empty()) std::abort();
        return 0;
    }
    for (const std::string_view key : {"redis_version", "keyspace_hits", "loading", "db0"}) {
        if (info->text(key).has_value() != info->has(key)) std::abort();
        if (info->number(key) && !info->has(key)) std::abort();
        if (info->flag(key) && !info->number(key)) std::abort();
    }
    const auto database = info->database(0);
    if (database && !info->has_section("Keyspace")) std::abort();
    return 0;
}
