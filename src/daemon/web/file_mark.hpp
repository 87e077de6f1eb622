// SPDX-License-Identifier: Apache-2.0
// What tells that a file has changed, without reading it. Looks at the disk; any thread.
#pragma once

#include <cstdint>
#include <filesystem>

namespace keyshift::daemon {

struct FileMark {
    bool is_there = false;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified = 0;  ///< nanoseconds
    std::int64_t changed = 0;   ///< likewise, which nobody can set back

    bool operator==(const FileMark&) const = default;

    /// Of what the name leads to now.
    static FileMark of(const std::filesystem::path& file);
    /// Whether it changed within the last tenth of a second: another change could leave the same mark.
    bool is_fresh() const;
};

}  // namespace keyshift::daemon
