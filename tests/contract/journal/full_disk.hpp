// SPDX-License-Identifier: Apache-2.0
// What a full disk looks like to SQLite, for as long as it lives: no file of this process may grow.
#pragma once

#include <csignal>

#include <sys/resource.h>

namespace keyshift::journal {

class FullDisk {
 public:
    FullDisk() {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit none{.rlim_cur = 1, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
    rlimit before_{};
};

}  // namespace keyshift::journal
