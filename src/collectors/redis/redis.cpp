// SPDX-License-Identifier: Apache-2.0
// Redis: what the instance counts, and how many entries the gateway's auth caches have. Its commands change
// neither hits and misses nor the idle time of a key.
#include <optional>
#include <set>
#include <utility>

#include "base/utf8.hpp"
#include "collectors/entry.hpp"
#include "collectors/redis/entries.hpp"
#include "collectors/redis/findings.hpp"
#include "collectors/redis/options.hpp"
#include "collectors/shared/skipped_parameters.hpp"
#include "drivers/redis/nodes.hpp"
#include "formats/metrics/redis_info.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using domain::Event;
using drivers::RedisNode;
using formats::RedisInfo;
using namespace std::chrono_literals;

/// A node and what it said of itself.
struct NodeSnapshot {
    const RedisNode* node = nullptr;
    RedisInfo info;
    std::string run;                    // empty: the server does not tell its runs apart
    std::optional<std::uint64_t> keys;  // in the database that is counted; empty: nobody says
};

/// The keys of the database. Dragonfly and managed servers may leave the section out, and Kvrocks counts
/// only when it is told to.
Result<std::optional<std::uint64_t>> keys_of(const RedisNode& node, const RedisInfo& info,
                                             Deadline deadline) {
    const auto database = info.database(node.connection->target().database);
    const bool counted_on_demand = info.has("kvrocks_version");
    if (database && (database->keys > 0 || !counted_on_demand)) return std::optional(database->keys);
    const auto size = node.connection->command({"DBSIZE"}, deadline);
    if (!size && !node.connection->usable()) return size.error();
    const bool known =
        size && size->is_integer() && (size->integer > 0 || (!counted_on_demand && size->integer == 0));
    return known ? std::optional(static_cast<std::uint64_t>(size->integer)) : std::nullopt;
}

Result<NodeSnapshot> poll_node(const RedisNode& node, Deadline deadline) {
    const auto reply = node.connection->command({"INFO"}, deadline);
    if (!reply) return reply.error();
    const auto of_node = [&](Error error) {
        error.what.insert(0, "Redis at " + node.connection->target().printable + ": ");
        return error;
    };
    auto info = RedisInfo::parse(reply->text);
    if (!info) return of_node(info.error());
    if (info->is_sentinel())
        return of_node({Errc::schema, "it is a Sentinel, which has no keys", "set mode: sentinel"});
    const auto run = info->text("run_id");
    const auto keys = keys_of(node, *info, deadline);
    if (!keys) return keys.error();
    return NodeSnapshot{&node, *info, run ? std::string(*run) : std::string(), *keys};
}

/// Of all nodes; empty: one does not say.
std::optional<std::uint64_t> all_keys(const std::vector<NodeSnapshot>& snapshots) {
    std::uint64_t keys = 0;
    for (const NodeSnapshot& snapshot : snapshots) {
        if (!snapshot.keys) return std::nullopt;
        keys += *snapshot.keys;
    }
    return keys;
}

Result<RedisEntries::Page> scan(const RedisNode& node, const std::string& cursor, const std::string& prefix,
                                Deadline deadline) {
    auto reply = node.connection->command(
        {"SCAN", cursor, "MATCH", prefix + "*", "COUNT", std::to_string(kKeysAtOnce)}, deadline);
    if (!reply) return reply.error();
    const bool whole = reply->is_array() && reply->elements.size() == 2 && reply->elements[0].is_text() &&
                       !reply->elements[0].text.empty() && reply->elements[1].is_array();
    if (!whole) {
        return Error{
            Errc::parse,
            "Redis at " + node.connection->target().printable + ": the answer to SCAN cannot be understood",
            "is this a Redis server?"};
    }
    RedisEntries::Page page{std::move(reply->elements[0].text)};
    for (auto& key : reply->elements[1].elements) page.keys.push_back(std::move(key.text));
    return page;
}

class Redis final : public Collector {
 public:
    Redis(RedisCollectorOptions options, const drivers::Interrupt& interrupt)
        : options_(std::move(options)),
          nodes_(interrupt),
          entries_(options_.prefixes, options_.scan_budget) {}

