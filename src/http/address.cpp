// SPDX-License-Identifier: Apache-2.0
#include "http/address.hpp"

#include <charconv>
#include <optional>

#include "base/utf8.hpp"

namespace keyshift::http {
namespace {

base::Error bad_address(std::string_view text, std::string_view why) {
    return {base::Errc::config, "cannot listen on \"" + base::visible(text) + "\": " + std::string(why),
            "write host:port, :port or [IPv6 address]:port"};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

}  // namespace

base::Result<Address> parse_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad_address(text, "it has no port");
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
        host = host.substr(1, host.size() - 2);
        if (host.find(':') == std::string_view::npos)
            return bad_address(text, "only an IPv6 address has brackets");
    } else if (host.find_first_of(":[]") != std::string_view::npos) {
        return bad_address(text, "an IPv6 address needs brackets");
    }
    for (const char c : host)
        if (static_cast<unsigned char>(c) <= ' ' || c == '/') return bad_address(text, "that is not a host");
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return bad_address(text, "the port is not a number from 0 to 65535");
    return Address{std::string(host), *port};
}

std::string to_string(const Address& address) {
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace keyshift::http
