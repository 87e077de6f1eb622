// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/decisions.hpp"

#include <cstdio>
#include <iostream>

#include <pwd.h>
#include <unistd.h>

#include "base/exit_code.hpp"
#include "collectors/configuration.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/terminal.hpp"
#include "config/tree/environment.hpp"

namespace keyshift::commands {

using base::Errc;
using base::Error;
using base::Result;

std::string deciding_user() {
    if (auto sudo = config::non_empty(config::process_environment(), "SUDO_USER")) return *std::move(sudo);
    const passwd* const entry =
        ::getpwuid(::geteuid());  // NOLINT(concurrency-mt-unsafe): a command's one thread
    return entry != nullptr ? entry->pw_name : "uid " + std::to_string(::geteuid());
}

Result<std::unique_ptr<store::State>> open_state(const config::Config& config) {
    auto state = store::State::attach(config.state.directory);
    if (state && !*state) {
        return Error{Errc::config, "there is no state in " + config.state.directory.string(),
                     "start keyshift serve first, or give its configuration with --config"};
    }
    return state;
}

Result<void> confirm(const std::string& question, const std::string& undone) {
    if (::isatty(STDIN_FILENO) == 0) {
        return Error{Errc::usage, undone + ": there is no terminal to ask on",
                     "say --yes where what is shown above is right"};
    }
    std::fputs((question + " [y/N] ").c_str(), stdout);
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "yes") return {};
    return Error{Errc::usage, undone, {}};
}

int run_decision(const std::optional<std::filesystem::path>& config, Sources sources, const Decide& decide) {
    const auto file = configuration_file(config);
    const config::Loaded loaded = collectors::read_configuration(file);
    const bool usable = loaded.problems.empty() ||
                        (file && sources == Sources::not_needed && is_sound_but_for_collectors(loaded));
    if (!usable) return print_problems(loaded.problems), base::kConfig;
    const auto state = open_state(loaded.config);
    if (!state) return print_error(state.error()), base::exit_code(state.error());
    const auto done = decide(loaded.config, **state);
    if (!done) return print_error(done.error()), base::exit_code(done.error());
    std::printf("%s\n", done->c_str());
    return base::kOk;
}

}  // namespace keyshift::commands
