// SPDX-License-Identifier: Apache-2.0
// All log files that are known: which of them are open and watched, and what of them has to be saved.
// Internal to drivers. One thread at a time.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "drivers/files/file.hpp"
#include "drivers/files/input.hpp"
#include "drivers/files/watch.hpp"

namespace keyshift::drivers {

class LogFileTable {
 public:
    using Files = std::map<FileId, std::unique_ptr<LogFile>>;

    explicit LogFileTable(Watching watching);

    Files::iterator begin() { return files_.begin(); }
    Files::iterator end() { return files_.end(); }
    Files::const_iterator begin() const { return files_.begin(); }
    Files::const_iterator end() const { return files_.end(); }
    /// nullptr: it is not known.
    LogFile* find(const FileId& id) const;
    /// In the place of one with the same id. What points to a file stays valid until it is forgotten.
    LogFile& add(std::unique_ptr<LogFile> file);
    /// Also what was saved of it. `file` is no more.
    void forget(LogFile& file);

    /// By its last name, and watched from then on; others may be closed for it. False: errno says why, and
    /// ENOENT also that the name stands for another file by now. Also a file that is not in the table.
    bool open(LogFile& file);
    /// Neither open nor watched; what happens to it, the names tell.
    void release(LogFile& file);
    /// How many may be open at a time.
    std::size_t most_open() const { return most_open_; }
    LogFileWatch& watch() { return watch_; }
    const LogFileWatch& watch() const { return watch_; }

    /// Its record has changed.
    void note_dirty(LogFile& file);
    /// What has to be saved since the last call.
    void take_changes(LogCursorChanges& out);

 private:
    void close(LogFile& file);
    void close_idle();

    const std::size_t most_open_;
    std::size_t open_ = 0;
    Files files_;
    LogFileWatch watch_;
    std::vector<LogFile*> dirty_;
    LogCursorChanges forgotten_;
};

}  // namespace keyshift::drivers
