// SPDX-License-Identifier: Apache-2.0
// Regular expressions over lines, in RE2's syntax, byte by byte: "." is one byte. However they are written, a
// text takes time in proportion to its length. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::formats {

inline constexpr std::size_t kMostNamedGroups = 4;
/// What the groups of these names hold; empty where a group is not there, or took no part.
using NamedGroups = std::array<std::string_view, kMostNamedGroups>;

/// Whether it can be used, and if so the names of its groups (?P<name>...).
base::Result<std::vector<std::string>> check_expression(const std::string& expression);

/// A text that every match begins with, at the beginning of what is searched; empty: there is none that is
/// known. Precondition: check_expression() has found it good.
std::string beginning_of_matches(const std::string& expression);

class LineExpressions {
 public:
    struct Match {
        std::size_t index;
        NamedGroups groups;
    };

    /// Precondition: each is good, or empty and never asked for. `names`: at most kMostNamedGroups of groups
    /// whose text is wanted.
    LineExpressions(const std::vector<std::string>& expressions, const std::vector<std::string>& names);
    ~LineExpressions();
    LineExpressions(LineExpressions&&) noexcept;
    LineExpressions& operator=(LineExpressions&&) noexcept;

    /// Whether `text` holds a match of that expression, and what its groups are.
    bool match(std::size_t index, std::string_view text, NamedGroups& groups) const;
    /// All expressions that match() is true for, each once, in no order, in one pass over `text`. Valid until
    /// the next call.
    const std::vector<Match>& matches(std::string_view text);

 private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace keyshift::formats
