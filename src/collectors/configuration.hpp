// SPDX-License-Identifier: Apache-2.0
// The configuration with the options of every collector that there is. Reads files; not for the loop thread.
#pragma once

#include <filesystem>
#include <optional>

#include "config/config.hpp"

namespace keyshift::collectors {

/// From `file`, or the defaults where there is none, with all problems.
config::Loaded read_configuration(const std::optional<std::filesystem::path>& file);

}  // namespace keyshift::collectors
