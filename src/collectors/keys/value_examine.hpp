// SPDX-License-Identifier: Apache-2.0
// What `keyshift doctor` says of the values in the key table: which contradict each other, how many rows have
// such, and what tells legacy keys from modern ones. Shows no value. Blocking; one thread at a time.
#pragma once

#include <vector>

#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "collectors/keys/examine.hpp"

namespace keyshift::collectors {

/// Reads the whole table once. Not empty.
std::vector<Finding> examine_values(const KeyTableSnapshot& table, base::Deadline deadline);

}  // namespace keyshift::collectors
