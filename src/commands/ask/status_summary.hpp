// SPDX-License-Identifier: Apache-2.0
// What `keyshift status` says first, whoever reads no further: the verdict with one reason, who is locked
// out, what comes next, and when. Pure.
#pragma once

#include <string>

#include "api/status.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {

struct StatusSummary {
    std::string verdict;  ///< with its word, which is not in the others
    std::string locked_out;
    std::string left;
    std::string dates;
};

/// `width`: in which the verdict's reason is to fit, unless it is an error, of which all has to be read.
StatusSummary summarize(const api::Status& status, std::size_t width, const Terminal& terminal);

/// Sources that are down, and that have to be up.
bool is_down(const api::SourceReport& source);
/// All of them by name: "10.0.0.7:9090, 10.0.0.8:9090".
std::string missing_parts(const api::SourceReport& source, base::Time now);

}  // namespace keyshift::commands
