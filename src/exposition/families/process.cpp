// SPDX-License-Identifier: Apache-2.0
#include "exposition/families/process.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exposition/families/build.hpp"

namespace keyshift::exposition {
namespace {

using build::MetricFamily;
using build::MetricType;

/// The first 4 KiB of a file of /proc; empty when it cannot be read.
std::string read_file(const char* path) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::array<char, 4096> text{};
    const ssize_t size = ::read(file, text.data(), text.size());
    ::close(file);
    return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

/// The number in the field `index` (from 0) of a line of fields between single spaces.
std::optional<double> field(std::string_view line, std::size_t index) {
    for (; index > 0; --index) {
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        line.remove_prefix(space + 1);
    }
    std::uint64_t number = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), number).ec != std::errc())
        return std::nullopt;
    return static_cast<double>(number);
}

std::optional<double> boot_time_seconds() {
    constexpr std::string_view kKey = "\nbtime ";
    // The line stands behind one for each processor, which may be many.
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/stat", "re"), std::fclose);
    if (!file) return std::nullopt;
    std::string text = "\n";
    std::array<char, 4096> block{};
    while (const std::size_t size = std::fread(block.data(), 1, block.size(), file.get()))
        text.append(block.data(), size);
    const std::size_t at = text.find(kKey);
    if (at == std::string::npos) return std::nullopt;
    return field(std::string_view(text).substr(at + kKey.size()), 0);
}

std::optional<double> start_time_seconds() {
    constexpr std::size_t kStartTime = 19;  // counted from behind the program's name, which may hold anything
    const std::string stat = read_file("/proc/self/stat");
    const std::size_t name_end = stat.rfind(") ");
    if (name_end == std::string::npos) return std::nullopt;
    const auto ticks = field(std::string_view(stat).substr(name_end + 2), kStartTime);
    const auto boot = boot_time_seconds();
    const long ticks_per_second = ::sysconf(_SC_CLK_TCK);
    if (!ticks || !boot || ticks_per_second <= 0) return std::nullopt;
    return *boot + *ticks / static_cast<double>(ticks_per_second);
}

std::optional<double> cpu_seconds() {
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<double> open_descriptors() {
    struct stat status{};
    // Since Linux 6.2 the directory's size is the answer; before, it is 0.
    if (::stat("/proc/self/fd", &status) != 0) return std::nullopt;
    if (status.st_size > 0) return static_cast<double>(status.st_size);
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
    if (!directory) return std::nullopt;
    int entries = 0;
    while (::readdir(directory.get()) != nullptr) ++entries;  // NOLINT(concurrency-mt-unsafe): our own stream
    return entries - 3;                                       // ".", ".." and the directory itself
}

std::optional<double> limit(__rlimit_resource resource) {
    rlimit limits{};
    if (::getrlimit(resource, &limits) != 0) return std::nullopt;
    return limits.rlim_cur == RLIM_INFINITY ? HUGE_VAL : static_cast<double>(limits.rlim_cur);
}

void append(std::vector<MetricFamily>& families, const char* name, const char* help, MetricType type,
            std::optional<double> value) {
    if (value) families.push_back(build::single(type, name, help, value));
}

}  // namespace

Process::Process()
    : statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)), start_time_seconds_(start_time_seconds()) {}

Process::~Process() {
    if (statm_ >= 0) ::close(statm_);
}

void Process::append_families(std::vector<MetricFamily>& families) const {
    std::array<char, 128> text{};
    const ssize_t size = statm_ < 0 ? -1 : ::pread(statm_, text.data(), text.size(), 0);
    const std::string_view statm(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto page_size = static_cast<double>(::sysconf(_SC_PAGESIZE));
    const auto bytes = [&](std::size_t index) -> std::optional<double> {
        const auto pages = field(statm, index);
        return pages ? std::optional(*pages * page_size) : std::nullopt;
    };
    append(families, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
           MetricType::Counter, cpu_seconds());
    append(families, "process_max_fds", "Maximum number of open file descriptors.", MetricType::Gauge,
           limit(RLIMIT_NOFILE));
    append(families, "process_open_fds", "Number of open file descriptors.", MetricType::Gauge,
           open_descriptors());
    append(families, "process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge,
           bytes(1));
    append(families, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
           MetricType::Gauge, start_time_seconds_);
    append(families, "process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge,
           bytes(0));
    append(families, "process_virtual_memory_max_bytes",
           "Maximum amount of virtual memory available in bytes.", MetricType::Gauge, limit(RLIMIT_AS));
}

}  // namespace keyshift::exposition
