// SPDX-License-Identifier: Apache-2.0
// Who may decide over HTTP, and that it is he who asks: not a page of somebody else's in his browser. Pure:
// safe from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "config/config.hpp"
#include "http/message.hpp"

namespace keyshift::daemon {

/// Empty: it may be done; else what to answer. What a stranger's page can have a browser send fails at one of
/// these at least: a header that only a page of ours may add, a type that no form has, the page's origin, the
/// browser's word on it, and a host that no foreign name can stand for (DNS rebinding). On the Unix socket
/// nothing is decided: commands do that, and keep who it was.
std::optional<http::Response> refuse_action(const config::Web& web, const http::Request& request);

/// Whether a page of `origin` is one of ours: that of the external URL, or of the host asked for.
bool is_own_origin(const config::Web& web, const http::Request& request);

}  // namespace keyshift::daemon
