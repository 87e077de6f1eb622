// SPDX-License-Identifier: Apache-2.0
// The options of the `keys` collector, which the commands that read the key table once share.
#pragma once

#include "base/time.hpp"
#include "config/options/secret_source.hpp"

namespace keyshift::collectors {

enum class StandbyAge {
    measured,
    ignored,  ///< the operator knows that a standby keeps up
};

struct KeysOptions {
    config::SecretSource database_url;
    base::Duration census_timeout;  ///< bounds a scan of the whole table
    StandbyAge standby;             ///< the age of the data of one
    double database_duty;           ///< share of the time that may be spent in the database
};

}  // namespace keyshift::collectors
