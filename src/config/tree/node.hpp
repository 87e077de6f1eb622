// SPDX-License-Identifier: Apache-2.0
// A YAML document as plain values with their positions, so that only yaml.cpp knows the YAML library.
// Read-only once built: safe to share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/tree/problem.hpp"

namespace keyshift::config {

struct Entry;

struct TreeNode {
    enum class Kind {
        null,  ///< nothing, `~` or `null`, unquoted
        text,  ///< every other scalar: what it means is for its reader to say
        list,
        map,
        broken,  ///< already reported: readers pass over it
    };

    Kind kind = Kind::null;
    Position at;
    std::string text;             ///< as written, ${VARIABLES} not expanded
    std::vector<TreeNode> items;  ///< of a list
    std::vector<Entry> entries;   ///< of a map, in the file's order; keys are unique
    bool quoted = false;          ///< of a text: between quotes, or a block of lines

    /// The value at `key` of a map; null when there is none. Lives as long as this node is not changed.
    const TreeNode* find(std::string_view key) const;
};

/// Appends what `node` says, wherever it stands: equal texts, equal content. May hold secrets.
void append_content(const TreeNode& node, std::string& out);

struct Entry {
    std::string key;
    Position at;  ///< of the key
    TreeNode value;
};

}  // namespace keyshift::config
