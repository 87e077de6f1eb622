// SPDX-License-Identifier: Apache-2.0
// `tls_server_config` of the web file. Internal to the room.
#pragma once

#include <filesystem>
#include <optional>

#include "config/web_file/section.hpp"
#include "config/web_file/web_file.hpp"

namespace keyshift::config {

/// Empty: nothing in it turns TLS on, or it is wrong. `http2` is what http_server_config says of it.
std::optional<WebTls> read_web_tls(WebSection section, const std::filesystem::path& directory, bool http2);

}  // namespace keyshift::config
