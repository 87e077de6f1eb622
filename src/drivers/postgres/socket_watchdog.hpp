// SPDX-License-Identifier: Apache-2.0
// Ends blocking calls on a socket: at a deadline, or when an Interrupt is raised, the socket is shut down,
// and whatever waits for it returns with an error at once. One thread makes the calls; the watchdog has a
// thread of its own, which sleeps until there is something to end.
#pragma once

#include <mutex>
#include <thread>

#include "base/descriptor.hpp"
#include "base/time.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::drivers {

class SocketWatchdog {
 public:
    enum class Ended {
        no,       ///< the socket was left alone
        late,     ///< … was shut down at a deadline
        stopped,  ///< … was shut down because the interrupt was raised
    };

    /// `interrupt` outlives this. The socket may be closed meanwhile, and its number taken by another: this
    /// holds a descriptor of its own. Throws std::system_error: no descriptor or no thread is left.
    SocketWatchdog(int socket, const Interrupt& interrupt);
    ~SocketWatchdog();
    SocketWatchdog(const SocketWatchdog&) = delete;
    SocketWatchdog& operator=(const SocketWatchdog&) = delete;

    /// A call begins that must end at `deadline`.
    void begin(base::Deadline deadline);
    /// The call has ended. What has become of the socket so far: once shut down it stays so.
    Ended end();

 private:
    void watch();
    void set_timer(base::Duration left);
    void shut(Ended why);

    base::Descriptor socket_;
    base::Descriptor timer_;
    const Interrupt& interrupt_;
    Interrupt over_;
    std::mutex mutex_;  // of the timer and what came of it
    Ended ended_ = Ended::no;
    std::thread thread_;  // last: it uses the others
};

}  // namespace keyshift::drivers
