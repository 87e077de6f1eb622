// SPDX-License-Identifier: Apache-2.0
// The service manager that has started this process: is told how it does, and may have opened its sockets.
// The protocol is sd_notify(3) and sd_listen_fds(3), whose manual pages describe it for programs that do
// without libsystemd. Used by one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace keyshift::drivers {

class ServiceManager {
 public:
    /// Nobody listens.
    ServiceManager() = default;
    /// As NOTIFY_SOCKET, WATCHDOG_USEC and LISTEN_FDS say, which are removed from the environment: they are
    /// meant for this process alone. To be called before there are threads.
    static ServiceManager from_environment();

    /// What is told is told at once, and lost when nobody takes it.
    void ready() const { tell("READY=1"); }
    /// Until ready().
    void reloading() const;
    void stopping() const { tell("STOPPING=1"); }
    void alive() const { tell("WATCHDOG=1"); }
    /// One line for people.
    void status(std::string_view text) const { tell("STATUS=" + std::string(text)); }

    bool listens() const { return !address_.empty(); }
    /// alive() must come at least that often; empty: it need not.
    std::optional<base::Duration> watchdog() const { return watchdog_; }
    /// Descriptors of listening sockets, to be closed by whoever takes them.
    const std::vector<int>& sockets() const { return sockets_; }

 private:
    void tell(const std::string& message) const;

    std::string address_;  // with a leading NUL for an abstract one
    std::optional<base::Duration> watchdog_;
    std::vector<int> sockets_;
};

}  // namespace keyshift::drivers