    Result<Observation> collect(const Request& request) override {
        const auto nodes = connect(request.deadline);
        if (!nodes) return nodes.error();
        Observation seen{.taken_at = base::now()};
        std::vector<NodeSnapshot> snapshots;
        for (const RedisNode& node : *nodes) {
            auto snapshot = poll_node(node, request.deadline);
            if (!snapshot) return snapshot.error();
            snapshots.push_back(*std::move(snapshot));
        }
        Counted counted = count(snapshots);
        if (auto counting = count_entries(snapshots, request.deadline); !counting) return counting.error();
        seen.counted = std::move(counted);
        seen.gauges.emplace().cache_entries = entries_.counts();
        note_names(*nodes);
        return seen;
    }

    std::vector<Finding> examine(Deadline deadline) override {
        std::vector<Finding> findings;
        if (const auto servers = options_.servers())
            findings = about_skipped("the redis url", servers->seeds.front().skipped);
        const auto nodes = connect(deadline);
        if (!nodes) {
            findings.push_back(failure(nodes.error()));
            return findings;
        }
        std::vector<NodeSnapshot> snapshots;
        for (const RedisNode& node : *nodes) {
            auto snapshot = poll_node(node, deadline);
            findings.push_back(snapshot ? about(*snapshot) : failure(snapshot.error()));
            if (!snapshot) continue;
            append_lacking(*snapshot, findings);
            if (auto memory = about_memory(node.name, snapshot->info)) findings.push_back(*std::move(memory));
            snapshots.push_back(*std::move(snapshot));
        }
        if (!options_.prefixes.empty()) examine_entries(snapshots, deadline, findings);
        return findings;
    }

    static domain::Events countable() {
        domain::Events events;
        for (const Event event : {Event::redis_hit, Event::redis_miss, Event::redis_evicted,
                                  Event::auth_cache_hit, Event::auth_cache_miss})
            events.set(index_of(event));
        return events;
    }

 private:
    Result<std::vector<RedisNode>> connect(Deadline deadline) {
        const auto servers = options_.servers();
        if (!servers) return servers.error();
        auto nodes = nodes_.primaries(*servers, deadline);
        if (!nodes) return nodes;
        for (const RedisNode& node : *nodes) {
            if (!node.unexpected_cluster) continue;
            return Error{Errc::schema, node.name + " is one node of a cluster: the others have keys too",
                         "set mode: cluster"};
        }
        return nodes;
    }

    /// Of a number that nobody knows nothing is begun.
    bool too_many(std::optional<std::uint64_t> keys) const {
        return !keys || *keys > static_cast<std::uint64_t>(options_.scan_ceiling);
    }

    Result<void> count_entries(const std::vector<NodeSnapshot>& snapshots, Deadline deadline) {
        if (options_.prefixes.empty()) return {};
        if (too_many(all_keys(snapshots))) {
            entries_.forget();
            return {};
        }
        // The page that is under way then has the other half of the time.
        return entries_.advance(scannable(snapshots, deadline), deadline.at_most(deadline.left() / 2));
    }

    std::vector<RedisEntries::Node> scannable(const std::vector<NodeSnapshot>& snapshots,
                                              Deadline deadline) const {
        std::vector<RedisEntries::Node> nodes;
        nodes.reserve(snapshots.size());
        for (const NodeSnapshot& snapshot : snapshots) {
            nodes.push_back({snapshot.node->name + ' ' + snapshot.run,
                             [this, node = snapshot.node, deadline](const std::string& cursor) {
                                 return scan(*node, cursor, entries_.common_prefix(), deadline);
                             }});
        }
        return nodes;
    }

    void examine_entries(const std::vector<NodeSnapshot>& snapshots, Deadline deadline,
                         std::vector<Finding>& findings) {
        const std::size_t before = findings.size();
        const auto keys = all_keys(snapshots);
        for (const NodeSnapshot& snapshot : snapshots) {
            const auto page = scan(*snapshot.node, "0", entries_.common_prefix(), deadline);
            if (!page) findings.push_back(failure(page.error()));
        }
        if (!keys) {
            findings.push_back({Finding::Kind::warning,
                                "entries of the auth caches are not counted: neither INFO nor DBSIZE says "
                                "how many keys there "
                                "are",
                                "let it count them (Kvrocks: DBSIZE SCAN, from time to time), or set both "
                                "collectors[redis].patterns to null"});
        } else if (too_many(keys)) {
            findings.push_back(
                {Finding::Kind::warning,
                 "entries of the auth caches are not counted among " + std::to_string(*keys) + " keys",
                 "raise collectors[redis].scan_ceiling, which is " + std::to_string(options_.scan_ceiling)});
        }
        if (findings.size() != before || snapshots.empty()) return;
        const Deadline enough = deadline.at_most(deadline.left() / 2);
        while (entries_.counts().empty() && !enough.passed()) {
            const auto counted = entries_.advance(scannable(snapshots, deadline), enough);
            if (!counted) return findings.push_back(failure(counted.error()));
        }
        // Of a part of the keys nothing can be said.
        if (entries_.counts().empty()) return;
        findings.push_back(
            about_entries(options_.prefixes, entries_.counts(), *keys,
                          snapshots.size() == 1 ? fullest_database(snapshots.front().info) : std::nullopt));
    }

