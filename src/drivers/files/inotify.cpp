// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/inotify.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace keyshift::drivers {
namespace {

// Not in every linux/magic.h.
constexpr std::uint32_t kCifs = 0xff534d42;
constexpr std::uint32_t kSmb2 = 0xfe534d42;
constexpr std::uint32_t kFuse = 0x65735546;
constexpr std::uint32_t kCeph = 0x00c36400;
constexpr std::uint32_t kLustre = 0x0bd00bd0;
constexpr std::uint32_t kGpfs = 0x47504653;
constexpr std::uint32_t kOcfs2 = 0x7461636f;
constexpr std::uint32_t kGfs2 = 0x01161970;
constexpr std::array<std::uint32_t, 15> kSilent{NFS_SUPER_MAGIC,
                                                SMB_SUPER_MAGIC,
                                                kCifs,
                                                kSmb2,
                                                kFuse,
                                                kCeph,
                                                kLustre,
                                                kGpfs,
                                                kOcfs2,
                                                kGfs2,
                                                V9FS_MAGIC,
                                                AFS_SUPER_MAGIC,
                                                CODA_SUPER_MAGIC,
                                                AFS_FS_MAGIC,
                                                OVERLAYFS_SUPER_MAGIC};

}  // namespace

Inotify::Inotify() : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

int Inotify::add(const std::string& path, std::uint32_t mask) {
    return descriptor_ ? ::inotify_add_watch(descriptor_.get(), path.c_str(), mask) : -1;
}

void Inotify::remove(int watch) {
    if (descriptor_ && watch >= 0) ::inotify_rm_watch(descriptor_.get(), watch);
}

void Inotify::drain(const std::function<void(const Event&)>& tell) {
    if (!descriptor_) return;
    alignas(inotify_event) std::array<char, 16 * 1024> buffer;
    for (;;) {
        const ssize_t got = ::read(descriptor_.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        for (const char* at = buffer.data(); at < buffer.data() + got;) {
            inotify_event event{};
            std::memcpy(&event, at, sizeof event);
            const char* name = at + sizeof event;
            at = name + event.len;
            const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
            tell({lost ? -1 : event.wd, event.mask, {name, ::strnlen(name, event.len)}});
        }
    }
}

bool tells_changes(const std::string& path) {
    struct statfs status{};
    if (::statfs(path.c_str(), &status) != 0) return true;
    const auto type = static_cast<std::uint32_t>(status.f_type);
    return std::find(kSilent.begin(), kSilent.end(), type) == kSilent.end();
}

}  // namespace keyshift::drivers
