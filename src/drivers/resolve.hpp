// SPDX-License-Identifier: Apache-2.0
// Host names to addresses within a deadline, which getaddrinfo(3) itself does not keep. Internal to drivers;
// safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "base/error.hpp"
#include "base/time.hpp"

namespace keyshift::drivers {

/// All addresses of `host`, at least one; addresses are taken as they are. A name is looked up in a thread
/// of its own, which is left behind when the deadline passes or the descriptor `interrupt` is readable, and
/// ends when the resolver gives up. Errors: connect (no such name), timeout, canceled, other.
base::Result<std::vector<boost::asio::ip::tcp::endpoint>> resolve(const std::string& host, std::uint16_t port,
                                                                  base::Deadline deadline, int interrupt);

}  // namespace keyshift::drivers
