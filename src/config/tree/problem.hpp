// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration, where it stands, and what to do about it. Values: safe to move between
// threads.
#pragma once

#include <string>
#include <vector>

namespace keyshift::config {

/// A place in a file, counted from 1; a column is a character, not a byte. Zero: the file as a whole.
struct Position {
    int line = 0;
    int column = 0;
    bool operator==(const Position&) const = default;
};

enum class Severity {
    error,    ///< the configuration cannot be used
    warning,  ///< it can, and means something that hardly anybody wants
};

/// Never holds the value of a secret, of an expanded variable, or of a URL that may carry a password.
struct Problem {
    std::string file;  ///< as the caller named it; empty when no file was read
    Position at;
    std::string key;   ///< "gateway.columns.id"; empty where no key is at fault
    std::string what;  ///< what is wrong, one line, no full stop
    std::string hint;  ///< what to do; may be empty
    Severity severity = Severity::error;

    bool operator==(const Problem&) const = default;

    /// "file:line:col: key: what, what to do" without the parts that are not there; of a warning
    /// "file:line:col: warning: key: ...". Free of control characters.
    std::string text() const;
};

/// By file and position, repetitions dropped: the order in which people repair them. Of more than a hundred,
/// the rest becomes one problem that counts them.
void sort_problems(std::vector<Problem>& problems);

}  // namespace keyshift::config
