// SPDX-License-Identifier: Apache-2.0
// The text of a configuration file before the YAML library sees it, and what that library's complaints mean
// in plain words. Internal to config. Pure: safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "config/tree/problem.hpp"

namespace keyshift::config {

/// Finds line and column of byte offsets. Cheap when each is near the one before.
class PositionFinder {
 public:
    /// `text` must outlive this.
    explicit PositionFinder(std::string_view text) : text_(text) {}

    Position at(std::size_t offset);

 private:
    std::string_view text_;
    std::size_t offset_ = 0;
    Position position_{1, 1};
};

/// The first thing in `text` that no configuration file holds: invalid UTF-8, a byte order mark, a control
/// character. The YAML library would read past them, or stop without a word.
std::optional<Problem> find_foreign_bytes(std::string_view text);

/// The library's `message` about `text` at `offset` as a problem that says what to do. What the library
/// quotes is dropped: it may be a part of a secret. `read` is the offset behind the last value that was
/// understood.
Problem explain_syntax_error(std::string_view message, std::string_view text, std::size_t offset,
                             std::size_t read);

/// A second document begins at `offset`: on purpose, or because a line is not indented like the list above
/// it.
Problem explain_second_document(std::string_view text, std::size_t offset);

}  // namespace keyshift::config
