// SPDX-License-Identifier: Apache-2.0
// How fast a log collector counts the lines of a file: its counter, made from a configuration as the daemon
// makes it, fed by the input that the daemon reads files with. Prints one JSON object for logs.py.
//     bench_logs CONFIGURATION FILE
// And what no reader of that file can be faster than: its blocks are read as the input reads them, and their
// lines are counted, which is all that is done.
//     bench_logs --bound FILE
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "collectors/catalog.hpp"
#include "collectors/logs/collector.hpp"
#include "config/config.hpp"
#include "domain/counts/event.hpp"
#include "drivers/logs/files.hpp"
#include "drivers/net/interrupt.hpp"
#include "formats/lines/messages.hpp"

namespace {

using namespace keyshift;
using Clock = std::chrono::steady_clock;

struct Counted {
    domain::LogLines lines;
    domain::PerEvent<std::uint64_t> events{};
};

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// The most memory that was ever resident.
std::uint64_t peak_bytes() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        std::uint64_t kib = 0;
        if (word == "VmHWM:" && status >> kib) return kib * 1024;
    }
    throw std::runtime_error("/proc/self/status has no VmHWM");
}

std::size_t whole(std::string_view block) {
    return formats::whole_messages(block, formats::LinePrefix::automatic);
}

std::unique_ptr<collectors::Collector> make(const char* configuration, const char* file,
                                            const drivers::Interrupt& interrupt) {
    const config::Loaded loaded =
        config::load(configuration, config::process_environment(), collectors::catalog_types());
    if (!loaded.problems.empty())
        throw std::runtime_error(loaded.problems.front().what + "; " + loaded.problems.front().hint);
    for (const config::CollectorConfig& collector : loaded.config.collectors) {
        const collectors::ConfiguredLog* const log = collectors::configured(collector).log();
        if (log == nullptr) continue;
        return collectors::make_log_collector(
            "gateway_log", drivers::make_log_files({.globs = {file}, .whole = whole}, interrupt),
            log->line_counter(loaded.config.gateway));
    }
    throw std::runtime_error("the configuration has no collector of a log");
}

Counted count(collectors::Collector& collector) {
    Counted counted;
    for (bool more = true; more;) {
        const auto seen = collector.collect({.deadline = base::Deadline::in(std::chrono::seconds{60})});
        if (!seen) throw std::runtime_error(seen.error().what);
        counted.lines.add(seen->log->lines);
        for (std::size_t i = 0; i < domain::kEventCount; ++i) counted.events[i] += seen->counted->grown[i];
        more = collector.max_poll_interval() == base::Duration::zero();
    }
    return counted;
}

void run(const char* configuration, const char* file) {
    const auto began = Clock::now();
    const drivers::Interrupt interrupt;
    const auto collector = make(configuration, file, interrupt);
    const double to_be_ready = cpu_seconds();
    const Counted counted = count(*collector);
    const double took = std::chrono::duration<double>(Clock::now() - began).count();
    const domain::LogLines& lines = counted.lines;
    const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    std::printf("{\"matched\": %llu, \"skipped\": %llu, \"unparsed\": %llu, \"oversized\": %llu, ",
                number(lines.matched), number(lines.skipped), number(lines.unparsed),
                number(lines.oversized));
    std::printf("\"seconds\": %.6f, \"cpu_seconds\": %.6f, \"cpu_seconds_to_be_ready\": %.6f, ", took,
                cpu_seconds(), to_be_ready);
    std::printf("\"peak_bytes\": %llu, \"events\": {", number(peak_bytes()));
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        std::printf("%s\"%s\": %llu", i == 0 ? "" : ", ",
                    std::string(domain::event_name(domain::event_at(i))).c_str(), number(counted.events[i]));
    std::puts("}}");
}

/// In bytes that cannot overflow, which compilers make vector instructions of.
std::uint64_t newlines(std::string_view text) {
    constexpr std::size_t kAtOnce = 32;
    constexpr std::size_t kRounds = 255;
    std::uint64_t out = 0;
    while (text.size() >= kAtOnce) {
        std::array<std::uint8_t, kAtOnce> counts{};
        const std::size_t rounds = std::min(kRounds, text.size() / kAtOnce);
        for (std::size_t round = 0; round < rounds; ++round)
            for (std::size_t i = 0; i < kAtOnce; ++i)
                counts[i] =
                    static_cast<std::uint8_t>(counts[i] + (text[round * kAtOnce + i] == '\n' ? 1 : 0));
        for (const std::uint8_t count : counts) out += count;
        text.remove_prefix(rounds * kAtOnce);
    }
    return out + static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

void run_bound(const char* path) {
    const base::Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
    std::vector<char> block(drivers::kLogBlock);
    std::uint64_t lines = 0;
    for (off_t offset = 0;;) {
        const ssize_t got = ::pread(file.get(), block.data(), block.size(), offset);
        if (got < 0) throw std::runtime_error("the file cannot be read");
        if (got == 0) break;
        lines += newlines({block.data(), static_cast<std::size_t>(got)});
        offset += got;
    }
    std::printf("{\"lines\": %llu}\n", static_cast<unsigned long long>(lines));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("bench_logs CONFIGURATION FILE, or bench_logs --bound FILE\n", stderr);
        return 64;
    }
    try {
        if (std::string_view(argv[1]) == "--bound") {
            run_bound(argv[2]);
        } else {
            run(argv[1], argv[2]);
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_logs: %s\n", e.what());
        return 1;
    }
    return 0;
}
