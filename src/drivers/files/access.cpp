// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/access.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/time.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::string_view_literals;

/// File systems take their times from a clock that is brought forward with each tick, 10 ms at most.
constexpr std::chrono::milliseconds kTimeStep{20};

std::int64_t nanoseconds(const struct statx_timestamp& t) {
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

std::optional<FileStatus> status_at(int directory, const char* path, int flags) {
    struct statx s{};
    if (::statx(directory, path, flags, STATX_BASIC_STATS | STATX_BTIME, &s) != 0) return std::nullopt;
    const bool has_birth = (s.stx_mask & STATX_BTIME) != 0;
    const auto now = std::chrono::nanoseconds(base::now().time_since_epoch());
    return FileStatus{.id = {makedev(s.stx_dev_major, s.stx_dev_minor), s.stx_ino,
                             has_birth ? nanoseconds(s.stx_btime) : 0},
                      .size = s.stx_size,
                      .modified_ns = nanoseconds(s.stx_mtime),
                      .changed_ns = nanoseconds(s.stx_ctime),
                      .mode = s.stx_mode,
                      .linked = s.stx_nlink > 0,
                      .fresh = nanoseconds(s.stx_mtime) > (now - kTimeStep).count()};
}

}  // namespace

bool FileStatus::regular() const {
    return S_ISREG(mode);
}

std::optional<FileStatus> status_of(const std::string& path) {
    return status_at(AT_FDCWD, path.c_str(), 0);
}

std::optional<FileStatus> status_of(const Descriptor& descriptor) {
    return status_at(descriptor.get(), "", AT_EMPTY_PATH);
}

Descriptor open_file(const std::string& path) {
    return Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

std::string kind_of(const FileStatus& status) {
    if (S_ISDIR(status.mode)) return "directory";
    if (S_ISFIFO(status.mode)) return "pipe";
    if (S_ISSOCK(status.mode)) return "socket";
    return S_ISREG(status.mode) ? "file" : "device";
}

std::optional<std::string_view> read_at(const Descriptor& file, char* buffer, std::size_t size,
                                        std::uint64_t offset) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got =
            ::pread(file.get(), buffer + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return std::string_view(buffer, done);
}

std::string read_beginning(const Descriptor& file) {
    std::array<char, kHeadBytes> buffer;
    const auto got = read_at(file, buffer.data(), buffer.size(), 0);
    return got ? std::string(*got) : std::string();
}

std::optional<std::uint64_t> tail_before(const Descriptor& file, std::uint64_t offset) {
    std::array<char, kTailBytes> buffer;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(offset, kTailBytes));
    const auto got = read_at(file, buffer.data(), size, offset - size);
    if (!got || got->size() < size) return std::nullopt;
    return hash_of(*got);
}

std::uint64_t whole_lines_end(const Descriptor& file, std::uint64_t from, std::uint64_t to,
                              std::size_t most) {
    std::array<char, 4096> buffer;
    const std::uint64_t lowest = to - std::min<std::uint64_t>(to - from, most);
    for (std::uint64_t end = to; end > lowest;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(end - lowest, buffer.size()));
        const auto got = read_at(file, buffer.data(), size, end - size);
        if (!got) return from;
        if (const std::size_t at = got->rfind('\n'); at != std::string_view::npos) return end - size + at + 1;
        end -= size;
    }
    return from;
}

std::uint64_t leading_zeros(const Descriptor& file) {
    const std::string beginning = read_beginning(file);
    if (beginning.size() < kHeadBytes || beginning.find_first_not_of('\0') != std::string::npos) return 0;
    const off_t data = ::lseek(file.get(), 0, SEEK_DATA);
    std::array<char, 4096> buffer;
    for (std::uint64_t at = data < 0 ? 0 : static_cast<std::uint64_t>(data);; at += buffer.size()) {
        const auto got = read_at(file, buffer.data(), buffer.size(), at);
        if (!got || got->empty()) return at;
        const std::size_t end = got->find_first_not_of('\0');
        if (end != std::string_view::npos) return at + end;
        if (got->size() < buffer.size()) return at + got->size();
    }
}

bool is_compressed(std::string_view beginning) {
    constexpr std::array kMagic{"\x1f\x8b\x08"sv, "\xfd\x37zXZ\0"sv, "\x28\xb5\x2f\xfd"sv};
    const bool bzip2 = beginning.starts_with("BZh") &&
                       beginning.substr(0, 10).ends_with("\x31\x41\x59\x26\x53\x59") &&
                       beginning.size() >= 10;
    return bzip2 || std::any_of(kMagic.begin(), kMagic.end(),
                                [&](std::string_view magic) { return beginning.starts_with(magic); });
}

}  // namespace keyshift::drivers
