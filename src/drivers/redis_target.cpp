// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis_target.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <boost/asio/ip/address_v6.hpp>
#include <sys/un.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Secret;

Error bad(std::string what) {
    return {Errc::config, "the redis url " + std::move(what),
            "write redis://user:password@host:port/db, rediss:// for TLS or unix://user:password@/path?db=N, "
            "with special characters of the password percent-encoded (@ is %40, / is %2F, : is %3A, ? is "
            "%3F, # is %23)"};
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = base::hex_digit(text[i + 1]);
            const int low = base::hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') return std::nullopt;
        out += c;
    }
    return out;
}

template <class Unsigned>
std::optional<Unsigned> number(std::string_view text) {
    Unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_host_character(char c) {
    return base::is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
}

Result<void> read_login(RedisTarget& target, std::string_view userinfo) {
    const std::size_t colon = userinfo.find(':');
    // redis://password@host is a password to some clients and a user to others: never guess, never print it.
    if (colon == std::string_view::npos) return bad("has a user without a colon and a password");
    const auto user = percent_decoded(userinfo.substr(0, colon));
    auto password = percent_decoded(userinfo.substr(colon + 1));
    if (!user || !password) return bad("has a user or password that is not percent-encoded");
    if (user->empty() && password->empty()) return {};
    target.login = RedisLogin{*user, Secret(std::move(*password))};
    return {};
}

Result<void> read_port(RedisTarget& target, std::string_view port) {
    const auto value = number<std::uint16_t>(port);
    if (!value || *value == 0) return bad("has a port that is not a number from 1 to 65535");
    target.port = *value;
    return {};
}

Result<void> read_address(RedisTarget& target, std::string_view address) {
    if (!address.empty() && address.front() == '[') {
        const std::size_t end = address.find(']');
        if (end == std::string_view::npos) return bad("has an IPv6 address without its closing bracket");
        target.host = address.substr(1, end - 1);
        boost::system::error_code error;
        boost::asio::ip::make_address_v6(target.host, error);
        if (error) return bad("has no IPv6 address between its brackets");
        address.remove_prefix(end + 1);
        if (address.empty()) return {};
        if (address.front() != ':') return bad("has no port after its IPv6 address");
        return read_port(target, address.substr(1));
    }
    const std::size_t colon = address.find(':');
    target.host = address.substr(0, colon);
    if (target.host.empty()) return bad("names no host");
    if (target.host.size() > 253 || !std::all_of(target.host.begin(), target.host.end(), is_host_character))
        return bad("has a host that is no name and no address");
    if (colon == std::string_view::npos) return {};
    if (address.find(':', colon + 1) != std::string_view::npos)
        return bad("has an IPv6 address without brackets");
    return read_port(target, address.substr(colon + 1));
}

Result<void> read_database(RedisTarget& target, std::string_view text) {
    const auto value = number<std::uint32_t>(text);
    if (!value || *value > 65535) return bad("has a database that is not a small number");
    target.database = *value;
    return {};
}

Result<void> read_socket(RedisTarget& target, std::string_view rest) {
    const std::size_t question = rest.find('?');
    const auto path = percent_decoded(rest.substr(0, question));
    if (!path || path->size() < 2) return bad("names no socket");
    if (path->size() >= sizeof(sockaddr_un::sun_path)) return bad("has a socket path of more than 107 bytes");
    target.socket = *path;
    if (question == std::string_view::npos) return {};
    const std::string_view query = rest.substr(question + 1);
    if (query.substr(0, 3) != "db=") return bad("has an option other than db");
    return read_database(target, query.substr(3));
}

Result<void> read_parts(RedisTarget& target, std::string_view rest, bool unix_socket) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, slash);
    const std::string_view path = rest.substr(slash);
    // An unescaped special character moves the rest of a password into host, path or database, which are
    // printable: they take no @.
    const std::size_t at = authority.find('@');
    if (at != std::string_view::npos) {
        if (auto login = read_login(target, authority.substr(0, at)); !login) return login;
        authority.remove_prefix(at + 1);
    }
    if (unix_socket) {
        if (!authority.empty() || path.find('@') != std::string_view::npos)
            return bad("has no absolute path, or an @ in it");
        return read_socket(target, path);
    }
    if (auto address = read_address(target, authority); !address) return address;
    return path.size() < 2 ? Result<void>() : read_database(target, path.substr(1));
}

}  // namespace

Result<RedisTarget> RedisTarget::parse(const Secret& url) {
    const std::string_view text = url.reveal();
    if (text.empty()) return bad("is empty");
    const std::size_t colon = text.find("://");
    const std::string_view scheme = text.substr(0, std::min(colon, text.size()));
    if (colon == std::string_view::npos || (scheme != "redis" && scheme != "rediss" && scheme != "unix"))
        return bad("does not begin with redis://, rediss:// or unix://");
    RedisTarget target;
    target.tls = scheme == "rediss";
    auto read = read_parts(target, text.substr(colon + 3), scheme == "unix");
    if (!read) return read.error();
    target.describe();
    return target;
}

RedisTarget RedisTarget::at(std::string other_host, std::uint16_t other_port) const {
    RedisTarget other = *this;
    other.host = std::move(other_host);
    other.port = other_port;
    other.socket.clear();
    other.describe();
    return other;
}

std::string RedisTarget::address() const {
    if (!socket.empty()) return base::visible(socket);
    const bool v6 = host.find(':') != std::string::npos;
    return base::visible(v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void RedisTarget::describe() {
    printable = address() + (socket.empty() ? "/" : "?db=") + std::to_string(database);
    if (login && !login->user.empty()) printable += " as " + base::visible(login->user);
}

}  // namespace keyshift::drivers
