// SPDX-License-Identifier: Apache-2.0
// What doctor finds of the webhook. Blocking.
#pragma once

#include <vector>

#include "collectors/collector.hpp"
#include "config/config.hpp"

namespace keyshift::commands {

/// Sends a signed ping, which tells nothing. Empty: no webhook is configured.
std::vector<collectors::Finding> examine_notify(const config::Notify& notify);

}  // namespace keyshift::commands
