// SPDX-License-Identifier: Apache-2.0
// The options of the `keys` collector, which the commands that read the key table once share.
#pragma once

#include "base/time.hpp"
#include "config/secret_source.hpp"

namespace keyshift::collectors {

struct KeysOptions {
    config::SecretSource database_url;
    base::Duration census_timeout;  ///< bounds a look at the whole table
    double database_duty;           ///< share of the time that may be spent in the database
};

/// Waiting for a lock means waiting behind somebody's ALTER TABLE, with the gateway's own queries queueing
/// behind us.
inline constexpr base::Duration kLockTimeout = std::chrono::seconds{2};

}  // namespace keyshift::collectors
