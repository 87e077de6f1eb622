// SPDX-License-Identifier: Apache-2.0
// The command line of what tells of the program itself: help, version.
#include "base/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/suggestions.hpp"

namespace keyshift::cli {
namespace {

struct Help {
    std::string of;  ///< a command; empty: the program
};

/// Of a program that has parsed nothing: else it is the help of what was asked for.
Command help_of(const CLI::App* asked, const Help& help) {
    Program program;
    if (help.of.empty()) return Message{program.app().help(), base::kOk};
    const Choices names = program.command_names();
    for (const std::string& name : names)
        if (name == help.of)
            return Message{program.app().get_subcommand(name)->help(program.app().get_name()), base::kOk};
    return Message{usage_error(unknown_command(help.of, names), asked), base::kUsage};
}

}  // namespace

void add_help_commands(Program& program) {
    const auto [help, told] =
        program.add<Help>("help", "What a command does, and its options; or the list of commands",
                          [&program](const Help& wanted) { return help_of(program.asked_for(), wanted); });
    help->add_option(kCommand, told->of, "Of which");
    struct Version {};
    program.add<Version>("version", "The version of this program", [](const Version&) -> Command {
        return Message{std::string(kVersionText) + "\n", base::kOk};
    });
}

}  // namespace keyshift::cli
