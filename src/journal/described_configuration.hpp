// SPDX-License-Identifier: Apache-2.0
// A configuration as the API shows it.
#pragma once

#include <filesystem>
#include <optional>

#include "api/configuration.hpp"
#include "base/time.hpp"
#include "config/config.hpp"

namespace keyshift::journal {

/// What of `config`, of `file`, the judgement depends on. Reads the database's URL, which may be in a file:
/// blocking for a moment.
api::Configuration described(const config::Config& config, const std::optional<std::filesystem::path>& file,
                             std::optional<base::Time> loaded_at);

}  // namespace keyshift::journal
