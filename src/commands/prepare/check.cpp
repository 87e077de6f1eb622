// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "base/exit_code.hpp"
#include "collectors/catalog.hpp"
#include "commands/commands.hpp"

namespace keyshift::commands {

int run_check(const CheckCommand& command) {
    const auto environment = config::process_environment();
    int result = base::kOk;
    for (const auto& file : command.files) {
        const config::Loaded loaded = config::load(file, environment, collectors::catalog_types());
        for (const auto* const list : {&loaded.problems, &loaded.warnings})
            for (const config::Problem& problem : *list) std::fprintf(stderr, "%s\n", problem.text().c_str());
        if (loaded.problems.empty()) {
            std::printf("%s: ok\n", file.c_str());
        } else {
            result = base::kConfig;
        }
    }
    return result;
}

}  // namespace keyshift::commands
