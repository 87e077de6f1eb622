// SPDX-License-Identifier: Apache-2.0
// Any expressions and literals over any lines: one pass finds every expression that matches alone, and no
// other, a beginning is one of every match, and all literals are found that one comparison with each finds.
// The first line of the input is the expression and a literal, the second another one of both, the rest is
// text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "formats/lines/beginnings.hpp"
#include "formats/lines/expressions.hpp"

namespace {

using namespace keyshift::formats;

std::string take_line(std::string_view& from) {
    const std::size_t end = std::min(from.find('\n'), from.size());
    const std::string line(from.substr(0, end));
    from.remove_prefix(std::min(end + 1, from.size()));
    return line;
}

void check_literals(const std::vector<std::string>& literals, std::string_view text) {
    std::vector<std::size_t> found;
    LineBeginnings(literals).find(text, [&](std::size_t index) { found.push_back(index); });
    std::sort(found.begin(), found.end());
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < literals.size(); ++i)
        if (text.starts_with(literals[i])) expected.push_back(i);
    if (found != expected) std::abort();
}

void check_expressions(const std::vector<std::string>& expressions, std::string_view text) {
    LineExpressions all(expressions, {"key_id", "client"});
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        NamedGroups groups;
        const bool matches = all.match(i, text, groups);
        if (matches && !text.starts_with(beginning_of_matches(expressions[i]))) std::abort();
        const auto& found = all.matches(text);
        if (std::ranges::count(found, i, &LineExpressions::Match::index) != (matches ? 1 : 0)) std::abort();
        const auto same = std::ranges::find(found, i, &LineExpressions::Match::index);
        if (matches && same->groups != groups) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4096));
    std::vector<std::string> literals;
    std::vector<std::string> expressions;
    for (int i = 0; i < 2; ++i) {
        const std::string line = take_line(text);
        if (!line.empty()) literals.push_back(line);
        if (!line.empty() && line.size() < 200 && check_expression(line)) expressions.push_back(line);
    }
    const std::string line = take_line(text);
    check_literals(literals, line);
    if (!expressions.empty()) check_expressions(expressions, line);
    return 0;
}
