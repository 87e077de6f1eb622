// SPDX-License-Identifier: Apache-2.0
// Any bytes as SQL: normalising twice is normalising once, and a statement is matched by itself and by a
// pattern with its middle left out. What stands before the first line feed is also tried as a pattern of the
// rest, against plain backtracking.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "formats/statements/pattern.hpp"

namespace {

using keyshift::formats::normalise_statement;
using keyshift::formats::StatementPattern;

/// Only for patterns that normalising does not touch.
bool plain_match(std::string_view pattern, std::string_view text) {
    std::vector<bool> reached(text.size() + 1, false);
    reached[0] = true;
    for (const char c : pattern) {
        if (c == '*') {
            for (std::size_t i = 1; i < reached.size(); ++i) reached[i] = reached[i] || reached[i - 1];
        } else {
            for (std::size_t i = reached.size(); i-- > 0;)
                reached[i] = i > 0 && reached[i - 1] && text[i - 1] == c;
        }
    }
    return reached[text.size()];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string once = normalise_statement(text);
    if (normalise_statement(once) != once) std::abort();
    const auto self = StatementPattern::parse(text);
    if (self && !self->match(once)) std::abort();
    const std::size_t split = text.find('\n');
    if (split == std::string_view::npos) return 0;
    const std::string_view glob = text.substr(0, split);
    const std::string rest = normalise_statement(text.substr(split + 1));
    const auto pattern = StatementPattern::parse(glob);
    if (!pattern) return 0;
    const bool matches = pattern->match(rest);
    const bool plain = glob.find_first_not_of("abc*") == std::string_view::npos;
    if (plain && matches != plain_match(glob, rest)) std::abort();
    return 0;
}
