// SPDX-License-Identifier: Apache-2.0
#include "config/tree/problem.hpp"

#include <algorithm>
#include <tuple>

#include "base/utf8.hpp"

namespace keyshift::config {

std::string Problem::text() const {
    std::string out = file;
    if (at.line > 0 && !file.empty()) out += ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    if (!out.empty()) out += ": ";
    if (severity == Severity::warning) out += "warning: ";
    if (!key.empty()) out += key + ": ";
    out += what;
    if (!hint.empty()) out += ", " + hint;
    return base::escape_unsafe(out);
}

void sort_problems(std::vector<Problem>& problems) {
    const auto key = [](const Problem& p) {
        return std::tie(p.file, p.at.line, p.at.column, p.key, p.what, p.hint);
    };
    std::sort(problems.begin(), problems.end(),
              [&](const Problem& a, const Problem& b) { return key(a) < key(b); });
    problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
    constexpr std::size_t kMost = 100;
    if (problems.size() <= kMost) return;
    const std::size_t more = problems.size() - kMost;
    problems.resize(kMost);
    problems.push_back({problems.back().file, problems.back().at, "",
                        "there are " + std::to_string(more) + " more problems after this one",
                        "mend these first"});
}

}  // namespace keyshift::config
