// SPDX-License-Identifier: Apache-2.0
#include "cli/command_description.hpp"

#include <cctype>
#include <sstream>
#include <utility>

#include "cli/options.hpp"

namespace keyshift::cli {
namespace {

Choices split(const std::string& choices) {
    Choices out;
    std::istringstream in{choices};
    for (std::string choice; std::getline(in, choice, '|');) out.push_back(choice);
    return out;
}

/// Closed lists are in lower case, names for any value in capitals.
ValueDescription describe_value(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    ValueDescription value;
    value.name = option.get_positional() ? option.get_name(true) : type;
    value.is_list = type.ends_with(kListed);
    if (!type.empty() && std::islower(static_cast<unsigned char>(type.front())) != 0)
        value.choices = split(type.substr(0, type.size() - (value.is_list ? kListed.size() : 0)));
    value.is_file = value.name == "FILE";
    value.may_repeat = option.get_expected_max() > 1;
    value.is_required = option.get_required();
    return value;
}

CommandDescription describe(const CLI::App& app) {
    CommandDescription out{app.get_name(), app.get_description(), {}, {}, {}};
    if (app.get_parent() == nullptr || app.get_footer() != app.get_parent()->get_footer())
        out.note = app.get_footer();
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) {
            out.arguments.push_back({describe_value(*option), option->get_description()});
            continue;
        }
        OptionDescription described;
        for (const std::string& name : option->get_snames()) described.names.push_back("-" + name);
        for (const std::string& name : option->get_lnames()) described.names.push_back("--" + name);
        described.help = option->get_description();
        described.takes_value = option->get_items_expected_max() > 0;
        if (described.takes_value) described.value = describe_value(*option);
        out.options.push_back(std::move(described));
    }
    return out;
}

}  // namespace

ProgramDescription describe_command_line() {
    Program program;
    ProgramDescription out{describe(program.app()), {}};
    for (const CLI::App* command : program.app().get_subcommands([](const CLI::App*) { return true; }))
        out.commands.push_back(describe(*command));
    for (CommandDescription& command : out.commands)
        for (ArgumentDescription& argument : command.arguments)
            if (argument.value.name == kCommand) argument.value.choices = program.command_names();
    return out;
}

}  // namespace keyshift::cli
