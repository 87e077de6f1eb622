// SPDX-License-Identifier: Apache-2.0
// Prometheus' files of targets (file_sd), JSON or YAML: a list of groups with `targets` and `labels`. Pure:
// safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::config {

struct FileTarget {
    std::string address;  ///< "host:port" or "host": not empty, no URL
    std::string scheme;   ///< the label __scheme__; empty: not given
    std::string path;     ///< the label __metrics_path__; empty: not given
    bool operator==(const FileTarget&) const = default;
};

/// A file's size and the number of its targets are bounded.
inline constexpr std::size_t kFileSdBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kFileSdTargets = 10'000;

/// All targets of a file, in its order. An empty list of groups is no mistake. Fails with Errc::parse when
/// anything in it is wrong, for half of the targets would look like all; the message is a predicate ("has no
/// list of targets on line 3") to be put after the file's name.
base::Result<std::vector<FileTarget>> parse_file_sd(std::string_view text);

}  // namespace keyshift::config
