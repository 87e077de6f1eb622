// SPDX-License-Identifier: Apache-2.0
// Redis: what the instance counts, and how many entries the gateway's auth caches have. The keyspace is
// visited some thousand keys at a time over as many looks as it takes, by commands that no statistic shows.
#include <algorithm>
#include <any>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "collectors/collector.hpp"
#include "collectors/http_options.hpp"
#include "drivers/redis_nodes.hpp"
#include "formats/redis_info.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using domain::Event;
using drivers::RedisMode;
using drivers::RedisNode;
using formats::RedisInfo;
using namespace std::chrono_literals;

/// Redis serves nobody else during one SCAN: about half a millisecond for so many keys.
constexpr const char* kKeysAtOnce = "1000";

struct Options {
    config::SecretSource url = {};
    RedisMode mode = RedisMode::standalone;
    std::vector<std::string> addresses = {};  // further Sentinels or cluster nodes
    std::string master = {};
    std::string user = {};  // at the master that Sentinels name
    config::SecretSource password = {};
    drivers::TlsOptions tls = {};
    std::map<std::string, std::string> prefixes = {};  // by the label `cache`
    std::int64_t scan_budget = 0;                      // keys visited in one look
    std::int64_t scan_ceiling = 0;                     // no larger keyspace is visited
};

/// "auth:key:*" without the star.
Result<std::string> parse_prefix(std::string_view pattern) {
    const bool prefix =
        pattern.size() > 1 && pattern.back() == '*' &&
        pattern.substr(0, pattern.size() - 1).find_first_of("*?[]\\") == std::string_view::npos;
    if (!prefix) {
        return Error{Errc::config, "is not the beginning of a key with a * after it",
                     "write it like auth:verified:*"};
    }
    return std::string(pattern.substr(0, pattern.size() - 1));
}

void read_sentinel(config::OptionsReader options, Options& out) {
    out.master = options.optional_text("master");
    out.user = options.optional_text("username");
    out.password = options.optional_secret("password");
    const bool wanted = out.mode == RedisMode::sentinel;
    if (wanted && out.master.empty())
        options.problem("master", "is not given", "give the name that the Sentinels know the master by");
    if (!wanted && !out.master.empty())
        options.problem("master", "is of no use here", "set mode: sentinel, or remove it");
}

