// SPDX-License-Identifier: Apache-2.0
// The Redis servers that hold the keys, found anew at each poll: one, a Sentinel's master, or the primaries
// of a cluster. Blocking; used by one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/net/interrupt.hpp"
#include "drivers/redis/redis.hpp"
#include "drivers/redis/topology.hpp"

namespace keyshift::drivers {

enum class RedisMode { standalone, sentinel, cluster };

struct RedisOptions {
    RedisMode mode = RedisMode::standalone;
    /// The one server; the Sentinels (their logins are the Sentinels' own); or some nodes of the cluster. Not
    /// empty.
    std::vector<RedisTarget> seeds = {};
    std::string sentinel_master = {};
    /// For the master that Sentinels name, and for cluster nodes, which are else logged in to as the seed
    /// was.
    std::optional<RedisLogin> node_login = {};
    std::uint32_t sentinel_database = 0;  ///< of the master; elsewhere it is in the URL
    TlsOptions tls = {};                  ///< for every server; whether TLS is used is the seed's
};

/// A server whose keys are to be read.
struct RedisNode {
    std::string name;  ///< "host:port" or the socket's path
    /// The cluster's id of the node, else the server's run id: another one is another server or another run.
    std::string id;
    /// It belongs to a cluster although options.mode is not cluster: others hold keys that are not seen.
    bool unexpected_cluster = false;
    RedisConnection* connection = nullptr;  ///< open; lives until the next primaries()
};

class RedisNodes {
 public:
    explicit RedisNodes(const Interrupt& interrupt);

    /// Asks who holds the keys now and connects to all of them, or fails: never a part of them. Connections
    /// stay open from one call to the next and are opened again when broken. While Sentinels name a server
    /// that is no master they are asked again until the deadline. Errors: as RedisConnection's, and schema
    /// (not a server of that mode).
    base::Result<std::vector<RedisNode>> primaries(const RedisOptions& options, base::Deadline deadline);

 private:
    struct Held {
        std::unique_ptr<RedisConnection> connection = nullptr;
        std::string run_id = {};
        bool learned = false;  // what INFO says of it; not every server has a run id
        bool cluster_enabled = false;
        bool used = false;  // by the current primaries()
    };
    /// Where a primary is said to be.
    struct Place {
        RedisTarget target;
        std::string id;
    };
    /// What became of asking each seed once.
    struct Round {
        std::vector<RedisNode> nodes = {};
        std::optional<base::Error> error = {};
        bool unsettled = false;  // a Sentinel named a server that is no master, or not yet
    };

    Round ask_seeds(const RedisOptions& options, base::Deadline deadline);
    base::Result<std::vector<Place>> ask_seed(const RedisTarget& seed, const RedisOptions& options,
                                              base::Deadline deadline);
    base::Result<std::vector<RedisNode>> connect(const std::vector<Place>& places,
                                                 const RedisOptions& options, base::Deadline deadline);
    base::Result<Held*> hold(const RedisTarget& target, const TlsOptions& tls, base::Deadline deadline);
    base::Result<void> check_role(RedisConnection& connection, base::Deadline deadline);
    base::Result<void> learn(Held& held, base::Deadline deadline);

    const Interrupt& interrupt_;
    std::map<std::string, Held> held_;  // by what is connected to and as whom
};

}  // namespace keyshift::drivers
