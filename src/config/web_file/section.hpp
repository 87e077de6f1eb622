// SPDX-License-Identifier: Apache-2.0
// One mapping of the web file while it is read: each call names a key and gives its value, or records a
// problem and gives the fallback. What no call has named is a problem in the end. Internal to the room.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree/node.hpp"
#include "config/tree/problem.hpp"

namespace keyshift::config {

class WebSection {
 public:
    /// What is found wrong, of the whole file.
    struct Found {
        std::vector<Problem> problems;
        std::vector<Problem> warnings;
    };

    /// `node` is null where the section is absent; `label` is its path, empty for the whole file.
    WebSection(const TreeNode* node, std::string label, Found& found);

    /// Given, even as nothing.
    bool has(std::string_view key) const;
    /// Given as nothing, or the section itself is: then what it has by default goes too.
    bool is_null(std::string_view key) const;
    bool is_null() const;

    std::string text(std::string_view key);
    bool boolean(std::string_view key, bool fallback);
    std::int64_t integer(std::string_view key);
    std::int64_t nanoseconds(std::string_view key);
    /// Empty: absent, or nothing.
    std::optional<std::vector<const TreeNode*>> items(std::string_view key);
    WebSection section(std::string_view key);
    /// All entries, of a mapping whose keys are not known beforehand.
    const std::vector<Entry>& entries() const;

    void problem(std::string_view key, std::string what, std::string hint);
    void problem(const TreeNode& node, std::string_view key, std::string what, std::string hint);
    void warning(std::string_view key, std::string what, std::string hint);
    /// Adds a problem for each key that was not named.
    void refuse_unknown();

 private:
    const TreeNode* named(std::string_view key);
    const TreeNode* find(std::string_view key) const;
    std::string path(std::string_view key) const;
    Position position(std::string_view key) const;

    const TreeNode* node_;
    std::string label_;
    Found* found_;
    std::vector<std::string> known_;
};

}  // namespace keyshift::config
