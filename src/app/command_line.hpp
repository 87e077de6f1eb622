// SPDX-License-Identifier: Apache-2.0
// The command line as a sum type. Secrets have no option: they never come from argv.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "report/writer.hpp"

namespace keyshift::app {

struct ReportCommand {
    std::optional<std::filesystem::path> config;
    report::Format format = report::Format::text;
    report::Grouping grouping = report::Grouping::none;
    std::optional<std::filesystem::path> output;  ///< empty: standard output
};

struct ServeCommand {
    std::optional<std::filesystem::path> config;
    std::vector<std::string> listen;  ///< instead of web.listen; empty: as configured
};

struct CheckCommand {
    std::vector<std::filesystem::path> files;
};

/// Nothing to do but print and exit: help, version, or what is wrong with the command line.
struct Message {
    std::string text;
    int exit_code;
};

using Command = std::variant<ReportCommand, ServeCommand, CheckCommand, Message>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace keyshift::app
