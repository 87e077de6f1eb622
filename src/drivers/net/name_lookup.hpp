// SPDX-License-Identifier: Apache-2.0
// Addresses of host names without waiting for the resolver longer than one wants. Internal to drivers; used
// by the thread of its executor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include "base/error.hpp"

namespace keyshift::drivers {

/// One look-up. getaddrinfo(3) cannot be ended, so it runs on a thread of its own that outlives a look-up
/// that is given up: it ends when the resolver does (resolv.conf's `options timeout:` and `attempts:`), and
/// touches nothing of ours then.
class NameLookup {
 public:
    explicit NameLookup(boost::asio::any_io_executor executor);
    ~NameLookup();
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;

    /// In the system's order of preference, each once, at least one. An IP address is itself. Errors: connect
    /// (unknown host, or no name server answers), canceled; other (no thread can be started).
    boost::asio::awaitable<base::Result<std::vector<boost::asio::ip::address>>> run(std::string host);
    /// run() returns soon, with Errc::canceled; one that has not begun too.
    void cancel();

 private:
    struct Shared;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace keyshift::drivers
