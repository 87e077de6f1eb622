// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/nodes.hpp"

#include <algorithm>
#include <utility>

#include <poll.h>

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Duration;
using base::Errc;
using base::Error;
using base::Result;
using namespace std::chrono_literals;

constexpr Duration kFirstPause = 100ms;
constexpr Duration kLongestPause = 1s;

/// That a server is down says less than what another one says.
bool is_absence(Errc code) {
    return code == Errc::connect || code == Errc::timeout;
}

void note(std::optional<Error>& kept, const Error& error) {
    if (!kept || is_absence(kept->code) || error.code == Errc::canceled) kept = error;
}

Error at(const RedisTarget& target, Error error) {
    error.what = "Redis at " + target.printable + ": " + error.what;
    return error;
}

/// False when interrupted.
bool pause(const Interrupt& interrupt, Duration duration) {
    pollfd wanted{interrupt.descriptor(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
    return ::poll(&wanted, 1, static_cast<int>(left)) == 0;
}

RedisTarget as_sentinel(RedisTarget seed) {
    seed.database = 0;  // A Sentinel has none.
    seed.describe();
    return seed;
}

RedisTarget node_target(const RedisTarget& seed, const RedisOptions& options, const RedisAddress& address) {
    RedisTarget target = seed.at(address.host, address.port);
    const bool sentinel = options.mode == RedisMode::sentinel;
    if (options.node_login || sentinel) target.login = options.node_login;
    if (sentinel) target.database = options.sentinel_database;
    target.describe();
    return target;
}

}  // namespace

RedisNodes::RedisNodes(const Interrupt& interrupt) : interrupt_(interrupt) {}

Result<std::vector<RedisNode>> RedisNodes::primaries(const RedisOptions& options, Deadline deadline) {
    if (options.seeds.empty()) return Error{Errc::config, "no Redis server is named", "give a url"};
    for (auto& [name, held] : held_) held.used = false;
    Round round = ask_seeds(options, deadline);
    for (Duration wait = kFirstPause; round.unsettled && deadline.left() > wait;
         wait = std::min(wait * 2, kLongestPause)) {
        if (!pause(interrupt_, wait)) return Error{Errc::canceled, "stopped", {}};
        round = ask_seeds(options, deadline);
    }
    std::erase_if(held_, [](const auto& entry) { return !entry.second.used; });
    if (round.error) return *round.error;
    return std::move(round.nodes);
}

/// Each seed gets an equal share of the time left, as one may be silent; the last one all of it.
RedisNodes::Round RedisNodes::ask_seeds(const RedisOptions& options, Deadline deadline) {
    Round round;
    for (std::size_t i = 0; i < options.seeds.size(); ++i) {
        const std::size_t rest = options.seeds.size() - i;
        const Deadline share =
            rest == 1 ? deadline : deadline.at_most(deadline.left() / static_cast<long>(rest));
        const auto places = ask_seed(options.seeds[i], options, share);
        if (!places) {
            note(round.error, places.error());
        } else if (auto nodes = connect(*places, options, share); nodes) {
            return {std::move(*nodes)};
        } else {
            note(round.error, nodes.error());
            round.unsettled |= options.mode == RedisMode::sentinel && is_absence(nodes.error().code);
        }
        if (round.error->code == Errc::canceled) break;
    }
    round.unsettled = round.unsettled && is_absence(round.error->code);
    return round;
}

Result<std::vector<RedisNodes::Place>> RedisNodes::ask_seed(const RedisTarget& seed,
                                                            const RedisOptions& options, Deadline deadline) {
    if (options.mode == RedisMode::standalone) return std::vector<Place>{{seed, {}}};
    const bool sentinel = options.mode == RedisMode::sentinel;
    const RedisTarget target = sentinel ? as_sentinel(seed) : seed;
    const auto held = hold(target, options.tls, deadline);
    if (!held) return held.error();
    const std::vector<std::string> question =
        sentinel ? std::vector<std::string>{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", options.sentinel_master}
                 : std::vector<std::string>{"CLUSTER", "SLOTS"};
    const auto reply = (*held)->connection->command(question, deadline);
    if (!reply) return reply.error();
    std::vector<RedisAddress> addresses;
    if (sentinel) {
        const auto master = parse_sentinel_master(*reply);
        if (!master) return at(target, master.error());
        addresses.push_back(*master);
    } else {
        auto primaries = parse_cluster_slots(*reply, seed.socket.empty() ? seed.host : "localhost");
        if (!primaries) return at(target, primaries.error());
        addresses = std::move(*primaries);
    }
    std::vector<Place> places;
    places.reserve(addresses.size());
    for (const RedisAddress& address : addresses)
        places.push_back({node_target(seed, options, address), address.id});
    return places;
}

Result<std::vector<RedisNode>> RedisNodes::connect(const std::vector<Place>& places,
                                                   const RedisOptions& options, Deadline deadline) {
    std::vector<RedisNode> nodes;
    for (const Place& place : places) {
        const auto found = hold(place.target, options.tls, deadline);
        if (!found) return found.error();
        Held& held = **found;
        if (options.mode == RedisMode::sentinel) {
            if (auto role = check_role(*held.connection, deadline); !role) return role.error();
        }
        RedisNode node{place.target.address(), place.id, false, held.connection.get()};
        if (options.mode != RedisMode::cluster) {
            if (auto learned = learn(held, deadline); !learned) return learned.error();
            node.id = held.run_id;
            node.unexpected_cluster = held.cluster_enabled;
        }
        nodes.push_back(std::move(node));
    }
    return nodes;
}

Result<RedisNodes::Held*> RedisNodes::hold(const RedisTarget& target, const TlsOptions& tls,
                                           Deadline deadline) {
    Held& held = held_[(target.tls ? "tls " : "") + target.printable];
    held.used = true;
    if (held.connection && held.connection->usable()) return &held;
    if (!held.connection) held.connection = std::make_unique<RedisConnection>(interrupt_);
    held.learned = false;
    if (auto opened = held.connection->open(target, tls, deadline); !opened) return opened.error();
    return &held;
}

Result<void> RedisNodes::check_role(RedisConnection& connection, Deadline deadline) {
    const auto reply = connection.command({"ROLE"}, deadline);
    if (!reply) return reply.error();
    const auto master = parse_role_is_master(*reply);
    if (!master) return at(connection.target(), master.error());
    if (*master) return {};
    return at(connection.target(), {Errc::connect, "the Sentinel names it as master, but it is none",
                                    "a failover is going on, or the Sentinels cannot reach it"});
}

Result<void> RedisNodes::learn(Held& held, Deadline deadline) {
    if (held.learned) return {};
    const auto info = held.connection->command({"INFO"}, deadline);
    if (!info) return info.error();
    held.run_id = redis_info_field(info->text, "run_id");
    held.cluster_enabled = redis_info_field(info->text, "cluster_enabled") == "1";
    held.learned = true;
    return {};
}

}  // namespace keyshift::drivers
