// SPDX-License-Identifier: Apache-2.0
// Changes of files and directories, as the kernel tells of them. Internal to drivers. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "drivers/files/access.hpp"

namespace keyshift::drivers {

class Inotify {
 public:
    struct Event {
        int watch;           ///< -1: events were lost, anything may have changed
        std::uint32_t mask;  ///< of inotify(7)
        std::string_view name;
    };

    /// Where the kernel gives none (a limit is reached), descriptor() is -1 and add() gives -1.
    Inotify();
    static Inotify none() { return Inotify(Descriptor()); }

    int descriptor() const { return descriptor_.get(); }
    /// The number of the watch, the same for the same file; -1 when it cannot be watched.
    int add(const std::string& path, std::uint32_t mask);
    void remove(int watch);
    /// All that has happened since the last call, in its order. Does not wait.
    void drain(const std::function<void(const Event&)>& tell);

 private:
    explicit Inotify(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

    Descriptor descriptor_;
};

/// Changes of files on this file system are told of by this machine's kernel, all of them: not so on network
/// and FUSE file systems, and not always on overlays.
bool tells_changes(const std::string& path);

}  // namespace keyshift::drivers
