// SPDX-License-Identifier: Apache-2.0
// service_manager.hpp on a real socket: what a manager hears, and what of the environment is not for us.
#include "drivers/host/service_manager.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "contract/temporary_directory.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

class ServiceManagerTest : public testing::Test {
 protected:
    ServiceManagerTest() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    ~ServiceManagerTest() override {
        for (const char* const name : kVariables) ::unsetenv(name);
    }

    static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
    static std::string own_pid() { return std::to_string(::getpid()); }
    /// What the manager has got, in one message; empty: nothing.
    std::string heard() const {
        std::array<char, 512> text{};
        const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), 0);
        return {text.data(), size < 0 ? 0U : static_cast<std::size_t>(size)};
    }

    static constexpr std::array kVariables{"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
                                           "LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES"};
    const TemporaryDirectory directory_{"manager"};
    const std::string path_ = (directory_.path() / "notify").string();
    base::Descriptor socket_;
};

TEST_F(ServiceManagerTest, HearsHowItGoes) {
    set("NOTIFY_SOCKET", path_);
    const ServiceManager manager = ServiceManager::from_environment();
    ASSERT_TRUE(manager.listens());
    manager.ready();
    EXPECT_EQ(heard(), "READY=1");
    manager.status("13 of 19 left");
    EXPECT_EQ(heard(), "STATUS=13 of 19 left");
    manager.alive();
    EXPECT_EQ(heard(), "WATCHDOG=1");
    manager.reloading();
    const std::string reloading = heard();
    EXPECT_EQ(reloading.find("RELOADING=1\nMONOTONIC_USEC="), 0U) << reloading;
    EXPECT_GT(std::stoll(reloading.substr(reloading.rfind('=') + 1)), 0);
    manager.stopping();
    EXPECT_EQ(heard(), "STOPPING=1");
}

TEST_F(ServiceManagerTest, NobodyListensWithoutASocketThatIsOne) {
    const std::string too_long = "/" + std::string(200, 'x');
    for (const std::string& address :
         {std::string(), std::string("vsock:2:1"), std::string("relative"), too_long}) {
        set("NOTIFY_SOCKET", address);
        const ServiceManager manager = ServiceManager::from_environment();
        EXPECT_FALSE(manager.listens()) << address;
        manager.ready();
    }
    EXPECT_EQ(heard(), "");
}

TEST_F(ServiceManagerTest, AManagerThatHasGoneIsNoFailure) {
    set("NOTIFY_SOCKET", (directory_.path() / "gone").string());
    const ServiceManager manager = ServiceManager::from_environment();
    EXPECT_TRUE(manager.listens());
    manager.ready();
}

TEST_F(ServiceManagerTest, WhatWasForThisProcessIsNotForItsChildren) {
    for (const char* const name : kVariables) set(name, "1");
    ServiceManager::from_environment();
    for (const char* const name : kVariables) EXPECT_EQ(std::getenv(name), nullptr) << name;
}

TEST_F(ServiceManagerTest, TheWatchdogIsForTheProcessItNames) {
    const auto watchdog = [](const std::string& pid, const std::string& usec) {
        set("WATCHDOG_PID", pid);
        set("WATCHDOG_USEC", usec);
        return ServiceManager::from_environment().watchdog();
    };
    EXPECT_EQ(watchdog(own_pid(), "2000000"), 2s);
    EXPECT_EQ(watchdog("", "2000000"), 2s) << "no process is named";
    EXPECT_EQ(watchdog("1", "2000000"), std::nullopt) << "another process";
    for (const char* const wrong : {"", "0", "-5", "soon", "5s"})
        EXPECT_EQ(watchdog(own_pid(), wrong), std::nullopt) << wrong;
}

TEST_F(ServiceManagerTest, SocketsOfAnotherProcessAreNotTaken) {
    const auto sockets = [](const std::string& pid, const std::string& count) {
        set("LISTEN_PID", pid);
        set("LISTEN_FDS", count);
        return ServiceManager::from_environment().sockets();
    };
    // Whatever 3 is in this process, it stays open: only its flag is set.
    const base::Descriptor third(::fcntl(3, F_GETFD) < 0 ? ::open("/dev/null", O_RDONLY | O_CLOEXEC) : -1);
    EXPECT_EQ(sockets(own_pid(), "1"), (std::vector<int>{3}));
    EXPECT_EQ(sockets("1", "1"), (std::vector<int>{}));
    EXPECT_EQ(sockets("", "1"), (std::vector<int>{})) << "unlike the watchdog's, this must be named";
    EXPECT_EQ(sockets(own_pid(), "none"), (std::vector<int>{}));
}

}  // namespace
}  // namespace keyshift::drivers
