// SPDX-License-Identifier: Apache-2.0
// The command line as data, for what is generated from it: man page and shell completions. Safe from any
// thread.
#pragma once

#include <string>
#include <vector>

namespace keyshift::cli {

/// What an option or a command takes.
struct ValueDescription {
    std::string name;  ///< "FILE", "ID"; with choices all of them: "text|json", in a list "a|b[,...]"
    std::vector<std::string> choices;  ///< the only values that there are; empty: any value
    bool is_list = false;              ///< several of the choices, with commas between
    bool is_file = false;
    bool may_repeat = false;
    bool is_required = false;
};

struct OptionDescription {
    std::vector<std::string> names;  ///< with dashes, the short one first: "-h", "--help"
    std::string help;
    bool takes_value = false;
    ValueDescription value;  ///< only where it takes one
};

struct ArgumentDescription {
    ValueDescription value;
    std::string help;
};

struct CommandDescription {
    std::string name;
    std::string help;
    std::string note;  ///< what its --help ends with, if that is its own
    std::vector<OptionDescription> options;
    std::vector<ArgumentDescription> arguments;
};

/// The program itself, with the options that come before a command, and its commands in the order of --help.
struct ProgramDescription {
    CommandDescription program;
    std::vector<CommandDescription> commands;
};

ProgramDescription describe_command_line();

}  // namespace keyshift::cli
