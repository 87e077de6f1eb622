// SPDX-License-Identifier: Apache-2.0
// The files of a journal, seen from outside: libsystemd passes over those it may not read without a
// word. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace keyshift::drivers {

struct JournalFiles {
    std::size_t readable = 0;
    std::uint64_t size_bytes = 0;         ///< on the disk, of those
    std::vector<std::string> unreadable;  ///< "PATH: why", files and directories
};

/// An empty directory is the machine's own journal.
JournalFiles find_journal_files(const std::filesystem::path& directory);

/// What lets this user read a machine's journal.
std::string how_to_read_journal();
/// Why a journal without a file that can be read is one.
base::Error no_journal_files(const std::filesystem::path& directory, const JournalFiles& files);

}  // namespace keyshift::drivers
