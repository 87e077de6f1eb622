// SPDX-License-Identifier: Apache-2.0
// Text to TreeNode: strict YAML. One document, no tags, no duplicate keys, no control characters. Pure: safe
// from any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/tree/node.hpp"
#include "config/tree/problem.hpp"

namespace keyshift::config {

/// Whether an alias may stand for what an anchor names. A small file must not grow large: to 10,000 values.
enum class Aliases : bool { refused, taken };

/// The document; empty when it could not be read to its end. What is wrong is appended to `problems` with
/// `file` empty; when there is a document too, its faulty parts are `broken` or left out. Messages never
/// repeat values.
std::optional<TreeNode> parse_yaml(std::string_view text, std::vector<Problem>& problems,
                                   Aliases aliases = Aliases::refused);

}  // namespace keyshift::config
