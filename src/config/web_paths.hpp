// SPDX-License-Identifier: Apache-2.0
// Under which paths and at which URL the HTTP server is found, read as Prometheus reads its flags of these
// names. Pure: safe from any thread. Errors: config, and they say what is wrong without repeating the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::config {

struct WebPaths {
    std::string telemetry_path = "/metrics";       ///< below the prefix
    std::optional<std::string> route_prefix = {};  ///< "" or "/a/b"; empty: the path of the external URL
    std::string external_url = {};                 ///< without a slash at its end; empty: not known
    bool operator==(const WebPaths&) const = default;

    /// What stands before every path of a request: "", or "/a/b".
    std::string prefix() const;
    /// Where clients find what is at "/": "https://host/a/b", or the prefix alone. Never ends in a slash.
    std::string base() const;
};

/// "/", "keyshift/", "/a/b": slashes at the ends do not count. No '?', '#', '%', no blank, no "..".
base::Result<std::string> parse_route_prefix(std::string_view text);
/// Begins with '/', is not that alone, and is none of the server's own paths.
base::Result<std::string> parse_telemetry_path(std::string_view text);
/// http or https, with a host; no user, query or fragment.
base::Result<std::string> parse_external_url(std::string_view text);

}  // namespace keyshift::config
