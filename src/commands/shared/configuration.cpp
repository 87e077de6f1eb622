// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/configuration.hpp"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

#include "base/utf8.hpp"
#include "collectors/configuration.hpp"
#include "drivers/host/reading_rights.hpp"

namespace keyshift::commands {
namespace {

/// Where the package has it.
constexpr const char* kInstalled = "/etc/keyshift/keyshift.yaml";

}  // namespace

std::optional<std::filesystem::path> configuration_file(const std::optional<std::filesystem::path>& given) {
    if (given) return given;
    if (auto named = config::non_empty(config::process_environment(), "KEYSHIFT_CONFIG")) return *named;
    if (::access(kInstalled, R_OK) == 0) return kInstalled;
    return std::nullopt;
}

std::string config_option(const std::optional<std::filesystem::path>& file) {
    if (!file || *file == kInstalled) return {};
    return " --config " + drivers::in_shell_quotes(std::filesystem::absolute(*file));
}

std::optional<config::Config> load_configuration(const std::optional<std::filesystem::path>& given) {
    config::Loaded loaded = collectors::read_configuration(configuration_file(given));
    print_problems(loaded.problems);
    if (!loaded.problems.empty()) return std::nullopt;
    return std::move(loaded.config);
}

bool is_sound_but_for_collectors(const config::Loaded& loaded) {
    return std::all_of(loaded.problems.begin(), loaded.problems.end(), [](const config::Problem& problem) {
        return problem.key.rfind("collectors", 0) == 0;
    });
}

void print_problems(const std::vector<config::Problem>& problems) {
    for (const config::Problem& problem : problems)
        std::fprintf(stderr, "%s%s\n", problem.file.empty() ? "keyshift: " : "", problem.text().c_str());
}

void print_error(const base::Error& error) {
    std::fprintf(stderr, "keyshift: %s\n", error.text().c_str());
}

}  // namespace keyshift::commands
