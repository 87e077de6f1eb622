// SPDX-License-Identifier: Apache-2.0
// lifecycle.hpp with real signals to this process. What ends the process is tried in a child.
#include "runtime/lifecycle.hpp"

#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit_code.hpp"

namespace keyshift::runtime {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ExitedWithCode;

/// Far beyond what a busy machine needs for a loop that ends by itself.
constexpr auto kLong = 10s;
/// A second signal that comes later than this is meant as one.
constexpr auto kAnother = 150ms;

/// A loop with its life cycle. Tasks run until their gate is opened; stop() opens all gates that obey.
class Daemon {
 public:
    enum class Obeys { stop, nothing };

    void begin() {
        lifecycle_.begin({.reload =
                              [this] {
                                  said_.emplace_back("reload");
                                  if (on_reload) on_reload();
                              },
                          .stop =
                              [this] {
                                  said_.emplace_back("stop");
                                  for (asio::steady_timer* gate : obeying_) gate->cancel();
                                  if (on_stop) on_stop();
                              },
                          .over = [this] { said_.emplace_back("over"); }});
    }

    /// The gate of a task: cancel() ends it.
    asio::steady_timer& spawn(
        const std::string& name, Obeys obeys = Obeys::stop,
        std::function<bool()> in_order = [] { return true; }) {
        asio::steady_timer& gate = *gates_.emplace_back(std::make_unique<asio::steady_timer>(loop_));
        gate.expires_at(asio::steady_timer::time_point::max());
        if (obeys == Obeys::stop) obeying_.push_back(&gate);
        lifecycle_.spawn(name, wait_for(gate), [this, name, in_order = std::move(in_order)] {
            said_.push_back(name + " ended");
            return in_order();
        });
        return gate;
    }

    /// Calls `act` on the loop, once it runs.
    void then(std::function<void()> act) { asio::post(loop_, std::move(act)); }
    /// Calls `act` on the loop after so many other turns of it.
    void after_turns(int turns, std::function<void()> act) {
        asio::post(loop_, [this, turns, act = std::move(act)]() mutable {
            if (turns == 0) return act();
            after_turns(turns - 1, std::move(act));
        });
    }
    void after(std::chrono::milliseconds time, std::function<void()> act) {
        delay_.expires_after(time);
        delay_.async_wait([act = std::move(act)](const boost::system::error_code& error) {
            if (!error) act();
        });
    }
    /// Whether the loop has returned by itself.
    bool run() {
        loop_.run_for(kLong);
        return loop_.stopped();
    }

    Lifecycle& lifecycle() { return lifecycle_; }
    asio::io_context& loop() { return loop_; }
    /// What was called, in this order.
    const std::vector<std::string>& said() const { return said_; }

    std::function<void()> on_stop, on_reload;

 private:
    static asio::awaitable<void> wait_for(asio::steady_timer& gate) {
        boost::system::error_code cancelled;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }

    asio::io_context loop_{1};
    Lifecycle lifecycle_{loop_};
    std::vector<std::unique_ptr<asio::steady_timer>> gates_;
    std::vector<asio::steady_timer*> obeying_;
    asio::steady_timer delay_{loop_};
    std::vector<std::string> said_;
};

using Said = std::vector<std::string>;

class LifecycleSignal : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(EachThatStops, LifecycleSignal, ::testing::Values(SIGTERM, SIGINT));

TEST_P(LifecycleSignal, StopsWhatRunsAndTheLoopReturns) {
    Daemon daemon;
    daemon.spawn("poll");
    daemon.begin();
    EXPECT_FALSE(daemon.lifecycle().stopping());
    daemon.then([] { std::raise(GetParam()); });
    ASSERT_TRUE(daemon.run());
    EXPECT_TRUE(daemon.lifecycle().stopping());
    EXPECT_EQ(daemon.said(), (Said{"stop", "poll ended", "over"}));
    EXPECT_EQ(daemon.lifecycle().exit_code(), base::kOk);
}

TEST(Lifecycle, ReloadsAtEachHangUpAndGoesOn) {
    Daemon daemon;
    daemon.spawn("poll");
    daemon.begin();
    daemon.on_reload = [&] { std::raise(daemon.said().size() < 3 ? SIGHUP : SIGTERM); };
    daemon.then([] { std::raise(SIGHUP); });
    ASSERT_TRUE(daemon.run());
    EXPECT_EQ(daemon.said(), (Said{"reload", "reload", "reload", "stop", "poll ended", "over"}));
    EXPECT_EQ(daemon.lifecycle().exit_code(), base::kOk);
}

/// However long after the first signal it comes: who sends it wants a configuration read, and not an end.
TEST(Lifecycle, DoesNotReloadOnceItStops) {
    Daemon daemon;
    asio::steady_timer& slow = daemon.spawn("slow", Daemon::Obeys::nothing);
    daemon.begin();
    daemon.on_stop = [&] {
        daemon.after(kAnother, [&] {
            std::raise(SIGHUP);
            daemon.after(20ms, [&] { slow.cancel(); });
        });
    };
    daemon.then([] { std::raise(SIGTERM); });
    ASSERT_TRUE(daemon.run());
    EXPECT_EQ(daemon.said(), (Said{"stop", "slow ended", "over"}));
    EXPECT_EQ(daemon.lifecycle().exit_code(), base::kOk);
}

/// timeout(1) signals the process and its group. On a machine so busy that the two are seen far apart, the
/// next try will do.
TEST(Lifecycle, TakesASignalThatComesTwiceAtOnceForOne) {
    const auto stop_twice = [] {
        Daemon daemon;
        asio::steady_timer& slow = daemon.spawn("slow", Daemon::Obeys::nothing);
        daemon.begin();
        daemon.on_stop = [&] {
            std::raise(SIGTERM);
            daemon.after(20ms, [&] { slow.cancel(); });
        };
        daemon.then([] { std::raise(SIGTERM); });
        std::_Exit(daemon.run() && daemon.said() == Said{"stop", "slow ended", "over"} ? 0 : 1);
    };
    const ExitedWithCode whole(0);
    bool once = false;
    for (int tries = 0; tries < 5 && !once; ++tries) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) stop_twice();
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        once = whole(status);
    }
    EXPECT_TRUE(once);
}

