// SPDX-License-Identifier: Apache-2.0
// The addresses of keys' owners, for people. keyshift keeps none in its state: the owners' file is asked, and
// else the gateway's database. Blocking.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace keyshift::decisions {

using Addresses = std::map<std::string, std::string, std::less<>>;  ///< by the owner's id

/// Of those owners that have one. The database is asked within `longest`, on one connection; where it has no
/// such column, where that may not be read, and where it does not answer, nobody of it has an address:
/// whoever shows it has the owner's id.
Addresses owner_addresses(const config::Config& config, const std::vector<std::string>& owners,
                          base::Duration longest);

/// The same of one, within 2 s.
std::optional<std::string> owner_address(const config::Config& config, const std::string& owner);

}  // namespace keyshift::decisions
