// SPDX-License-Identifier: Apache-2.0
#include "daemon/web/file_mark.hpp"

#include <ctime>

#include <sys/stat.h>

namespace keyshift::daemon {
namespace {

/// Longer than the clock of any file system stands still.
constexpr std::int64_t kFresh = 100'000'000;

std::int64_t nanoseconds(const timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileMark FileMark::of(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return {};
    return {true,
            static_cast<std::uint64_t>(status.st_dev),
            static_cast<std::uint64_t>(status.st_ino),
            static_cast<std::int64_t>(status.st_size),
            nanoseconds(status.st_mtim),
            nanoseconds(status.st_ctim)};
}

bool FileMark::is_fresh() const {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const std::int64_t age = nanoseconds(now) - changed;
    return is_there && age >= 0 && age < kFresh;
}

}  // namespace keyshift::daemon
