// SPDX-License-Identifier: Apache-2.0
// How commands come by their configuration.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "config/config.hpp"

namespace keyshift::commands {

/// The file that counts: `given` on the command line, else KEYSHIFT_CONFIG, else /etc/keyshift/keyshift.yaml
/// where it is there and may be read. Empty: there is none, and the environment says what to watch.
std::optional<std::filesystem::path> configuration_file(const std::optional<std::filesystem::path>& given);
/// " --config FILE" for a command that is to read the same file wherever it is run; empty: it does without.
std::string config_option(const std::optional<std::filesystem::path>& file);

/// From configuration_file(given), or the defaults where there is none. Problems are printed to standard
/// error, one a line; then the result is empty.
std::optional<config::Config> load_configuration(const std::optional<std::filesystem::path>& given);

/// For whoever reads no source: nothing but the collectors has problems, such as a secret that only the
/// daemon may read. False for a file that could not be read at all.
bool is_sound_but_for_collectors(const config::Loaded& loaded);

/// As print_error, for each problem.
void print_problems(const std::vector<config::Problem>& problems);

/// "keyshift: <what>; <hint>" on standard error.
void print_error(const base::Error& error);

}  // namespace keyshift::commands
