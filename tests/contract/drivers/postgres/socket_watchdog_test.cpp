// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/socket_watchdog.hpp"

#include <array>
#include <chrono>
#include <optional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;
using base::Deadline;
using Ended = SocketWatchdog::Ended;

/// Two ends of a connection on this machine.
class Ends {
 public:
    Ends() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        ours = base::Descriptor(ends[0]);
        theirs = base::Descriptor(ends[1]);
    }
    /// Blocks; 0 once the socket is shut down.
    ssize_t read() const {
        char byte = 0;
        return ::read(ours.get(), &byte, 1);
    }
    void answer() const { EXPECT_EQ(::write(theirs.get(), "x", 1), 1); }

    base::Descriptor ours;
    base::Descriptor theirs;
};

TEST(SocketWatchdog, EndsACallAtItsDeadline) {
    const Ends ends;
    const Interrupt interrupt;
    SocketWatchdog watchdog(ends.ours.get(), interrupt);
    watchdog.begin(Deadline::in(20ms));
    EXPECT_EQ(ends.read(), 0);
    EXPECT_EQ(watchdog.end(), Ended::late);
    EXPECT_EQ(watchdog.end(), Ended::late) << "the socket is no good any more";
}

TEST(SocketWatchdog, EndsACallWhoseDeadlineHasPassedAlready) {
    const Ends ends;
    const Interrupt interrupt;
    SocketWatchdog watchdog(ends.ours.get(), interrupt);
    watchdog.begin(Deadline::in(-1s));
    EXPECT_EQ(ends.read(), 0);
    EXPECT_EQ(watchdog.end(), Ended::late);
}

TEST(SocketWatchdog, EndsACallWhenTheInterruptIsRaised) {
    const Ends ends;
    Interrupt interrupt;
    SocketWatchdog watchdog(ends.ours.get(), interrupt);
    watchdog.begin(Deadline::in(1h));
    std::thread stops([&] { interrupt.raise(); });
    EXPECT_EQ(ends.read(), 0);
    EXPECT_EQ(watchdog.end(), Ended::stopped);
    stops.join();
}

TEST(SocketWatchdog, LetsAnAnswerThrough) {
    const Ends ends;
    const Interrupt interrupt;
    SocketWatchdog watchdog(ends.ours.get(), interrupt);
    for (int call = 0; call < 1000; ++call) {
        watchdog.begin(Deadline::in(1h));
        ends.answer();
        EXPECT_EQ(ends.read(), 1);
        EXPECT_EQ(watchdog.end(), Ended::no);
    }
}

TEST(SocketWatchdog, ADeadlineCountsForItsOwnCallAlone) {
    const Ends ends;
    const Interrupt interrupt;
    SocketWatchdog watchdog(ends.ours.get(), interrupt);
    watchdog.begin(Deadline::in(20ms));
    EXPECT_EQ(watchdog.end(), Ended::no);
    std::this_thread::sleep_for(60ms);
    watchdog.begin(Deadline::in(1h));
    ends.answer();
    EXPECT_EQ(ends.read(), 1);
    EXPECT_EQ(watchdog.end(), Ended::no);
}

TEST(SocketWatchdog, LeavesAloneWhoTakesTheNumberOfAClosedSocket) {
    Ends ends;
    const Interrupt interrupt;
    SocketWatchdog watchdog(ends.ours.get(), interrupt);
    const Ends others;
    const int number = ends.ours.get();
    watchdog.begin(Deadline::in(20ms));
    // As libpq closes it by itself when the server has gone.
    ASSERT_EQ(::dup3(others.ours.get(), number, O_CLOEXEC), number);
    char byte = 0;
    EXPECT_EQ(::read(ends.theirs.get(), &byte, 1), 0) << "the deadline's";
    others.answer();
    EXPECT_EQ(::read(number, &byte, 1), 1);
    EXPECT_EQ(watchdog.end(), Ended::late);
}

}  // namespace
}  // namespace keyshift::drivers
