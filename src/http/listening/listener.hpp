// SPDX-License-Identifier: Apache-2.0
// Opens the sockets that connections arrive on. Resolves names, so it may block: call it before the loop
// runs.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/error.hpp"
#include "base/listen_address.hpp"
#include "http/listening/stream.hpp"

namespace keyshift::http {

/// One acceptor per local address that `address` means: a name may have several, an empty host has one for
/// both IPv4 and IPv6 (for IPv4 alone where the machine has no IPv6). With port 0 they all get the same free
/// port. At least one acceptor, or why not: the port in use (Errc::config), below 1024 without the right
/// (Errc::permission), a name or an address this machine does not have (Errc::config).
base::Result<std::vector<Acceptor>> open_acceptors(const boost::asio::any_io_executor& executor,
                                                   const base::ListenAddress& address);

/// The listening TCP socket `descriptor`, which another program has opened, as an acceptor that owns it.
/// Errc::config, the descriptor left as it was: it is something else.
base::Result<Acceptor> adopt_acceptor(const boost::asio::any_io_executor& executor, int descriptor);

}  // namespace keyshift::http
