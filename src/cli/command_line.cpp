// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include <algorithm>
#include <sstream>

#include "base/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/suggestions.hpp"

namespace keyshift::cli {
namespace {

constexpr const char* kFooter =
    "Environment:\n"
    "  DATABASE_URL     the gateway's database, where the configuration does not name one\n"
    "  REDIS_URL        the gateway's Redis, likewise\n"
    "  KEYSHIFT_CONFIG  the configuration file, where --config does not name one\n"
    "\n"
    "Exit codes: 0 ok, 64 usage, 69 a source is unavailable, 70 internal, 73 output, 78 "
    "configuration; verdict has its own.\n"
    "Documentation: README.md and docs/.";
constexpr const char* kAbout =
    "keyshift watches the migration of API keys from slow bcrypt fallback to hashed lookup.";

std::string without_last_line_end(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

/// The first word that nothing takes.
std::string leftover(const CLI::App& app) {
    const std::vector<std::string> words = app.remaining(true);
    return words.empty() ? "" : words.front();
}

Message refused(Program& program, const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    if (program.app().exit(error, out, err) == 0) return {out.str(), base::kOk};
    const CLI::App* const command = program.asked_for();
    const std::string word = leftover(program.app());
    std::string what = without_last_line_end(error.what());
    if (command == nullptr) what = "no command is given";
    const bool unexpected = command == nullptr || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
    if (unexpected && !word.empty())
        what = unexpected_word(word, command == nullptr ? program.app() : *command);
    return {usage_error(what, command), base::kUsage};
}

}  // namespace

Program::Program() : app_(kAbout, "keyshift") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", kVersionText);
    app_.footer(kFooter);
    add_watching_commands(*this);
    add_asking_commands(*this);
    add_deciding_commands(*this);
    add_preparing_commands(*this);
    add_help_commands(*this);
}

Command parse_command_line(int argc, const char* const* argv) {
    Program program;
    if (argc < 2) return NoCommand{program.app().help() + "\nkeyshift: no command is given" + kHowToGetHelp};
    const std::string first = argv[1];
    const Choices commands = program.command_names();
    if (first[0] != '-' && std::find(commands.begin(), commands.end(), first) == commands.end())
        return Message{usage_error(unknown_command(first, commands), nullptr), base::kUsage};
    try {
        program.app().parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return refused(program, e);
    }
    return program.chosen();
}

}  // namespace keyshift::cli
