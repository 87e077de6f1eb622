// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include <algorithm>

namespace keyshift::cli {
namespace {

constexpr const char* kConfigHelp =
    "Configuration file (default: KEYSHIFT_CONFIG, /etc/keyshift/keyshift.yaml, or DATABASE_URL and the "
    "preset)";

}  // namespace

std::string join(const Choices& choices) {
    std::string out;
    for (const std::string& choice : choices) out += (out.empty() ? "" : "|") + choice;
    return out;
}

Choices Program::command_names() const {
    Choices names;
    for (const CLI::App* command : app_.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return names;
}

const CLI::App* Program::asked_for() const {
    const auto asked = app_.get_subcommands();
    return asked.empty() ? nullptr : asked.front();
}

Command Program::chosen() const {
    return becomes_.at(asked_for()->get_name())();
}

std::string enumerate(const Choices& choices) {
    std::string out;
    for (std::size_t i = 0; i < choices.size(); ++i)
        out += (i == 0 ? "" : i + 1 < choices.size() ? ", " : " or ") + choices[i];
    return out;
}

void refuse(const std::string& option, const std::string& value, const std::string& choices) {
    throw CLI::ValidationError(option, "'" + value + "' is not one of its values: " + choices);
}

void add_config(CLI::App& command, std::optional<std::filesystem::path>& config) {
    command.add_option("--config", config, kConfigHelp)->type_name("FILE");
}

void add_choice(CLI::App& command, const std::string& name, const Choices& choices, const std::string& help,
                std::function<void(const std::string&)> take) {
    command
        .add_option_function<std::string>(
            name,
            [name, choices, take = std::move(take)](const std::string& value) {
                if (std::find(choices.begin(), choices.end(), value) == choices.end())
                    refuse(name, value, enumerate(choices));
                take(value);
            },
            help)
        ->type_name(join(choices));
}

void add_format(CLI::App& command, report::Format& format, const Choices& choices) {
    add_choice(command, "--format", choices, "How to write it (default: text)",
               [&format](const std::string& name) { format = report::parse_format(name).value(); });
}

void add_format(CLI::App& command, bool& json) {
    add_choice(command, "--format", {"text", "json"}, "How to write it (default: text)",
               [&json](const std::string& name) { json = name == "json"; });
}

CLI::Option* add_duration(CLI::App& command, const std::string& name, base::Duration least,
                          base::Duration most, const std::string& wanted, const std::string& help,
                          std::function<void(base::Duration)> take) {
    return command
        .add_option_function<std::string>(
            name,
            [name, least, most, wanted, take = std::move(take)](const std::string& text) {
                const auto duration = base::parse_duration(text);
                if (!duration || *duration < least || *duration > most) refuse(name, text, wanted);
                take(*duration);
            },
            help)
        ->type_name("DURATION");
}

}  // namespace keyshift::cli
