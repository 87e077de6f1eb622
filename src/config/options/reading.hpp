// SPDX-License-Identifier: Apache-2.0
// What the readers of one load share: the surroundings of the file, and what has been found so far. Internal
// to config; not thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/tree/environment.hpp"
#include "config/tree/node.hpp"
#include "config/tree/problem.hpp"

namespace keyshift::config {

/// A key that the program understands, found by reading: there is no second list. Tests hold the
/// documentation against it.
struct KnownKey {
    std::string path;      ///< "gateway.columns.id"; a collector's are "collectors[keys].interval"
    std::string fallback;  ///< the default as it would be written; "null" when it has none
    bool operator==(const KnownKey&) const = default;
};

struct Reading {
    /// A mapping that was read, and the keys it was asked for, in that order.
    struct Section {
        std::string label;
        std::vector<std::string> keys;
    };

    std::string file;                 ///< as messages name it; empty: no file
    std::filesystem::path directory;  ///< where relative paths start
    Environment environment;
    std::vector<Problem> problems;
    std::vector<Problem> warnings;
    std::vector<KnownKey> known;
    std::set<std::filesystem::path> secret_files;  ///< that the file names
    std::map<const TreeNode*, Section> sections;
    std::map<std::string, const TreeNode*, std::less<>> collectors;  ///< those listed, by type
    std::vector<const TreeNode*> consulted;  ///< of them, those that the one being read refers to
};

/// Adds a problem for each key of the file that no reader asked for, with the nearest one that is known.
void report_unknown_keys(Reading& reading);

}  // namespace keyshift::config
