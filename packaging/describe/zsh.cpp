// SPDX-License-Identifier: Apache-2.0
#include "descriptions.hpp"

namespace keyshift::describe {
namespace {

constexpr const char* kBegin = R"(#compdef keyshift
# zsh completion for keyshift, generated from its command line

_keyshift() {
    local context state state_descr line ret=1
    typeset -A opt_args
    local -a commands
)";

constexpr const char* kMiddle = R"(        '1:command:->command' '*::argument:->argument' && ret=0
    case $state in
    command) _describe -t commands command commands && ret=0 ;;
    argument)
        case $words[1] in
)";

constexpr const char* kEnd = R"(        esac
        ;;
    esac
    return ret
}

if [[ $funcstack[1] == _keyshift ]]; then
    _keyshift "$@"
else
    compdef _keyshift keyshift
fi
)";

/// Inside of single quotes, with what _arguments and _describe take for their own.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else if (c == ':' || c == '[' || c == ']' || c == '\\') {
            out += std::string("\\") + c;
        } else {
            out += c;
        }
    }
    return out;
}

std::string action(const cli::ValueDescription& value) {
    if (value.is_file) return "_files";
    if (value.choices.empty()) return " ";
    std::string out;
    for (const std::string& choice : value.choices) out += (out.empty() ? "" : " ") + choice;
    return value.is_list ? "_values -s , value " + out : "(" + out + ")";
}

/// A closed list is shown by its action.
std::string message(const cli::ValueDescription& value) {
    return value.choices.empty() ? escaped(value.name) : "value";
}

std::string option_spec(const cli::OptionDescription& option) {
    std::string out;
    for (const std::string& name : option.names) {
        out += (out.empty() ? "'" : " '") + std::string(option.value.may_repeat ? "*" : "") + name;
        if (option.takes_value) out += name.rfind("--", 0) == 0 ? "=" : "+";
        out += "[" + escaped(option.help) + "]";
        if (option.takes_value) out += ":" + message(option.value) + ":" + action(option.value);
        out += "'";
    }
    return out;
}

std::string specs(const cli::CommandDescription& command, const std::string& indent) {
    std::string out;
    for (const cli::OptionDescription& option : command.options)
        out += " \\\n" + indent + option_spec(option);
    for (const cli::ArgumentDescription& argument : command.arguments) {
        out += " \\\n" + indent + "'" + (argument.value.may_repeat ? "*" : "") + ":" +
               message(argument.value) + ":" + action(argument.value) + "'";
    }
    return out;
}

}  // namespace

std::string zsh_completion(const cli::ProgramDescription& program) {
    std::string out = kBegin;
    out += "    commands=(\n";
    for (const cli::CommandDescription& command : program.commands)
        out += "        '" + command.name + ":" + escaped(command.help) + "'\n";
    out += "    )\n    _arguments -C" + specs(program.program, "        ") + " \\\n" + kMiddle;
    for (const cli::CommandDescription& command : program.commands) {
        out += "        " + command.name + ")\n            _arguments" + specs(command, "                ") +
               " && ret=0\n            ;;\n";
    }
    return out + kEnd;
}

}  // namespace keyshift::describe
