// SPDX-License-Identifier: Apache-2.0
// Redis URLs as people mistype them; and replies as a broken server could send them, in pieces, through to
// the topology and the error that an operator reads. The first byte says which, and where the pieces are cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "drivers/dsn/redis_target.hpp"
#include "drivers/redis/error.hpp"
#include "drivers/redis/reply.hpp"
#include "drivers/redis/topology.hpp"

namespace {

using namespace keyshift;
using drivers::RedisReply;
using drivers::RedisTarget;

void check(bool holds) {
    if (!holds) std::abort();
}

void try_url(std::string_view url) {
    const auto target = RedisTarget::parse(base::Secret(std::string(url)));
    if (!target) {
        check(target.error().code == base::Errc::config);
        return;
    }
    const std::string_view printable = target->printable;
    check(std::none_of(printable.begin(), printable.end(), [](char c) { return c >= 0 && c < ' '; }));
    check(target->socket.empty() ? !target->host.empty() && target->port != 0 : target->socket.size() < 108);
}

void try_reply(const RedisReply& reply) {
    drivers::parse_cluster_slots(reply, "seed");
    drivers::parse_sentinel_master(reply);
    drivers::parse_role_is_master(reply);
    drivers::redis_info_field(reply.text, "run_id");
    static const auto target = *RedisTarget::parse(base::Secret("redis://ann:hunter2@cache"));
    drivers::parse_redis_redirect(reply.text);
    check(drivers::redis_error(reply.text, target).text().find("hunter2") == std::string::npos);
    check(drivers::redis_auth_error(reply.text, target).text().find("hunter2") == std::string::npos);
    for (const RedisReply& element : reply.elements) try_reply(element);
}

void try_bytes(std::string_view bytes, std::size_t piece) {
    drivers::RedisReader reader;
    while (!bytes.empty()) {
        const auto reply = reader.feed(bytes.substr(0, piece));
        if (!reply) return;
        if (*reply) try_reply(**reply);
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t first = data[0];
    if (first == 'u') {
        try_url(bytes.substr(1));
    } else {
        try_bytes(bytes.substr(1), first + 1);
    }
    return 0;
}
