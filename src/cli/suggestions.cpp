// SPDX-License-Identifier: Apache-2.0
#include "cli/suggestions.hpp"

#include "base/utf8.hpp"
#include "cli/options.hpp"
#include "config/tree/text.hpp"

namespace keyshift::cli {
namespace {

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
    const auto meant = config::nearest(word, known);
    return meant ? "; did you mean '" + *meant + "'?" : "";
}

std::vector<std::string> options_of(const CLI::App& command) {
    std::vector<std::string> out;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
    return out;
}

}  // namespace

std::string unknown_command(const std::string& word, const std::vector<std::string>& commands) {
    return "'" + base::escape_unsafe(word) + "' is not one of the commands: " + enumerate(commands) +
           did_you_mean(word, commands);
}

std::string unexpected_word(const std::string& word, const CLI::App& command) {
    const std::string shown = "'" + base::escape_unsafe(word.substr(0, word.find('='))) + "'";
    if (word.empty() || word.front() != '-') return "it takes no further argument such as " + shown;
    return shown + " is not one of its options" +
           did_you_mean(word.substr(0, word.find('=')), options_of(command));
}

std::string usage_error(const std::string& what, const CLI::App* command) {
    const std::string who = command == nullptr ? "keyshift" : "keyshift " + command->get_name();
    return who + ": " + what + " (" + who + " --help)\n";
}

}  // namespace keyshift::cli
