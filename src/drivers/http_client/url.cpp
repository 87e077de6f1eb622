// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/url.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/ascii.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;

Error wrong(std::string what) {
    return {Errc::config, std::move(what), "write it like https://gateway.example:8443/metrics"};
}

/// Takes `prefix` (in lower case) off `text`, whatever its case.
bool consume_prefix(std::string_view& text, std::string_view prefix) {
    if (!base::equals_ignoring_case(text.substr(0, prefix.size()), prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool is_address(int family, const std::string& host) {
    in6_addr room{};
    return inet_pton(family, host.c_str(), &room) == 1;
}

bool is_host_name(std::string_view host) {
    return host.size() <= 254 && host.front() != '-' && host.front() != '.' &&
           host.find("..") == std::string_view::npos && std::ranges::all_of(host, [](char c) {
               return base::is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
           });
}

Result<std::string> host_name(std::string_view text) {
    if (text.empty()) return wrong("has no host");
    std::string host = base::lower(text);
    if (host.front() == '[') {
        host = host.substr(1, host.size() - 2);
        if (!is_address(AF_INET6, host)) return wrong("has no IPv6 address between [ and ]");
        return host;
    }
    const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
    if (numeric ? !is_address(AF_INET, host) : !is_host_name(host))
        return wrong("has neither a host name nor an IP address (IPv6 in [ and ]) as its host");
    return host;
}

Result<std::string> port_number(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0)
        return wrong("has no port from 1 to 65535 after the colon behind its host");
    return std::to_string(port);
}

/// Where the host ends in "host:port" or "[host]:port".
Result<std::size_t> host_end(std::string_view authority) {
    if (!authority.starts_with('[')) return std::min(authority.find(':'), authority.size());
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return wrong("has a '[' without its ']'");
    if (bracket + 1 < authority.size() && authority[bracket + 1] != ':')
        return wrong("has something other than a port behind its ']'");
    return bracket + 1;
}

}  // namespace

std::string HttpUrl::authority() const {
    const bool bracketed = host.find(':') != std::string::npos;
    std::string out = bracketed ? "[" + host + "]" : host;
    if (port != (tls ? "443" : "80")) out += ":" + port;
    return out;
}

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
    HttpUrl url;
    url.tls = consume_prefix(text, "https://");
    if (!url.tls && !consume_prefix(text, "http://")) return wrong("is not an http:// or https:// URL");
    if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c >= 0x7F; })) {
        return Error{Errc::config, "has a character that cannot stand in a URL",
                     "write blanks and others than ASCII as %XX"};
    }
    text = text.substr(0, text.find('#'));
    const std::string_view authority = text.substr(0, text.find_first_of("/?"));
    if (authority.find('@') != std::string_view::npos) {
        return Error{Errc::config, "has a user or a password in it",
                     "give them as basic_auth, where they are kept out of every message"};
    }
    const auto end = host_end(authority);
    if (!end) return end.error();
    auto host = host_name(authority.substr(0, *end));
    if (!host) return host.error();
    url.host = *std::move(host);
    url.port = url.tls ? "443" : "80";
    if (*end < authority.size()) {
        auto port = port_number(authority.substr(*end + 1));
        if (!port) return port.error();
        url.port = *std::move(port);
    }
    const std::string_view rest = text.substr(authority.size());
    url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
    url.printable = (url.tls ? "https://" : "http://") + url.authority();
    url.printable += url.target.substr(0, url.target.find('?'));
    return url;
}

}  // namespace keyshift::drivers