Options read_options(config::OptionsReader& reader) {
    Options options;
    options.url = reader.secret("url", {.variable = "REDIS_URL", .credential = "redis_url"});
    options.mode = reader.choice<RedisMode>("mode",
                                            {{"standalone", RedisMode::standalone},
                                             {"sentinel", RedisMode::sentinel},
                                             {"cluster", RedisMode::cluster}},
                                            RedisMode::standalone);
    if (reader.has("addresses")) options.addresses = reader.list_of_text("addresses", {});
    if (!options.addresses.empty() && options.mode == RedisMode::standalone) {
        reader.problem("addresses", "is of no use here", "set mode: sentinel or mode: cluster, or remove it");
    }
    read_sentinel(reader.section("sentinel"), options);
    options.tls = read_tls_options(reader.section("tls"));
    config::OptionsReader patterns = reader.section("patterns");
    for (const auto& [cache, prefix] :
         {std::pair{"auth_key", "auth:key:"}, {"auth_verified", "auth:verified:"}}) {
        const auto given = patterns.parsed_or_null<std::string>(cache, std::string(prefix),
                                                                std::string(prefix) + "*", parse_prefix);
        if (given) options.prefixes[cache] = *given;
    }
    options.scan_budget = reader.integer("scan_budget", 100'000, {.min = 1000, .max = 100'000'000});
    options.scan_ceiling = reader.integer("scan_ceiling", 20'000'000,
                                          {.min = 0, .max = std::numeric_limits<std::int64_t>::max()});
    return options;
}

/// What all prefixes begin with.
std::string common_prefix(const std::map<std::string, std::string>& prefixes) {
    std::string common = prefixes.begin()->second;
    for (const auto& [cache, prefix] : prefixes) {
        const auto ends = std::mismatch(common.begin(), common.end(), prefix.begin(), prefix.end());
        common.erase(ends.first, common.end());
    }
    return common;
}

/// One way through all keys of all nodes, which takes as many looks as it takes.
class Entries {
 public:
    explicit Entries(const Options& options) : options_(options) { begin({}); }

    /// Visits as many keys as one look may; returns the counts when the last key has been visited.
    Result<std::optional<std::map<std::string, std::uint64_t>>> advance(const std::vector<RedisNode>& nodes,
                                                                        Deadline deadline) {
        std::vector<std::string> ids;
        for (const RedisNode& node : nodes) ids.push_back(node.name + ' ' + node.id);
        // Slots and keys have moved: what was visited may be visited again.
        if (ids != ids_) begin(std::move(ids));
        const auto at_once = std::int64_t{1000};
        for (std::int64_t visited = 0; visited < options_.scan_budget && !deadline.passed();
             visited += at_once) {
            if (auto stepped = step(*nodes.at(node_).connection, deadline); !stepped) {
                begin({});
                return stepped.error();
            }
            if (cursor_ != "0") continue;
            if (++node_ < nodes.size()) continue;
            auto counts = std::move(counts_);
            begin(std::move(ids_));
            return counts;
        }
        return std::optional<std::map<std::string, std::uint64_t>>();
    }

 private:
    void begin(std::vector<std::string> ids) {
        ids_ = std::move(ids);
        node_ = 0;
        cursor_ = "0";
        counts_.clear();
        for (const auto& [cache, prefix] : options_.prefixes) counts_[cache] = 0;
    }

    Result<void> step(drivers::RedisConnection& connection, Deadline deadline) {
        const auto reply = connection.command(
            {"SCAN", cursor_, "MATCH", common_prefix(options_.prefixes) + "*", "COUNT", kKeysAtOnce},
            deadline);
        if (!reply) return reply.error();
        const bool whole = reply->is_array() && reply->elements.size() == 2 && reply->elements[0].is_text() &&
                           reply->elements[1].is_array();
        if (!whole) return Error{Errc::parse, "the answer to SCAN cannot be understood", {}};
        cursor_ = reply->elements[0].text;
        for (const auto& key : reply->elements[1].elements)
            for (const auto& [cache, prefix] : options_.prefixes)
                if (key.text.compare(0, prefix.size(), prefix) == 0) ++counts_[cache];
        return {};
    }

    const Options& options_;
    std::vector<std::string> ids_;
    std::size_t node_ = 0;
    std::string cursor_;
    std::map<std::string, std::uint64_t> counts_;
};

struct NodeInfo {
    RedisInfo info;
    std::uint64_t keys = 0;  // in the database that is looked at
};

class Redis final : public Collector {
 public:
    Redis(Options options, const drivers::Interrupt& interrupt)
        : options_(std::move(options)), nodes_(interrupt), entries_(options_) {}

    Result<Observation> collect(const Request& request) override {
        const auto nodes = connect(request.deadline);
        if (!nodes) return nodes.error();
        Observation seen{.taken_at = base::now()};
        Counted& counted = seen.counted.emplace();
        counted.offers = offers();
        std::uint64_t keys = 0;
        for (const RedisNode& node : *nodes) {
            const auto info = look_at(node, request.deadline);
            if (!info) return info.error();
            const auto part = part_of(node, info->info);
            if (!part) return part.error();
            counted.readings.parts.push_back(*part);
            keys += info->keys;
        }
        if (options_.prefixes.empty() || keys > static_cast<std::uint64_t>(options_.scan_ceiling))
            return seen;
        // What is left of the time belongs to the numbers that are there already.
        auto entries = entries_.advance(*nodes, request.deadline.at_most(request.deadline.left() / 2));
        if (!entries) return entries.error();
        if (*entries) counts_ = std::move(**entries);
        if (!counts_.empty()) seen.gauges.emplace().cache_entries = counts_;
        return seen;
    }

    std::vector<Finding> examine(Deadline deadline) override {
        const auto nodes = connect(deadline);
        if (!nodes) return {failure(nodes.error())};
        std::vector<Finding> findings;
        for (const RedisNode& node : *nodes) {
            const auto info = look_at(node, deadline);
            if (!info) {
                findings.push_back(failure(info.error()));
                continue;
            }
            const auto version = info->info.text("redis_version");
            findings.push_back(
                {Finding::Kind::ok, node.name + ": Redis " +
                                        base::visible(version ? *version : "of unknown version") + ", " +
                                        std::to_string(info->keys) + " keys"});
            if (info->keys <= static_cast<std::uint64_t>(options_.scan_ceiling)) continue;
            findings.push_back(
                {Finding::Kind::warning, node.name + ": too many keys to look for entries of the auth caches",
                 "raise collectors[redis].scan_ceiling, which is " + std::to_string(options_.scan_ceiling)});
        }
        for (const RedisNode& node : *nodes) {
            const auto scanned = node.connection->command({"SCAN", "0", "COUNT", "1"}, deadline);
            if (!scanned) findings.push_back(failure(scanned.error()));
        }
        return findings;
    }

    static domain::Events offers() {
        domain::Events events;
        for (const Event event : {Event::redis_hit, Event::redis_miss, Event::redis_evicted,
                                  Event::auth_cache_hit, Event::auth_cache_miss})
            events.set(index_of(event));
        return events;
    }

 private:
    Result<drivers::RedisOptions> targets() const {
        const auto url = options_.url.read();
        if (!url) return url.error();
        const auto target = drivers::RedisTarget::parse(*url);
        if (!target) return target.error();
        drivers::RedisOptions out;
        out.mode = options_.mode;
        out.tls = options_.tls;
        out.seeds.push_back(*target);
        for (const std::string& address : options_.addresses) {
            const std::size_t colon = address.rfind(':');
            std::uint16_t port = 0;
            const char* const end = address.data() + address.size();
            const bool good = colon != std::string::npos &&
                              std::from_chars(address.data() + colon + 1, end, port).ptr == end && port != 0;
            if (!good)
                return Error{Errc::config, base::visible(address) + " is not host:port", "mend addresses"};
            out.seeds.push_back(target->at(address.substr(0, colon), port));
        }
        if (options_.mode != RedisMode::sentinel) return out;
        out.sentinel_master = options_.master;
        out.sentinel_database = target->database;
        if (options_.password.given()) {
            const auto password = options_.password.read();
            if (!password) return password.error();
            out.node_login = drivers::RedisLogin{options_.user, *password};
        }
        return out;
    }

    Result<std::vector<RedisNode>> connect(Deadline deadline) {
        const auto where = targets();
        if (!where) return where.error();
        auto nodes = nodes_.primaries(*where, deadline);
        if (!nodes) return nodes;
        for (const RedisNode& node : *nodes) {
            if (!node.unexpected_cluster) continue;
            return Error{Errc::schema, node.name + " is one node of a cluster: the others have keys too",
                         "set mode: cluster"};
        }
        return nodes;
    }

    Result<NodeInfo> look_at(const RedisNode& node, Deadline deadline) const {
        const auto reply = node.connection->command({"INFO"}, deadline);
        if (!reply) return reply.error();
        auto info = RedisInfo::parse(reply->text);
        if (!info) return info.error();
        const auto database = info->database(node.connection->target().database);
        if (!database) return database.error();
        return NodeInfo{std::move(*info), database->keys};
    }

    static Result<domain::Part> part_of(const RedisNode& node, const RedisInfo& info) {
        struct Counter {
            const char* name;
            std::vector<domain::Contribution> counts;
        };
        static const std::vector<Counter> kCounters{
            {"keyspace_hits", {{Event::redis_hit}, {Event::auth_cache_hit}}},
            {"keyspace_misses", {{Event::redis_miss}, {Event::auth_cache_miss}}},
            {"evicted_keys", {{Event::redis_evicted}}}};
        const auto run = info.text("run_id");
        if (!run) return run.error();
        domain::Part part{.name = node.name};
        for (const Counter& counter : kCounters) {
            const auto value = info.number(counter.name);
            if (!value) return value.error();
            part.readings.push_back({counter.name, *value, std::string(*run), counter.counts});
        }
        return part;
    }

    Options options_;
    drivers::RedisNodes nodes_;
    Entries entries_;
    std::map<std::string, std::uint64_t> counts_;  // of the last complete way through the keyspace
};

}  // namespace

Entry redis_entry() {
    return {
        .type = {.name = "redis",
                 .default_when = "REDIS_URL",
                 .schedule = {.interval = 30s, .timeout = 10s},
                 .read = [](config::OptionsReader& reader) { return std::any(read_options(reader)); }},
        .make = [](const config::Gateway&, const config::CollectorConfig& config,
                   const drivers::Interrupt& interrupt) -> std::unique_ptr<Collector> {
            return std::make_unique<Redis>(std::any_cast<Options>(config.options), interrupt);
        },
        .measures = [](const config::Gateway&, const config::CollectorConfig&) { return Redis::offers(); }};
}

}  // namespace keyshift::collectors
