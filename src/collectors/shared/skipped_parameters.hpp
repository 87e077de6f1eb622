// SPDX-License-Identifier: Apache-2.0
// What a URL holds for other clients alone, said once where the configuration is read and once by doctor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.hpp"
#include "config/options/options.hpp"

namespace keyshift::collectors {

/// A warning at `key`, where there are any.
void warn_of_skipped(config::OptionsReader& reader, std::string_view key,
                     const std::vector<std::string>& skipped);

/// One finding where there are any, else none. `what` is "database_url".
std::vector<Finding> about_skipped(const std::string& what, const std::vector<std::string>& skipped);

}  // namespace keyshift::collectors
