// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/line_prefixes.hpp"

#include <cstddef>
#include <string>

namespace keyshift::collectors {

std::vector<Finding> prefix_findings(const formats::LogMessages& messages) {
    std::string seen;
    for (std::size_t i = 0; i < formats::kLinePrefixes; ++i) {
        const std::uint64_t lines = messages.seen().at(i);
        if (lines == 0) continue;
        seen += (seen.empty() ? "" : ", ") + std::string(formats::kLinePrefixNames.at(i)) + " (" +
                std::to_string(lines) + " lines)";
    }
    if (seen.empty()) return {};
    return {
        {Finding::Kind::ok, "lines are read without what stands before them: " + seen,
         messages.strips_first() ? "rules see what is left; with prefix: none they see whole lines" : ""}};
}

}  // namespace keyshift::collectors
