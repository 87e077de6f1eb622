// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/exit_code.hpp"
#include "cli/run.hpp"

namespace {

/// Descriptors 0 to 2 that were closed would be given to sockets, and output written into them. Opened the
/// wrong way round, so that using one is still an error.
void occupy_standard_descriptors() {
    for (const int descriptor : {0, 1, 2}) {
        if (::fcntl(descriptor, F_GETFD) < 0 &&
            ::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) < 0)
            std::_Exit(keyshift::base::kInternal);
    }
}

/// Passwords, the canary key and names of keys are in memory: a core, of whatever handler, holds none of it
/// (core(5), "Controlling which mappings are written to the core dump").
void keep_memory_out_of_cores() {
    const int filter = ::open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    const bool is_empty = filter >= 0 && ::write(filter, "0", 1) == 1;
    if (filter >= 0) ::close(filter);
    constexpr rlimit kNone{0, 0};
    if (!is_empty) ::setrlimit(RLIMIT_CORE, &kNone);
}

/// With so few nothing can be told but that: whatever failed first may have failed for want of one.
constexpr rlim_t kLeastDescriptors = 32;

int failed(const char* what) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < kLeastDescriptors) {
        std::fprintf(stderr,
                     "keyshift: too few file descriptors: only %llu may be open; let it have 1024 "
                     "(LimitNOFILE=1024 in its systemd unit, ulimit -n 1024 in a shell)\n",
                     static_cast<unsigned long long>(limit.rlim_cur));
        return keyshift::base::kConfig;
    }
    std::fprintf(stderr, "keyshift: internal error: %s\n", what);
    return keyshift::base::kInternal;
}

}  // namespace

int main(int argc, char** argv) {
    occupy_standard_descriptors();
    keep_memory_out_of_cores();
    // A reader that goes away is an error of the write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return keyshift::cli::run(argc, argv);
    } catch (const std::exception& e) {
        return failed(e.what());
    } catch (...) {
        return failed("of an unknown kind");
    }
}
