// SPDX-License-Identifier: Apache-2.0
// A directory of a test's own: the one way in which tests in C++ get one.
#pragma once

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include <stdlib.h>

namespace keyshift {

/// Made when the object is, and removed with it, whatever is in it then. Declare it before what has files
/// open in it. If it cannot be made, the constructor throws std::filesystem::filesystem_error; if it cannot
/// be removed, the program ends by std::terminate, which names it.
class TemporaryDirectory {
 public:
    /// `name` stands in that of the directory, for whoever finds it after a crash.
    explicit TemporaryDirectory(const std::string& name,
                                const std::filesystem::path& parent = std::filesystem::temp_directory_path())
        : path_(made((parent / ("keyshift-" + name + "-XXXXXX")).string())) {}
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    /// Absolute where the parent is.
    const std::filesystem::path& path() const { return path_; }

 private:
    static std::filesystem::path made(std::string name) {
        if (::mkdtemp(name.data()) == nullptr) {
            const std::error_code why(errno, std::generic_category());
            throw std::filesystem::filesystem_error("cannot make a temporary directory", name, why);
        }
        return name;
    }

    std::filesystem::path path_;
};

}  // namespace keyshift
