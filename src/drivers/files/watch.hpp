// SPDX-License-Identifier: Apache-2.0
// Which log files and directories have changed. Internal to drivers. One thread at a time.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "drivers/files/file.hpp"
#include "drivers/files/inotify.hpp"
#include "drivers/files/names.hpp"

namespace keyshift::drivers {

enum class Watching { by_kernel, none };

/// What the kernel has run out of, for this user.
enum class WatchLimit { none, instances, watches };

class LogFileWatch {
 public:
    /// none: as where the kernel gives no watches.
    explicit LogFileWatch(Watching watching);

    /// What has happened since the last read_changes().
    struct Changes {
        std::vector<LogFile*> files = {};  ///< perhaps one several times
        bool names = false;                ///< there may be other files now
        bool everything = false;           ///< nobody knows
    };

    int descriptor() const { return inotify_.descriptor(); }
    /// Everything asked for is watched, and will tell.
    bool complete() const { return complete_; }
    /// Why not, if it is for want of something that can be raised.
    WatchLimit limit() const { return limit_; }

    /// Of these and no others, names are watched.
    void watch_directories(const std::set<std::string>& directories);
    /// An open file, until unwatch(). Once is enough.
    void watch(LogFile& file);
    void unwatch(LogFile& file);
    /// Also sets and takes back LogFile::closed and LogFile::released.
    Changes read_changes(const LogGlobs& globs);

 private:
    void note(const Inotify::Event& event, const LogGlobs& globs, Changes& changes);
    void forget(int watch);

    Inotify inotify_;
    bool complete_ = inotify_.descriptor() >= 0;
    WatchLimit limit_ = WatchLimit::none;
    std::unordered_map<std::string, int> directories_;
    std::unordered_map<int, LogFile*> files_;
    std::set<std::uint64_t> devices_;  // that were asked whether they tell
};

}  // namespace keyshift::drivers