TEST(LifecycleDeathTest, ASecondSignalEndsTheProcess) {
    const auto stop_twice = [] {
        Daemon daemon;
        daemon.spawn("stuck", Daemon::Obeys::nothing);
        daemon.begin();
        daemon.on_stop = [&] { daemon.after(kAnother, [] { std::raise(SIGINT); }); };
        daemon.then([] { std::raise(SIGTERM); });
        daemon.run();
    };
    EXPECT_EXIT(stop_twice(), ExitedWithCode(base::kInternal), "stopped by a second signal");
}

TEST(LifecycleDeathTest, ATaskThatDoesNotEndInTimeEndsTheProcess) {
    const auto stop = [] {
        Daemon daemon;
        daemon.spawn("stuck", Daemon::Obeys::nothing);
        daemon.begin();
        daemon.then([&] { daemon.lifecycle().stop(); });
        daemon.run();
    };
    EXPECT_EXIT(stop(), ExitedWithCode(base::kInternal), "a part did not stop in time");
}

TEST(Lifecycle, IsOverWhenTheLastTaskHasEnded) {
    Daemon daemon;
    daemon.spawn("quick");
    asio::steady_timer& slow = daemon.spawn("slow", Daemon::Obeys::nothing);
    daemon.begin();
    daemon.on_stop = [&] { daemon.after(20ms, [&] { slow.cancel(); }); };
    daemon.then([&] { daemon.lifecycle().stop(); });
    ASSERT_TRUE(daemon.run());
    EXPECT_EQ(daemon.said(), (Said{"stop", "quick ended", "slow ended", "over"}));
}

TEST(Lifecycle, StopsOnce) {
    Daemon daemon;
    daemon.spawn("poll");
    daemon.begin();
    daemon.then([&] {
        daemon.lifecycle().stop();
        daemon.lifecycle().stop();
    });
    ASSERT_TRUE(daemon.run());
    EXPECT_EQ(daemon.said(), (Said{"stop", "poll ended", "over"}));
}

TEST(Lifecycle, GoesOnWhenATaskEndsInOrder) {
    Daemon daemon;
    asio::steady_timer& save = daemon.spawn("save");
    daemon.spawn("poll");
    daemon.begin();
    daemon.then([&] { save.cancel(); });
    daemon.loop().run_for(20ms);
    EXPECT_EQ(daemon.said(), Said{"save ended"});
    EXPECT_FALSE(daemon.lifecycle().stopping());
    daemon.lifecycle().stop();
    ASSERT_TRUE(daemon.run());
    EXPECT_EQ(daemon.said(), (Said{"save ended", "stop", "poll ended", "over"}));
}

TEST(Lifecycle, StopsWhenATaskEndsOutOfOrder) {
    Daemon daemon;
    asio::steady_timer& page = daemon.spawn("page", Daemon::Obeys::nothing, [] { return false; });
    daemon.spawn("poll");
    daemon.begin();
    daemon.then([&] { page.cancel(); });
    ASSERT_TRUE(daemon.run());
    EXPECT_EQ(daemon.said(), (Said{"page ended", "stop", "poll ended", "over"}));
    EXPECT_EQ(daemon.lifecycle().exit_code(), base::kOk);
}

asio::awaitable<void> die() {
    throw std::runtime_error("out of luck");
    co_return;
}

TEST(Lifecycle, StopsWhenATaskDiesAndSaysWhich) {
    Daemon daemon;
    daemon.spawn("poll");
    bool asked = false;
    daemon.lifecycle().spawn("page", die(), [&] { return asked = true; });
    daemon.begin();
    ::testing::internal::CaptureStderr();
    const bool returned = daemon.run();
    const std::string log = ::testing::internal::GetCapturedStderr();
    ASSERT_TRUE(returned);
    EXPECT_TRUE(asked) << "whoever spawned it is told";
    EXPECT_EQ(daemon.said(), (Said{"stop", "poll ended", "over"}));
    EXPECT_EQ(daemon.lifecycle().exit_code(), base::kInternal);
    EXPECT_NE(log.find("a part died"), std::string::npos) << log;
    EXPECT_NE(log.find("part=page"), std::string::npos) << log;
    EXPECT_NE(log.find("out of luck"), std::string::npos) << log;
}

/// It is delivered at any turn of the loop: before the last task ends, or when nobody waits for it any more.
TEST(Lifecycle, ASignalAtTheVeryEndKeepsNothing) {
    for (int turns = 0; turns < 12; ++turns) {
        Daemon daemon;
        asio::steady_timer& last = daemon.spawn("last", Daemon::Obeys::nothing);
        daemon.begin();
        daemon.on_stop = [&] {
            std::raise(SIGHUP);
            daemon.after_turns(turns, [&] { last.cancel(); });
        };
        daemon.then([&] { daemon.lifecycle().stop(); });
        daemon.loop().run_for(kLong);
        ASSERT_TRUE(daemon.loop().stopped()) << turns << " turns after the signal";
        EXPECT_EQ(daemon.said(), (Said{"stop", "last ended", "over"})) << turns;
    }
}

}  // namespace
}  // namespace keyshift::runtime
