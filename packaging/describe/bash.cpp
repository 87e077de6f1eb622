// SPDX-License-Identifier: Apache-2.0
#include "descriptions.hpp"

namespace keyshift::describe {
namespace {

constexpr const char* kBegin = R"(# bash completion for keyshift, generated from its command line

_keyshift_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_keyshift_list() {
    local before=
    [[ $current == *,* ]] && before=${current%,*},
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${current##*,}")
}

_keyshift_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

_keyshift() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    # --format=json comes as three words.
    if [[ $current == "=" ]]; then
        current=
    elif [[ $previous == "=" ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if ((COMP_CWORD == 1)); then
)";

constexpr const char* kEnd = R"(    esac
}

complete -F _keyshift keyshift
)";

std::string option_names(const cli::CommandDescription& command) {
    std::string out;
    for (const cli::OptionDescription& option : command.options)
        for (const std::string& name : option.names) out += (out.empty() ? "" : " ") + name;
    return out;
}

std::string complete_value(const cli::ValueDescription& value) {
    if (value.is_file) return "_keyshift_files";
    if (value.choices.empty()) return ":";
    std::string words;
    for (const std::string& choice : value.choices) words += (words.empty() ? "" : " ") + choice;
    return std::string(value.is_list ? "_keyshift_list '" : "_keyshift_words '") + words + "'";
}

/// What comes after `command`: first the values of options, then options and arguments.
std::string cases(const cli::CommandDescription& command) {
    std::string out;
    for (const cli::OptionDescription& option : command.options) {
        if (!option.takes_value) continue;
        for (const std::string& name : option.names)
            out += "        '" + command.name + " " + name + "') " + complete_value(option.value) + " ;;\n";
    }
    const std::string options = "_keyshift_words '" + option_names(command) + "'";
    const bool completes = !command.arguments.empty() && (command.arguments.front().value.is_file ||
                                                          !command.arguments.front().value.choices.empty());
    out += "        '" + command.name + " '*) ";
    if (completes) {
        out += "if [[ $current == -* ]]; then " + options + "; else " +
               complete_value(command.arguments.front().value) + "; fi ;;\n";
    } else {
        out += options + " ;;\n";
    }
    return out;
}

}  // namespace

std::string bash_completion(const cli::ProgramDescription& program) {
    std::string first = option_names(program.program);
    std::string rest;
    for (const cli::CommandDescription& command : program.commands) {
        first += " " + command.name;
        rest += cases(command);
    }
    return std::string(kBegin) + "        _keyshift_words '" + first +
           "'\n        return\n    fi\n    case \"${COMP_WORDS[1]} $previous\" in\n" + rest + kEnd;
}

}  // namespace keyshift::describe
