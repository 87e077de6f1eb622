// SPDX-License-Identifier: Apache-2.0
// What keyshift itself needs of this host, for `keyshift doctor`. Reads only; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "collectors/collector.hpp"
#include "config/config.hpp"

namespace keyshift::commands {

/// The state's directory: is it there or can it be made, may this user write, is there room, can the file in
/// it be read. Not empty.
std::vector<collectors::Finding> examine_state(const config::State& state);

/// What the daemon's polls have shown to be wrong in what the configuration says of the gateway. Empty:
/// nothing, or nobody has polled.
std::vector<collectors::Finding> examine_migration(const config::Config& config);

/// Whether a file system with `available` bytes left has room for the state; `directory` is for people.
collectors::Finding about_room(std::uint64_t available, const std::string& directory);

/// One for each problem of what was `loaded` from `file`, or from the environment where there is none. Empty:
/// there is no problem.
std::vector<collectors::Finding> about_configuration(const std::optional<std::filesystem::path>& file,
                                                     const config::Loaded& loaded);

}  // namespace keyshift::commands
