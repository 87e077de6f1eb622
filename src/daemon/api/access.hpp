// SPDX-License-Identifier: Apache-2.0
// Who may see the inventory: keys, owners, addresses, and all that the API shows. Pure: safe from any thread.
#pragma once

#include <optional>

#include "config/config.hpp"
#include "http/message.hpp"

namespace keyshift::daemon {

/// Empty: whoever has sent this may see it; else what to answer. On the Unix socket the file's mode has
/// decided. A page in a browser that has this machine's address by a name of its own (DNS rebinding) is told
/// by the host that it asks for.
std::optional<http::Response> refuse_inventory(config::Inventory inventory, const http::Request& request);

/// "localhost", 127.0.0.0/8 or ::1, with any port.
bool names_this_host(std::string_view host);

}  // namespace keyshift::daemon
