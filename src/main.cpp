// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <exception>

#include "app/commands.hpp"
#include "app/exit_code.hpp"

int main(int argc, char** argv) {
    // A reader that goes away is an error of the write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return keyshift::app::run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "keyshift: internal error: %s\n", e.what());
    } catch (...) {
        std::fputs("keyshift: internal error\n", stderr);
    }
    return keyshift::app::kInternal;
}
