// SPDX-License-Identifier: Apache-2.0
#include "base/listen_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/ascii.hpp"

namespace keyshift::base {
namespace {

constexpr std::string_view kHowToWrite = "write host:port, such as 127.0.0.1:11947, [::1]:11947 or :11947";

Error wrong(std::string what) {
    return {Errc::config, std::move(what), std::string(kHowToWrite)};
}

std::optional<std::uint16_t> port_number(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

bool is_address(int family, const std::string& host) {
    in6_addr room{};
    return inet_pton(family, host.c_str(), &room) == 1;
}

bool is_host_name(const std::string& host) {
    return host.size() <= 253 && host.front() != '-' && host.front() != '.' &&
           std::all_of(host.begin(), host.end(),
                       [](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
}

Result<std::string> host_name(std::string_view text) {
    std::string host(text);
    if (host.empty()) return host;
    if (host.front() == '[') {
        if (host.back() != ']') return wrong("has a '[' without its ']'");
        host = host.substr(1, host.size() - 2);
        if (!is_address(AF_INET6, host)) return wrong("has no IPv6 address between [ and ]");
        return host;
    }
    if (is_address(AF_INET6, host)) return wrong("has an IPv6 address without [ and ] around it");
    const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
    if (numeric ? !is_address(AF_INET, host) : !is_host_name(host))
        return wrong("has neither an IP address nor a host name");
    return host;
}

}  // namespace

std::string ListenAddress::text() const {
    const bool bracketed = host.find(':') != std::string::npos;
    return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
    if (text.starts_with("unix:") || text.starts_with('/')) {
        return Error{Errc::config, "is no address of TCP",
                     "keyshift's Unix socket is keyshift.sock in state.directory, mode 0660; elsewhere put "
                     "host:port"};
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || text.ends_with(']')) return wrong("has no port");
    const auto port = port_number(text.substr(colon + 1));
    if (!port) return wrong("has no port from 0 to 65535 after its last colon");
    auto host = host_name(text.substr(0, colon));
    if (!host) return host.error();
    return ListenAddress{*std::move(host), *port};
}

}  // namespace keyshift::base
