// SPDX-License-Identifier: Apache-2.0
// What `keyshift doctor` says of the prefixes that a log's lines stand behind. Pure.
#pragma once

#include <vector>

#include "collectors/collector.hpp"
#include "formats/lines/messages.hpp"

namespace keyshift::collectors {

/// Empty where lines had none.
std::vector<Finding> prefix_findings(const formats::LogMessages& messages);

}  // namespace keyshift::collectors
