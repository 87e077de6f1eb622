// SPDX-License-Identifier: Apache-2.0
// The command line as a sum type. Secrets have no option: they never come from argv.
#pragma once

#include <string>
#include <variant>

#include "commands/commands.hpp"

namespace keyshift::cli {

/// Nothing to do but print and exit: help, version, or what is wrong with the command line.
struct Message {
    std::string text;
    int exit_code;
};

/// `keyshift` alone: where no daemon can say more, `help` is printed.
struct NoCommand {
    std::string help;
};

using Command = std::variant<
    commands::ReportCommand, commands::ServeCommand, commands::CheckCommand, commands::CheckLogCommand,
    commands::FailuresCommand, commands::StatusCommand, commands::VerdictCommand, commands::KeyCommand,
    commands::EventsCommand, commands::PairCommand, commands::AckCommand, commands::MarkCommand,
    commands::AcceptTableCommand, commands::SqlCommand, commands::DoctorCommand, commands::HealthcheckCommand,
    commands::ExportCommand, commands::OnceCommand, NoCommand, Message>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace keyshift::cli
