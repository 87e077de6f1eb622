// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/redis_target.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

#include <boost/asio/ip/address_v6.hpp>
#include <sys/un.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "drivers/dsn/redis_parameters.hpp"
#include "drivers/dsn/url_text.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Secret;

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
    if (colon == std::string_view::npos) return bad_redis_url("has a user without a colon and a password");
    const auto user = percent_decoded(userinfo.substr(0, colon));
    auto password = percent_decoded(userinfo.substr(colon + 1));
    if (!user || !password) return bad_redis_url("has a user or password that is not percent-encoded");
    if (user->empty() && password->empty()) return {};
    target.login = RedisLogin{*user, Secret(std::move(*password))};
    return {};
}

Result<void> read_port(RedisTarget& target, std::string_view port) {
    const auto value = number<std::uint16_t>(port);
    if (!value || *value == 0) return bad_redis_url("has a port that is not a number from 1 to 65535");
    target.port = *value;
    return {};
}

Result<void> read_address(RedisTarget& target, std::string_view address) {
    if (!address.empty() && address.front() == '[') {
        const std::size_t end = address.find(']');
        if (end == std::string_view::npos)
            return bad_redis_url("has an IPv6 address without its closing bracket");
        target.host = address.substr(1, end - 1);
        boost::system::error_code error;
        boost::asio::ip::make_address_v6(target.host, error);
        if (error) return bad_redis_url("has no IPv6 address between its brackets");
        address.remove_prefix(end + 1);
        if (address.empty()) return {};
        if (address.front() != ':') return bad_redis_url("has no port after its IPv6 address");
        return read_port(target, address.substr(1));
    }
    const std::size_t colon = address.find(':');
    target.host = address.substr(0, colon);
    if (target.host.empty()) return bad_redis_url("names no host");
    if (target.host.size() > 253 || !std::all_of(target.host.begin(), target.host.end(), is_host_character))
        return bad_redis_url("has a host that is no name and no address");
    if (colon == std::string_view::npos) return {};
    if (address.find(':', colon + 1) != std::string_view::npos)
        return bad_redis_url("has an IPv6 address without brackets");
    return read_port(target, address.substr(colon + 1));
}

Result<void> read_database(RedisTarget& target, std::string_view text) {
    const auto value = parse_redis_database(text);
    if (!value) return value.error();
    target.database = *value;
    return {};
}

Result<void> read_socket(RedisTarget& target, std::string_view written) {
    const auto path = percent_decoded(written);
    if (!path || path->size() < 2) return bad_redis_url("names no socket");
    if (path->size() >= sizeof(sockaddr_un::sun_path))
        return bad_redis_url("has a socket path of more than 107 bytes");
    target.socket = *path;
    return {};
}

/// What stands behind a #, which is part of no address.
Result<void> check_fragment(std::string_view fragment) {
    if (fragment.empty()) return {};
    if (fragment == "insecure") {
        return Error{Errc::config,
                     "the redis url ends with #insecure, and keyshift does not speak TLS without verifying",
                     "take it out, and name the authority of the server's certificate in "
                     "collectors[redis].tls.ca_file"};
    }
    return bad_redis_url("has a # behind its address");
}

Result<void> read_parts(RedisTarget& target, std::string_view rest, bool unix_socket) {
    // An unescaped special character moves the rest of a password into host, path or database, which are
    // printable: they take no @.
    const std::size_t at = rest.substr(0, rest.find('/')).find('@');
    if (at != std::string_view::npos) {
        if (auto login = read_login(target, rest.substr(0, at)); !login) return login;
        rest.remove_prefix(at + 1);
    }
    const std::size_t hash = std::min(rest.find('#'), rest.size());
    if (auto fits = check_fragment(rest.substr(std::min(hash + 1, rest.size()))); !fits) return fits;
    rest = rest.substr(0, hash);
    const std::size_t question = std::min(rest.find('?'), rest.size());
    const auto parameters = read_query(rest.substr(std::min(question + 1, rest.size())));
    rest = rest.substr(0, question);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view authority = rest.substr(0, slash);
    const std::string_view path = rest.substr(slash);
    if (unix_socket) {
        if (!authority.empty() || path.find('@') != std::string_view::npos)
            return bad_redis_url("has no absolute path, or an @ in it");
        if (auto socket = read_socket(target, path); !socket) return socket;
    } else {
        if (auto address = read_address(target, authority); !address) return address;
        if (path.size() > 1)
            if (auto database = read_database(target, path.substr(1)); !database) return database;
    }
    if (!parameters) return bad_redis_url(parameters.error().what);
    return apply_redis_parameters(*parameters, target);
}

