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
    std::optional<domain::Phase> phase;           ///< only keys of this phase
    bool phases = false;                          ///< show each key's phase
};

struct ServeCommand {
    std::optional<std::filesystem::path> config;
    std::vector<std::string> listen;  ///< instead of web.listen; empty: as configured
};

struct CheckCommand {
    std::vector<std::filesystem::path> files;
};

struct StatusCommand {
    std::optional<std::filesystem::path> config;
};

struct VerdictCommand {
    std::optional<std::filesystem::path> config;
    bool json = false;
};

struct KeyCommand {
    std::optional<std::filesystem::path> config;
    std::string id;
};

struct PairCommand {
    std::optional<std::filesystem::path> config;
    std::string legacy;
    std::string replacement;
};

struct AckCommand {
    std::optional<std::filesystem::path> config;
    std::string id;
    std::string note;
};

struct SqlCommand {
    std::optional<std::filesystem::path> config;
    std::string role = "keyshift";
    std::vector<std::string> sections;  ///< role, view, index, statements; empty: all
};

/// Nothing to do but print and exit: help, version, or what is wrong with the command line.
struct Message {
    std::string text;
    int exit_code;
};

using Command = std::variant<ReportCommand, ServeCommand, CheckCommand, StatusCommand, VerdictCommand,
                             KeyCommand, PairCommand, AckCommand, SqlCommand, Message>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace keyshift::app
