// SPDX-License-Identifier: Apache-2.0
// What the descriptions of commands are made of: options of several kinds, and the commands that were
// described. For this room's files.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/time.hpp"
#include "cli/command_line.hpp"
#include "report/writer.hpp"

namespace keyshift::cli {

inline constexpr const char* kVersionText = "keyshift " KEYSHIFT_VERSION;

using Choices = std::vector<std::string>;

/// A subcommand, and where its options are written to.
template <class Told>
struct Subcommand {
    CLI::App* app;
    std::shared_ptr<Told> told;
};

/// The program with its subcommands; each says what it has become once the line is parsed.
class Program {
 public:
    Program();

    CLI::App& app() { return app_; }
    template <class Told>
    Subcommand<Told> add(const std::string& name, const std::string& help) {
        return add<Told>(name, help, [](const Told& told) -> Command { return told; });
    }
    template <class Told>
    Subcommand<Told> add(const std::string& name, const std::string& help,
                         std::function<Command(const Told&)> become) {
        auto told = std::make_shared<Told>();
        becomes_[name] = [told, become = std::move(become)] { return become(*told); };
        return {app_.add_subcommand(name, help), std::move(told)};
    }
    /// In the order of --help.
    Choices command_names() const;
    /// The one that was asked for. After a parse() that did not throw.
    Command chosen() const;
    /// Null before a name of a command was read.
    const CLI::App* asked_for() const;

 private:
    CLI::App app_;
    std::map<std::string, std::function<Command()>> becomes_;
};

/// Behind choices of which several may be given, with commas between: "a|b[,...]".
inline constexpr std::string_view kListed = "[,...]";
/// The name of an argument that is one of the program's commands.
inline constexpr const char* kCommand = "COMMAND";

/// "a|b|c".
std::string join(const Choices& choices);
/// "a, b or c".
std::string enumerate(const Choices& choices);
[[noreturn]] void refuse(const std::string& option, const std::string& value, const std::string& choices);

/// "--config FILE".
void add_config(CLI::App& command, std::optional<std::filesystem::path>& config);
/// An option that takes one of a few values. They are its value's name, from which describe() has them.
void add_choice(CLI::App& command, const std::string& name, const Choices& choices, const std::string& help,
                std::function<void(const std::string&)> take);
void add_format(CLI::App& command, report::Format& format, const Choices& choices);
/// "--format text|json".
void add_format(CLI::App& command, bool& json);
/// A duration of at least `least` and at most `most`; `wanted` says of others what they should be.
CLI::Option* add_duration(CLI::App& command, const std::string& name, base::Duration least,
                          base::Duration most, const std::string& wanted, const std::string& help,
                          std::function<void(base::Duration)> take);

void add_watching_commands(Program& program);
void add_asking_commands(Program& program);
void add_deciding_commands(Program& program);
void add_preparing_commands(Program& program);
void add_help_commands(Program& program);

}  // namespace keyshift::cli
