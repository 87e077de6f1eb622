// SPDX-License-Identifier: Apache-2.0
// What to say of a mistyped command line: what is wrong, what was probably meant, and how to get help. Pure.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace keyshift::cli {

/// Ends what is wrong with a line without a command.
inline constexpr const char* kHowToGetHelp = " (keyshift --help)\n";

/// "'statsu' is not one of the commands: ...; did you mean 'status'?"
std::string unknown_command(const std::string& word, const std::vector<std::string>& commands);

/// "'--formt' is not one of its options; did you mean '--format'?", or that it takes no argument.
std::string unexpected_word(const std::string& word, const CLI::App& command);

/// "keyshift status: ... (keyshift status --help)": of `command`, null for the program.
std::string usage_error(const std::string& what, const CLI::App* command);

}  // namespace keyshift::cli
