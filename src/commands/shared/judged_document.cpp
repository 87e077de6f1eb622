// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/judged_document.hpp"

#include <cstdio>

namespace keyshift::commands {

base::Result<Snapshot> snapshot_without_daemon(const Asker& asker) {
    if (asker.is_complete()) return take_snapshot(asker.loaded.config);
    const config::Problem& problem = asker.loaded.problems.front();
    return base::Error{base::Errc::config, problem.text(), {}};
}

void print_differences(const api::Judged& judged) {
    for (const api::Difference& difference : judged.differences)
        std::fprintf(stderr, "note: %s\n", difference_text(difference).c_str());
}

}  // namespace keyshift::commands
