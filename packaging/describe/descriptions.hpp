// SPDX-License-Identifier: Apache-2.0
// The command line written for others to read: each function returns a whole file.
#pragma once

#include <string>
#include <string_view>

#include "cli/command_description.hpp"

namespace keyshift::describe {

/// keyshift(1), in the macros of man(7). `date` is YYYY-MM-DD.
std::string man_page(const cli::ProgramDescription& program, std::string_view date);

/// For bash alone; bash-completion need not be there.
std::string bash_completion(const cli::ProgramDescription& program);
std::string zsh_completion(const cli::ProgramDescription& program);
std::string fish_completion(const cli::ProgramDescription& program);

}  // namespace keyshift::describe
