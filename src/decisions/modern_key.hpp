// SPDX-License-Identifier: Apache-2.0
// A modern key as the key table has it now. Blocking.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "domain/keys/key.hpp"

namespace keyshift::decisions {

/// With the texts of its row.
struct ModernKey {
    std::string id, owner, name, prefix;
    domain::Key key;  // its views are not to be used
    base::Time now;   // the database's
};

/// By its whole id, within the collector's timeout and `longest`. Errors: usage (there is none, or it is a
/// legacy key), those of query_key_table().
base::Result<ModernKey> find_modern(const config::Config& config, const std::string& id,
                                    base::Duration longest = base::Duration::max());

}  // namespace keyshift::decisions