    Counted count(const std::vector<NodeSnapshot>& snapshots) const {
        Counted counted;
        counted.countable = countable();
        std::set<std::string> names;
        for (const NodeSnapshot& snapshot : snapshots) {
            names.insert(snapshot.node->name);
            counted.readings.instances.push_back(part_of(snapshot, counted.countable));
        }
        // What a master counted between its last poll and the failover is not known.
        counted.lossy = !std::includes(names.begin(), names.end(), names_.begin(), names_.end());
        return counted;
    }

    struct Counter {
        const char* name;
        std::vector<domain::Contribution> counts;
    };
    static const std::vector<Counter>& counters() {
        static const std::vector<Counter> kCounters{
            {"keyspace_hits", {{Event::redis_hit}, {Event::auth_cache_hit}}},
            {"keyspace_misses", {{Event::redis_miss}, {Event::auth_cache_miss}}},
            {"evicted_keys", {{Event::redis_evicted}}}};
        return kCounters;
    }

    /// What a server does not count is no longer among `offers`: one such leaves a part out of the sum.
    static domain::Instance part_of(const NodeSnapshot& snapshot, domain::Events& countable) {
        domain::Instance instance{.name = snapshot.node->name};
        for (const Counter& counter : counters()) {
            if (const auto value = snapshot.info.number(counter.name)) {
                instance.readings.push_back({counter.name, *value, snapshot.run, counter.counts});
                continue;
            }
            for (const domain::Contribution& count : counter.counts) countable.reset(index_of(count.event));
        }
        return instance;
    }

    static void append_lacking(const NodeSnapshot& snapshot, std::vector<Finding>& findings) {
        std::string lacking;
        for (const Counter& counter : counters())
            if (!snapshot.info.number(counter.name))
                lacking += (lacking.empty() ? "" : ", ") + std::string(counter.name);
        if (lacking.empty()) return;
        findings.push_back(
            {Finding::Kind::warning,
             snapshot.node->name + ": its INFO has no " + lacking + ", so that these are not counted",
             "nothing, where the server does not count them; else let its INFO show them"});
    }

    void note_names(const std::vector<RedisNode>& nodes) {
        names_.clear();
        for (const RedisNode& node : nodes) names_.insert(node.name);
    }

    static Finding about(const NodeSnapshot& snapshot) {
        return {Finding::Kind::ok,
                snapshot.node->name + ": " + base::escape_unsafe(snapshot.info.server()) +
                    (snapshot.keys ? ", " + std::to_string(*snapshot.keys) + " keys" : "")};
    }

    RedisCollectorOptions options_;
    drivers::RedisNodes nodes_;
    RedisEntries entries_;
    std::set<std::string> names_;  // of the nodes at the last poll
};

class ConfiguredRedis final : public ConfiguredWith<RedisCollectorOptions> {
 public:
    using ConfiguredWith::ConfiguredWith;

    std::unique_ptr<Collector> make(const config::Gateway&, const config::Schedule&,
                                    const drivers::Interrupt& interrupt) const override {
        return std::make_unique<Redis>(options(), interrupt);
    }
    domain::Events measures(const config::Gateway&) const override { return Redis::countable(); }
};

}  // namespace

Entry redis_entry() {
    return {.name = "redis",
            .default_when = kRedisUrl,
            .schedule = {.interval = 30s, .timeout = 10s},
            // It counts whatever is read from the instance.
            .traits = {.ranks = {.auth_cache = domain::EvidenceRank{.place = 50, .upper_bound = true}}},
            .read = [](config::OptionsReader& reader, const config::Gateway& gateway) {
                return std::make_unique<ConfiguredRedis>(read_redis_options(reader, gateway));
            }};
}

}  // namespace keyshift::collectors
