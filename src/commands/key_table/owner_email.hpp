// SPDX-License-Identifier: Apache-2.0
// The address of a key's owner, for people. keyshift keeps none in its state, so that the database is asked.
// Blocking; for commands only.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"

namespace keyshift::commands {

/// Empty where the gateway has no such column, where it may not be read, and where the database does not
/// answer: whoever shows it has the owner's id.
std::optional<std::string> owner_email(const config::Config& config, const std::string& owner);

}  // namespace keyshift::commands
