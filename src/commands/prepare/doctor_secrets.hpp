// SPDX-License-Identifier: Apache-2.0
// Who else may read the secrets of the configuration, for `keyshift doctor`. Looks at modes, never into a
// file; any thread but for names of users and groups.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "collectors/collector.hpp"

namespace keyshift::commands {

/// A warning for each of `files` that may be read by everybody, or by a group that is neither root's, nor
/// this user's, nor that of the owner of `state` (the daemon's). What is not there is left to who reads it.
/// Empty: there are no files.
std::vector<collectors::Finding> examine_secret_files(const std::vector<std::filesystem::path>& files,
                                                      const std::filesystem::path& state);

/// "as root:" and the commands that let this user read the first of `files` that `what` names and that it may
/// not read; empty: there is none.
std::string remedy_for_secret(const std::vector<std::filesystem::path>& files, const std::string& what);

}  // namespace keyshift::commands
