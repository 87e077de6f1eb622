// SPDX-License-Identifier: Apache-2.0
// How commands come by their configuration.
#pragma once

#include <filesystem>
#include <optional>

#include "app/key_journal.hpp"
#include "config/config.hpp"
#include "domain/model.hpp"

namespace keyshift::app {

/// From `file`, or the defaults where there is none, with all problems.
config::Loaded read_configuration(const std::optional<std::filesystem::path>& file);

/// From `file`, or the defaults where there is none. Problems are printed to standard error, one a line; then
/// the result is empty.
std::optional<config::Config> load_configuration(const std::optional<std::filesystem::path>& file);

/// How the migration is to be judged.
domain::Policy judging(const config::Config& config);
JournalSettings journal_settings(const config::Config& config);

/// What to say of an id that the journal does not have.
base::Error unknown_key(const std::string& id);

/// "keyshift: <what>; <hint>" on standard error.
void print_error(const base::Error& error);

}  // namespace keyshift::app
