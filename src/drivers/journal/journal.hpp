// SPDX-License-Identifier: Apache-2.0
// One open journal and a place in it: libsystemd's calls with errors as values. Used on one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "drivers/journal/library.hpp"
#include "drivers/journal/matches.hpp"

namespace keyshift::drivers {

class Journal {
 public:
    /// An empty directory is the machine's own journal, of all users. Fails when there are no journal files
    /// or none that may be read.
    static base::Result<Journal> open(const std::filesystem::path& directory);

    /// From now on only entries for which each of `matches` holds are met. The place is forgotten: seek.
    base::Result<void> filter(const std::vector<JournalMatch>& matches);
    /// Before the first entry.
    base::Result<void> seek_begin();
    /// On the last entry; false when there is none.
    base::Result<bool> seek_last();
    /// On the entry of that cursor, else on the next one behind it; false when there is none, and next()
    /// finds the first that comes.
    base::Result<bool> seek(const std::string& cursor);

    /// False at the end; the place stays. Files found to be damaged are left out from then on.
    base::Result<bool> next();
    /// Of the entry at the place.
    base::Result<std::string> cursor() const;
    bool at(const std::string& cursor) const;

    struct Field {
        bool damaged = false;  ///< it may be there, and cannot be read
        std::optional<std::string_view> value =
            {};  ///< at least the first kLogBlock bytes; until the next call
    };
    Field field(const char* name) const;

    /// Readable when process() has something to do. -1: nothing tells.
    int wake_fd() const;
    /// Whether wake_fd() tells of everything.
    bool reliable() const;
    enum class Change { none, appended, files };
    /// What has happened. Files: some came or went.
    Change process();
    /// Of the files that are open.
    std::uint64_t size_bytes() const;

 private:
    struct Close {
        void (*close)(sd_journal*);
        void operator()(sd_journal* journal) const { close(journal); }
    };
    Journal(const JournalLibrary& library, sd_journal* handle)
        : library_(library), handle_(handle, Close{library.close}) {}

    JournalLibrary library_;
    std::unique_ptr<sd_journal, Close> handle_;
};

}  // namespace keyshift::drivers
