// SPDX-License-Identifier: Apache-2.0
// What to say of configured columns that the key table does not have. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"

namespace keyshift::collectors {

/// Of the `absent` ones, at least one, each with its key in the configuration and what to write there, where
/// that can be told: a column that differs by upper and lower case, or the preset's own. `present` are the
/// columns of the table, which has some. Error: schema.
base::Error absent_columns(const std::vector<config::Identifier>& absent,
                           const std::vector<std::string>& present, const config::Gateway& gateway);

}  // namespace keyshift::collectors
