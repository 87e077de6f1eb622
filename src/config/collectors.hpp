// SPDX-License-Identifier: Apache-2.0
// Reading the list `collectors`. Internal to config.
#pragma once

#include <vector>

#include "config/config.hpp"
#include "config/options.hpp"
#include "config/reading.hpp"

namespace keyshift::config {

/// `root` is the whole file, `reading` what it belongs to. Without the key: the collectors that the
/// environment asks for (CollectorType::default_when). None at all is a problem.
std::vector<CollectorConfig> read_collectors(OptionsReader root, Reading& reading,
                                             const CollectorTypes& types);

}  // namespace keyshift::config
