// SPDX-License-Identifier: Apache-2.0
#include "runtime/thread_signals.hpp"

#include <csignal>
#include <initializer_list>

namespace keyshift::runtime {
namespace {

sigset_t ours() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
    return set;
}

}  // namespace

void block_signals() {
    const sigset_t set = ours();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void unblock_signals() {
    const sigset_t set = ours();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace keyshift::runtime
