// SPDX-License-Identifier: Apache-2.0
// Which collectors a scrape asks for, as it asks node_exporter: collect[]=NAME and exclude[]=NAME. Pure: safe
// from any thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::daemon {

/// Empty: all of them, since neither parameter is in `query`; other parameters count for nothing. `known`:
/// the names that may be asked for. Errors: usage, with the names there are.
base::Result<std::optional<std::set<std::string>>> asked_collectors(std::string_view query,
                                                                    const std::set<std::string>& known);

}  // namespace keyshift::daemon
