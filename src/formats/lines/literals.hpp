// SPDX-License-Identifier: Apache-2.0
// Which plain texts every match of a regular expression holds: where none of them stands, nothing matches.
// Pure; any thread. Kept inside src/formats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyshift::formats {

struct RequiredLiterals {
    /// Every match holds one of them; empty: nothing is known.
    std::vector<std::string> any_of = {};
    /// ... and wherever one of them stands, there is a match.
    bool exact = false;
};

/// Of an expression in RE2's syntax over bytes, which is good. What is written in an unusual way is not
/// understood, and then nothing is known.
RequiredLiterals required_literals(std::string_view expression);

}  // namespace keyshift::formats
