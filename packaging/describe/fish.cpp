// SPDX-License-Identifier: Apache-2.0
#include "descriptions.hpp"

namespace keyshift::describe {
namespace {

/// Each word behind those that the list has already.
constexpr const char* kList = R"(function __keyshift_list
    set -l begun (commandline -ct | string replace -r '^--[^=]*=' '' | string match -r '^.*,')
    for word in $argv
        echo "$begun$word"
    end
end
)";

std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string words(const cli::ValueDescription& value) {
    std::string out;
    for (const std::string& choice : value.choices) out += (out.empty() ? "" : " ") + choice;
    return quoted(value.is_list ? "(__keyshift_list " + out + ")" : out);
}

std::string option_line(const cli::OptionDescription& option, const std::string& begin) {
    std::string out = begin;
    for (const std::string& name : option.names)
        out += name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (option.takes_value) out += option.value.is_file ? " -r -F" : " -x";
    if (!option.value.choices.empty()) out += " -a " + words(option.value);
    return out + " -d " + quoted(option.help) + "\n";
}

}  // namespace

std::string fish_completion(const cli::ProgramDescription& program) {
    const std::string begin = "complete -c keyshift";
    const std::string first = begin + " -n __fish_use_subcommand";
    std::string out = std::string("# fish completion for keyshift, generated from its command line\n") +
                      kList + begin + " -f\n";
    for (const cli::OptionDescription& option : program.program.options) out += option_line(option, first);
    for (const cli::CommandDescription& command : program.commands) {
        out += first + " -a " + command.name + " -d " + quoted(command.help) + "\n";
        const std::string after = begin + " -n '__fish_seen_subcommand_from " + command.name + "'";
        for (const cli::OptionDescription& option : command.options) out += option_line(option, after);
        for (const cli::ArgumentDescription& argument : command.arguments) {
            if (argument.value.is_file) out += after + " -F\n";
            if (!argument.value.choices.empty()) out += after + " -a " + words(argument.value) + "\n";
        }
    }
    return out;
}

}  // namespace keyshift::describe
