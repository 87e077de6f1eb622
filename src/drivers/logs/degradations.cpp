// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/degradations.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "drivers/files/names.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using namespace std::chrono_literals;

/// A log that nobody has written to for so long may be the wrong one.
constexpr base::Duration kOld = 24h;

/// "sysctl -w NAME=VALUE", twice what it is and no less than `least`.
Error raise(const std::string& what, const std::string& name, std::uint64_t least) {
    std::uint64_t now = 0;
    std::ifstream("/proc/sys/fs/inotify/" + name) >> now;
    const std::string setting = "fs.inotify." + name + " = " + std::to_string(std::max(2 * now, least));
    return {Errc::other, what + ", and logs are polled once a second instead",
            "as root: sysctl -w '" + setting + "'  (and the same line in /etc/sysctl.d/keyshift.conf)"};
}

base::Time written_at(const FileStatus& status) {
    return base::Time{
        std::chrono::duration_cast<base::Duration>(std::chrono::nanoseconds{status.modified_ns})};
}

/// The log that was written last may be the wrong one.
std::optional<Error> doubt_of(const LogFile& newest) {
    const std::string name = base::escape_unsafe(newest.record.path);
    const std::string is_it =
        "is it the log that is written? See: ls -lt " + base::escape_unsafe(directory_of(newest.record.path));
    if (newest.status.size == 0) return Error{Errc::other, name + " is empty so far", is_it};
    if (base::now() - written_at(newest.status) <= kOld) return std::nullopt;
    return Error{
        Errc::other,
        "nothing was written to " + name + " since " + base::format_rfc3339(written_at(newest.status)),
        is_it};
}

}  // namespace

std::vector<Error> degradations_of(const LogFileTable& files, const std::vector<std::string>& globs,
                                   std::size_t faults) {
    std::vector<Error> out;
    if (files.watch().limit() == WatchLimit::instances)
        out.push_back(raise("no inotify instance is left to this user", "max_user_instances", 1024));
    if (files.watch().limit() == WatchLimit::watches)
        out.push_back(raise("no inotify watch is left to this user", "max_user_watches", 524'288));
    const LogFile* newest = nullptr;
    std::size_t followed = 0;
    for (const auto& [id, file] : files) {
        if (!file->named || !file->problem.empty() || file->state == LogFile::State::compressed) continue;
        ++followed;
        if (newest == nullptr || file->status.modified_ns > newest->status.modified_ns) newest = file.get();
    }
    if (followed > files.most_open()) {
        out.push_back({Errc::other,
                       "of " + std::to_string(followed) + " logs only " + std::to_string(files.most_open()) +
                           " can be open at a time, and they take turns",
                       "in keyshift's unit (systemctl edit keyshift): [Service] LimitNOFILE=" +
                           std::to_string(2 * followed + 256)});
    }
    if (newest == nullptr && faults == 0) {
        std::string names;
        for (const std::string& glob : globs)
            names += (names.empty() ? "" : " or ") + base::escape_unsafe(glob);
        out.push_back({Errc::other, "there is no file called " + names, "check `input` of the collector"});
    }
    if (newest == nullptr) return out;
    if (auto doubt = doubt_of(*newest)) out.push_back(std::move(*doubt));
    return out;
}

}  // namespace keyshift::drivers
