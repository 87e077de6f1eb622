// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>

#include <fcntl.h>
#include <sys/resource.h>

#include "app/commands.hpp"
#include "app/exit_code.hpp"

namespace {

/// Descriptors 0 to 2 that were closed would be given to sockets, and output written into them. Opened the
/// wrong way round, so that using one is still an error.
void occupy_standard_descriptors() {
    for (const int descriptor : {0, 1, 2}) {
        if (::fcntl(descriptor, F_GETFD) < 0 &&
            ::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) < 0)
            std::_Exit(keyshift::app::kInternal);
    }
}

/// Another start would end in the same way: a person must change it.
int too_few_descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    std::fprintf(stderr,
                 "keyshift: too few file descriptors: %llu may be open\n"
                 "  let it have 1024: LimitNOFILE=1024 in its systemd unit, or ulimit -n 1024 in a shell\n",
                 static_cast<unsigned long long>(limit.rlim_cur));
    return keyshift::app::kConfig;
}

}  // namespace

int main(int argc, char** argv) {
    occupy_standard_descriptors();
    // A reader that goes away is an error of the write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return keyshift::app::run(argc, argv);
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::too_many_files_open ||
            e.code() == std::errc::too_many_files_open_in_system)
            return too_few_descriptors();
        std::fprintf(stderr, "keyshift: internal error: %s\n", e.what());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "keyshift: internal error: %s\n", e.what());
    } catch (...) {
        std::fputs("keyshift: internal error\n", stderr);
    }
    return keyshift::app::kInternal;
}
