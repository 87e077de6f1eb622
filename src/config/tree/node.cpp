// SPDX-License-Identifier: Apache-2.0
#include "config/tree/node.hpp"

#include <algorithm>

namespace keyshift::config {

const TreeNode* TreeNode::find(std::string_view key) const {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
    return found == entries.end() ? nullptr : &found->value;
}

void append_content(const TreeNode& node, std::string& out) {
    const auto append = [&out](std::string_view text) {
        out += std::to_string(text.size()) + ":";
        out += text;
    };
    out += std::to_string(static_cast<int>(node.kind)) + "(";
    append(node.text);
    for (const TreeNode& item : node.items) append_content(item, out);
    for (const Entry& entry : node.entries) {
        append(entry.key);
        append_content(entry.value, out);
    }
    out += ")";
}

}  // namespace keyshift::config
