// SPDX-License-Identifier: Apache-2.0
// Which files globs name at this moment, and where a file is that has lost its name. Internal to drivers.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "drivers/files/access.hpp"

namespace keyshift::drivers {

/// A name and what it stood for.
struct NamedFile {
    std::string path;
    FileStatus status;
};

struct NamesFound {
    struct Fault {
        std::string path;
        std::string why;
        int code = 0;  ///< errno, or 0
    };
    std::vector<NamedFile> files = {};
    std::vector<Fault> faults = {};
    /// In which a new name could be found, as far as they are there.
    std::set<std::string> directories = {};
};

/// A pattern of one path or of several: * ? [...] in any part of it.
class LogGlobs {
 public:
    explicit LogGlobs(std::vector<std::string> globs) : globs_(std::move(globs)) {}

    /// Regular files, each path once; what else matches, directories that cannot be read, and a name without
    /// wildcards that is not there, are faults. A file with two names is found twice.
    NamesFound find() const;
    /// `name` in one of the directories may matter.
    bool may_match(std::string_view name) const;
    /// It stands in the configuration as it is.
    bool is_plain_name(const std::string& path) const;

 private:
    std::vector<std::string> globs_;
};

std::string directory_of(const std::string& path);
std::string base_name_of(const std::string& path);
/// As rotated files and copies are: "app.log.1", "app.log-20261125", "app.log~" and "app-20261125.log" after
/// "app.log", but not "app-debug.log".
bool is_named_after(const std::string& path, const std::string& original);

/// The paths of all regular files in a directory, perhaps of others too.
std::vector<std::string> list_files(const std::string& directory);
/// Where the file is now, if it is in `directory`: its path, or nothing.
struct Whereabouts {
    bool readable = false;  ///< the directory, which is still on the file's file system
    std::string path = {};
};
Whereabouts find_in(const std::string& directory, const FileId& id);

}  // namespace keyshift::drivers
