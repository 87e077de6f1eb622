// SPDX-License-Identifier: Apache-2.0
#include "config/web_paths.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/listen_address.hpp"

namespace keyshift::config {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// Of "https://host:1/a" "https://host:1"; what follows is the path.
std::size_t path_begin(std::string_view url) {
    const std::size_t host = url.find("://") + 3;
    return std::min(url.find('/', host), url.size());
}

bool is_path_character(char c) {
    return base::is_alphanumeric(c) ||
           std::string_view("/-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

/// Such as a client may send it, so that nothing need be decoded to compare it.
bool is_plain_path(std::string_view path) {
    const std::string whole = "/" + std::string(path) + "/";
    const bool dots = whole.find("/../") != std::string::npos || whole.find("/./") != std::string::npos;
    return std::all_of(path.begin(), path.end(), is_path_character) && !dots &&
           path.find("//") == std::string_view::npos;
}

std::string_view without_last_slashes(std::string_view text) {
    while (text.ends_with('/')) text.remove_suffix(1);
    return text;
}

Error no_url(const char* what) {
    return {Errc::config, what, "write the URL that clients use, such as https://ops.example.com/keyshift"};
}

/// "host", "host:1", "[::1]:1".
bool is_host(std::string_view host) {
    const bool has_port = host.rfind(':') != std::string_view::npos && !host.ends_with(']');
    const auto address = base::parse_listen_address(std::string(host) + (has_port ? "" : ":80"));
    return address && !address->host.empty();
}

}  // namespace

std::string WebPaths::prefix() const {
    if (route_prefix) return *route_prefix;
    return external_url.empty() ? std::string() : external_url.substr(path_begin(external_url));
}

std::string WebPaths::base() const {
    return external_url.empty() ? prefix() : external_url;
}

Result<std::string> parse_route_prefix(std::string_view text) {
    std::string_view path = without_last_slashes(text);
    while (path.starts_with('/')) path.remove_prefix(1);
    if (path.empty()) return std::string();
    if (!is_plain_path(path))
        return Error{Errc::config, "is no path",
                     "write letters, digits and - . _ ~ between single slashes, such as /keyshift"};
    return "/" + std::string(path);
}

Result<std::string> parse_telemetry_path(std::string_view text) {
    if (!text.starts_with('/') || text == "/" || !is_plain_path(text))
        return Error{Errc::config, "is no path below /", "write one such as /metrics"};
    for (const std::string_view own : {"/-/", "/api/", "/keys", "/owners", "/assets/"})
        if (text.starts_with(own))
            return Error{Errc::config, "is where keyshift serves something else",
                         "write one such as /metrics"};
    return std::string(text);
}

Result<std::string> parse_external_url(std::string_view text) {
    const std::string scheme = base::lower(text.substr(0, text.find(':')));
    if ((scheme != "http" && scheme != "https") || text.substr(scheme.size(), 3) != "://")
        return no_url("is no URL of http or https");
    if (text.find_first_of("?#@") != std::string_view::npos)
        return no_url("has a user, a query or a fragment");
    const std::size_t path = path_begin(text);
    const std::string_view host = text.substr(scheme.size() + 3, path - scheme.size() - 3);
    if (!is_host(host)) return no_url("has no host");
    if (!is_plain_path(text.substr(path))) return no_url("has a path that cannot be compared");
    return scheme + "://" + base::lower(host) + std::string(without_last_slashes(text.substr(path)));
}

}  // namespace keyshift::config
