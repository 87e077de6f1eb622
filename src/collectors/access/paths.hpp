// SPDX-License-Identifier: Apache-2.0
// Request targets: which of them count, and how they are shown. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyshift::collectors {

/// The path of a request target: without the query, and without what stands before the path in an absolute
/// target (http://host/path). Empty when there is none: "*", host:443.
std::string_view path_of(std::string_view target);
/// What a path stands for: %XX resolved, // as /, and without /./ and /../. Never outside the root.
std::string resolved_path(std::string_view path);
/// `path`, resolved, as it may be kept and shown: cut off where a query or something like a key begins.
std::string shown_path(std::string_view path);
/// Any text of a client's, likewise.
std::string shown_text(std::string text);

/// Those that begin with one of some prefixes, as they stand or for what they stand for.
class PathFilter {
 public:
    /// Each prefix begins with '/'.
    explicit PathFilter(std::vector<std::string> prefixes) : prefixes_(std::move(prefixes)) {}

    bool holds(std::string_view target) const;

 private:
    bool begins(std::string_view path) const;

    std::vector<std::string> prefixes_;
};

}  // namespace keyshift::collectors
