// SPDX-License-Identifier: Apache-2.0
// Prometheus' file_sd files as they are on the disk, read again whenever they change. A file that is broken,
// or one that is named and not there, keeps the targets that it last had. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "drivers/http_client/url.hpp"

namespace keyshift::collectors {

/// Something of which the targets are not, or no longer, known.
struct DiscoveryFault {
    std::string name;  ///< a file, or the "host:port" of a host name
    base::Error error;
};

class TargetFiles {
 public:
    /// `patterns`: paths, in whose last component * is any text. Targets without a scheme or a path of their
    /// own have these.
    TargetFiles(std::vector<std::filesystem::path> patterns, std::string scheme, std::string path)
        : patterns_(std::move(patterns)), scheme_(std::move(scheme)), path_(std::move(path)) {}

    struct Poll {
        std::vector<drivers::HttpUrl> targets;  ///< file by file; may name a target twice
        std::vector<DiscoveryFault> faults;
    };
    Poll poll();

    /// What must hold for a pattern; a predicate. Prometheus wants it too.
    static base::Result<void> check(const std::filesystem::path& pattern);

 private:
    /// Changes whenever the file does: device, inode, size, and the times of content and inode.
    using Identity = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;
    struct File {
        std::optional<Identity> identity = {};  ///< of what was read last, well or not
        std::vector<drivers::HttpUrl> targets = {};
        std::optional<base::Error> error = {};
        bool seen = false;  ///< in the poll that is under way
    };

    base::Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& pattern) const;
    void read_file(const std::filesystem::path& path, File& file);
    base::Result<std::vector<drivers::HttpUrl>> read(const std::filesystem::path& path) const;
    static std::optional<Identity> identity_of(const std::filesystem::path& path);

    std::vector<std::filesystem::path> patterns_;
    std::string scheme_;
    std::string path_;
    std::map<std::filesystem::path, File> files_;
};

}  // namespace keyshift::collectors