struct RedisScheme {
    std::string_view name;
    bool tls = false;
    bool socket = false;
};

/// What clients call it: redis-py, redis-rs, Valkey's clients, Lettuce.
constexpr RedisScheme kRedisSchemes[] = {
    {"redis"},
    {"rediss", true},
    {"valkey"},
    {"valkeys", true},
    {"redis+ssl", true},
    {"unix", false, true},
    {"redis+unix", false, true},
    {"valkey+unix", false, true},
    {"redis+socket", false, true},
    {"redis-socket", false, true},
};

Error refused_redis_scheme(const std::string& scheme) {
    const std::string begins = "the redis url begins with " + scheme + "://";
    for (const std::string mode : {"sentinel", "cluster"}) {
        if (scheme.find(mode) == std::string::npos) continue;
        return {Errc::config, begins + ", which says what a configuration file says here",
                "write collectors: [{type: redis, mode: " + mode + ", url: redis://HOST:PORT" +
                    (mode == "sentinel" ? ", sentinel: {master: NAME}" : "") + "}]"};
    }
    return {Errc::config, begins + ", which is not Redis",
            "write redis://user:password@host:port/db, rediss:// for TLS or unix://"};
}

/// Letters, digits and what joins them; empty: the text begins with no scheme.
std::string redis_scheme_of(std::string_view text) {
    constexpr std::size_t kLongest = 40;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos || colon > kLongest) return {};
    std::string scheme = base::lower(text.substr(0, colon));
    const auto fits = [](char c) { return base::is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; };
    return std::all_of(scheme.begin(), scheme.end(), fits) ? scheme : std::string();
}

}  // namespace

Error bad_redis_url(std::string what) {
    return {Errc::config, "the redis url " + std::move(what),
            "write redis://user:password@host:port/db, rediss:// for TLS or unix://user:password@/path?db=N, "
            "with special characters of the password percent-encoded (@ is %40, / is %2F, : is %3A, ? is "
            "%3F, # is %23)"};
}

Result<std::uint32_t> parse_redis_database(std::string_view text) {
    const auto value = number<std::uint32_t>(text);
    if (!value || *value > 65535) return bad_redis_url("has a database that is not a small number");
    return *value;
}

Result<RedisTarget> RedisTarget::parse(const Secret& url) {
    const auto bare = without_quotes(url.reveal());
    if (!bare) return bad_redis_url(bare.error().what);
    const std::string_view text = bare->text;
    if (text.empty()) return bad_redis_url("is empty");
    const std::string name = redis_scheme_of(text);
    if (name.empty()) return bad_redis_url("does not begin with redis://, rediss:// or unix://");
    const auto* const scheme = std::find_if(std::begin(kRedisSchemes), std::end(kRedisSchemes),
                                            [&](const RedisScheme& one) { return one.name == name; });
    if (scheme == std::end(kRedisSchemes)) return refused_redis_scheme(name);
    RedisTarget target;
    target.tls = scheme->tls;
    if (bare->was_quoted) target.skipped.emplace_back(kQuotes);
    auto read = read_parts(target, text.substr(name.size() + 3), scheme->socket);
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
    if (!socket.empty()) return base::escape_unsafe(socket);
    const bool v6 = host.find(':') != std::string::npos;
    return base::escape_unsafe(v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void RedisTarget::describe() {
    printable = address() + (socket.empty() ? "/" : "?db=") + std::to_string(database);
    if (login && !login->user.empty()) printable += " as " + base::escape_unsafe(login->user);
}

}  // namespace keyshift::drivers
