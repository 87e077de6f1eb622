// SPDX-License-Identifier: Apache-2.0
// The options of the `keys` collector, which the commands that read the key table once share.
#pragma once

#include <algorithm>

#include "base/time.hpp"
#include "config/secret_source.hpp"
#include "drivers/postgres.hpp"

namespace keyshift::collectors {

struct KeysOptions {
    config::SecretSource database_url;
    base::Duration census_timeout;  ///< bounds a look at the whole table
    double database_duty;           ///< share of the time that may be spent in the database
};

/// What the server is told where we wait for `timeout`: a little less, so that it gives up first and leaves
/// nothing running behind. Waiting for a lock, at most 2 s, means waiting behind somebody's ALTER TABLE with
/// the gateway's own queries queueing behind us.
inline drivers::Postgres::Timeouts session_timeouts(base::Duration timeout) {
    return {timeout * 9 / 10, std::min<base::Duration>(std::chrono::seconds{2}, timeout / 2)};
}

}  // namespace keyshift::collectors
