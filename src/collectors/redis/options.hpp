// SPDX-License-Identifier: Apache-2.0
// The configuration of the collector `redis`. A value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"
#include "config/options/options.hpp"
#include "config/options/secret_source.hpp"
#include "drivers/redis/nodes.hpp"

namespace keyshift::collectors {

/// Where its URL is when the file does not say.
inline constexpr config::SecretNames kRedisUrl{.variable = "REDIS_URL", .credential = "redis_url"};

struct RedisCollectorOptions {
    config::SecretSource url = {};
    drivers::RedisMode mode = drivers::RedisMode::standalone;
    std::vector<drivers::RedisAddress> addresses = {};  ///< further Sentinels or cluster nodes
    std::string master = {};                            ///< as the Sentinels call it
    std::string user = {};                              ///< at the master that they name
    config::SecretSource password = {};                 ///< likewise; may not be given
    drivers::TlsOptions tls = {};
    std::map<std::string, std::string> prefixes = {};  ///< of keys, by the label `cache`; empty: no scan
    std::int64_t scan_budget = 0;                      ///< keys visited in one poll
    std::int64_t scan_ceiling = 0;                     ///< no larger keyspace is scanned

    /// Whom to ask, with the secrets as they are now. Errors: config.
    base::Result<drivers::RedisOptions> servers() const;
};

RedisCollectorOptions read_redis_options(config::OptionsReader& reader, const config::Gateway& gateway);

}  // namespace keyshift::collectors
