// SPDX-License-Identifier: Apache-2.0
// Where a command's result goes: standard output, or a file that appears only when it is complete.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace keyshift::commands {

/// Who may read a file. Most list keys.
enum class Readers { user, everybody };

class Output {
 public:
    /// Empty `file`: standard output. Else a temporary file beside it, which finish() puts in its place.
    static base::Result<Output> open(const std::optional<std::filesystem::path>& file,
                                     Readers readers = Readers::user);
    Output(Output&& other) noexcept;
    Output& operator=(Output&&) = delete;
    /// Removes the temporary file unless finish() has put it in place.
    ~Output();

    /// Writes and clears `text`. Errors are of code `output`, but Errc::canceled when the reader of standard
    /// output has gone.
    base::Result<void> write(std::string& text);
    base::Result<void> finish();
    bool is_terminal() const;

 private:
    Output(int descriptor, std::filesystem::path target, std::string temporary);
    base::Error failure(int code) const;

    int descriptor_;
    std::filesystem::path target_;  // empty: standard output
    std::string temporary_;
};

}  // namespace keyshift::commands
