// SPDX-License-Identifier: Apache-2.0
// Reading the list `collectors`. Internal to config.
#pragma once

#include <vector>

#include "config/config.hpp"
#include "config/options/reading.hpp"

namespace keyshift::config {

/// Of `gateway`, whose section has been read. `root` is the whole file; null: there is none. Without the key:
/// the collectors that the environment asks for (CollectorType::default_when). None at all is a problem.
std::vector<CollectorConfig> read_collectors(Reading& reading, const TreeNode* root,
                                             const CollectorTypes& types, const Gateway& gateway);

}  // namespace keyshift::config
