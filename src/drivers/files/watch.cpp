// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/watch.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/inotify.h>

namespace keyshift::drivers {
namespace {

constexpr std::uint32_t kNames = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB |
                                 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kMoves = IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB;
constexpr std::uint32_t kContent = IN_MODIFY | IN_CLOSE_WRITE | kMoves;

}  // namespace

LogFileWatch::LogFileWatch(Watching watching)
    : inotify_(watching == Watching::by_kernel ? Inotify() : Inotify::none()) {
    if (watching == Watching::by_kernel && !complete_) limit_ = WatchLimit::instances;
}

void LogFileWatch::watch_directories(const std::set<std::string>& directories) {
    for (auto at = directories_.begin(); at != directories_.end();) {
        if (directories.contains(at->first)) {
            ++at;
        } else {
            inotify_.remove(at->second);
            at = directories_.erase(at);
        }
    }
    for (const std::string& directory : directories) {
        if (directories_.contains(directory)) continue;
        const int watch = inotify_.add(directory, kNames);
        // One that has just gone, or may not be read, needs no examining.
        const bool needless = watch < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
        if (watch < 0 && errno == ENOSPC) limit_ = WatchLimit::watches;
        complete_ = complete_ && (watch >= 0 || needless) && tells_changes(directory);
        if (watch >= 0) directories_[directory] = watch;
    }
}

void LogFileWatch::watch(LogFile& file) {
    if (file.watch >= 0) return;
    // By its descriptor, since the name may stand for another file by now.
    const std::string path = "/proc/self/fd/" + std::to_string(file.descriptor.get());
    file.watch = inotify_.add(path, kContent);
    if (file.watch >= 0) files_[file.watch] = &file;
    if (file.watch < 0 && errno == ENOSPC) limit_ = WatchLimit::watches;
    // A link may lead to another file system.
    const bool tells = !devices_.insert(file.record.id.device).second || tells_changes(path);
    complete_ = complete_ && file.watch >= 0 && tells;
}

void LogFileWatch::unwatch(LogFile& file) {
    if (file.watch < 0) return;
    files_.erase(file.watch);
    inotify_.remove(file.watch);
    file.watch = -1;
}

LogFileWatch::Changes LogFileWatch::read_changes(const LogGlobs& globs) {
    Changes changes;
    inotify_.drain([&](const Inotify::Event& event) { note(event, globs, changes); });
    if (changes.everything)
        for (auto& [watch, file] : files_) file->closed = file->released = false;
    return changes;
}

void LogFileWatch::note(const Inotify::Event& event, const LogGlobs& globs, Changes& changes) {
    if (event.watch < 0) {
        changes.everything = true;
    } else if (const auto found = files_.find(event.watch); found != files_.end()) {
        LogFile& file = *found->second;
        if ((event.mask & IN_MODIFY) != 0) file.released = false;
        if ((event.mask & IN_CLOSE_WRITE) != 0) file.closed = file.released = true;
        if ((event.mask & kMoves) != 0) {
            // What was closed before was not the end.
            file.closed = false;
            changes.names = true;
        }
        if ((event.mask & IN_IGNORED) != 0) {
            file.watch = -1;
            files_.erase(found);
            return;
        }
        changes.files.push_back(&file);
    } else if ((event.mask & (IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF)) != 0) {
        forget(event.watch);
        changes.names = true;
    } else if (globs.may_match(event.name)) {
        changes.names = true;
    }
}

/// A directory that is no longer where it was.
void LogFileWatch::forget(int watch) {
    const auto found = std::find_if(directories_.begin(), directories_.end(),
                                    [&](const auto& entry) { return entry.second == watch; });
    if (found == directories_.end()) return;
    inotify_.remove(watch);
    directories_.erase(found);
}

}  // namespace keyshift::drivers
