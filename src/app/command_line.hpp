// SPDX-License-Identifier: Apache-2.0
// The command line as a sum type. Secrets have no option: they never come from argv.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
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
    bool lifecycle = false;           ///< POST /-/reload is obeyed
};

struct CheckCommand {
    std::vector<std::filesystem::path> files;
};

/// `check --log`.
struct CheckLogCommand {
    std::optional<std::filesystem::path> config;
    std::filesystem::path sample;  ///< "-": standard input
    std::string collector;         ///< empty: the only one that reads a log
    bool summary = false;          ///< without a line for each line
    double most_unparsed = 0.05;   ///< a larger share is an error
};

struct FailuresCommand {
    std::optional<std::filesystem::path> config;
    base::Duration since = std::chrono::hours{1};
    report::Format format = report::Format::text;  ///< text, json or csv
    std::size_t limit = 50;                        ///< rows of text; 0: all
};

struct StatusCommand {
    std::optional<std::filesystem::path> config;
    bool json = false;
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
    std::string replacement;  ///< empty with `remove`
    bool force = false;       ///< also where the two look wrong together
    bool remove = false;      ///< what was said before is undone
};

/// Those of the listed keys, or of all, that fit the rest.
struct AckCommand {
    std::optional<std::filesystem::path> config;
    std::vector<std::string> ids;
    std::optional<std::filesystem::path> file;  ///< with further ids; "-": standard input
    std::optional<std::string> owner;
    std::optional<base::Duration> idle_longer_than;
    std::string note;
    bool yes = false;     ///< many at once without asking
    bool remove = false;  ///< what was said before is undone

    bool selects() const { return file || owner || idle_longer_than; }
};

struct AcceptTableCommand {
    std::optional<std::filesystem::path> config;
    bool anew = false;  ///< the journal forgets the keys of the table before
    bool yes = false;   ///< without asking
};

struct SqlCommand {
    std::optional<std::filesystem::path> config;
    std::string role = "keyshift";
    std::vector<std::string> sections;  ///< role, view, index, statements; empty: all
};

struct DoctorCommand {
    std::optional<std::filesystem::path> config;
    bool json = false;
};

/// Nothing to do but print and exit: help, version, or what is wrong with the command line.
struct Message {
    std::string text;
    int exit_code;
};

using Command = std::variant<ReportCommand, ServeCommand, CheckCommand, CheckLogCommand, FailuresCommand,
                             StatusCommand, VerdictCommand, KeyCommand, PairCommand, AckCommand,
                             AcceptTableCommand, SqlCommand, DoctorCommand, Message>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace keyshift::app
