// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/error.hpp"

#include <array>
#include <charconv>

#include "base/utf8.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;

/// How a message begins, what it is, and what to do.
struct Meaning {
    std::string_view prefix;
    Errc code;
    std::string_view says;  ///< in our words; empty: quoted
    std::string_view hint;
};

constexpr std::string_view kPasswordHint = "check the user and the password in the redis url";
constexpr std::string_view kLoginHint = "give the user and password as redis://user:password@host";
constexpr std::string_view kNoPasswordHint =
    "leave the password out of the redis url, or set one on the server";
constexpr std::string_view kWaitHint = "it is tried again at the next poll";
constexpr std::string_view kModeHint =
    "set mode: to what this server is (standalone, sentinel, cluster); a renamed command cannot be used "
    "either";

constexpr std::array kMeanings{
    Meaning{"WRONGPASS", Errc::auth, "user or password is wrong, or the user is off", kPasswordHint},
    Meaning{"ERR invalid password", Errc::auth, "the password is wrong", kPasswordHint},
    Meaning{"NOAUTH", Errc::auth, "it wants a password", kLoginHint},
    Meaning{"ERR operation not permitted", Errc::auth, "it wants a password", kLoginHint},
    Meaning{"ERR Client sent AUTH, but no password is set", Errc::auth, "it has no password",
            kNoPasswordHint},
    Meaning{"ERR AUTH <password> called without", Errc::auth, "its default user has no password",
            kNoPasswordHint},
    Meaning{"ERR wrong number of arguments for 'auth'", Errc::auth, "it knows no users (Redis before 6)",
            "leave the user out: redis://:password@host"},
    Meaning{"DENIED", Errc::auth, "it runs in protected mode",
            "set a password on it and give it here, or connect by a loopback address"},
    Meaning{"LOADING", Errc::connect, "it is loading its data set", kWaitHint},
    Meaning{"MASTERDOWN", Errc::connect, "it is a replica that has lost its master", kWaitHint},
    Meaning{"CLUSTERDOWN", Errc::connect, "the cluster is down", "look at CLUSTER INFO on this node"},
    Meaning{"TRYAGAIN", Errc::connect, "slots are on their way to another node", kWaitHint},
    Meaning{"ERR max number of clients reached", Errc::connect, "it takes no more clients",
            "raise maxclients, or look for clients that leave connections open"},
    Meaning{"BUSY ", Errc::timeout, "it is busy with a script", "look at the script, or wait"},
    Meaning{"MOVED ", Errc::schema, "the slot is on another node", "set mode: cluster"},
    Meaning{"ASK ", Errc::schema, "the slot is on its way to another node", "set mode: cluster"},
    Meaning{"ERR This instance has cluster support disabled", Errc::schema, "it is no cluster node",
            "set mode: standalone"},
    Meaning{"ERR SELECT is not allowed in cluster mode", Errc::schema, "a cluster has one database, 0",
            "leave the database out of the redis url"},
    Meaning{"ERR DB index is out of range", Errc::schema, "it has no database of that number",
            "check the database in the redis url against `databases` of the server"},
    Meaning{"ERR invalid DB index", Errc::schema, "it has no database of that number",
            "check the database in the redis url against `databases` of the server"},
    Meaning{"ERR unknown command", Errc::schema, "", kModeHint},
};

const Meaning* meaning_of(std::string_view message) {
    for (const Meaning& meaning : kMeanings)
        if (message.substr(0, meaning.prefix.size()) == meaning.prefix) return &meaning;
    return nullptr;
}

std::string without_password(std::string_view message, const RedisTarget& target) {
    std::string text(message.substr(0, message.find_first_of("\r\n")));
    if (target.login) target.login->password.hide_in(text);
    return text;
}

/// The line that permits all that is asked of servers, or of Sentinels.
std::string acl_hint(const RedisTarget& target, std::string_view message) {
    const bool named = target.login && !target.login->user.empty();
    const bool sentinel = message.find("'sentinel") != std::string_view::npos;
    return "run there: ACL SETUSER " + (named ? base::escape_unsafe(target.login->user) : "default") +
           (sentinel ? " +ping +role +sentinel|get-master-addr-by-name"
                     : " +ping +info +scan +dbsize +select +role +cluster|slots +readonly");
}

template <class Unsigned>
bool read_number(std::string_view text, Unsigned& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Error redis_error(std::string_view message, const RedisTarget& target) {
    const std::string server = "Redis at " + target.printable + ": ";
    constexpr std::size_t kQuoted = 300;
    const std::string quoted = base::escape_unsafe(without_password(message, target).substr(0, kQuoted));
    if (message.substr(0, 6) == "NOPERM")
        return {Errc::permission, server + quoted, acl_hint(target, message)};
    const Meaning* const meaning = meaning_of(message);
    if (meaning == nullptr) return {Errc::other, server + quoted, {}};
    const std::string says = meaning->says.empty() ? quoted : std::string(meaning->says);
    return {meaning->code, server + says, std::string(meaning->hint)};
}

Error redis_auth_error(std::string_view message, const RedisTarget& target) {
    const Meaning* const meaning = meaning_of(message);
    if (meaning != nullptr && !meaning->says.empty()) return redis_error(message, target);
    return {Errc::auth, "Redis at " + target.printable + ": AUTH was refused", std::string(kPasswordHint)};
}

std::optional<RedisRedirect> parse_redis_redirect(std::string_view message) {
    RedisRedirect redirect;
    redirect.ask = message.substr(0, 4) == "ASK ";
    if (!redirect.ask && message.substr(0, 6) != "MOVED ") return std::nullopt;
    message.remove_prefix(redirect.ask ? 4 : 6);
    const std::size_t space = message.find(' ');
    const std::size_t colon = message.rfind(':');
    if (space == std::string_view::npos || colon == std::string_view::npos || colon < space)
        return std::nullopt;
    if (!read_number(message.substr(0, space), redirect.slot) ||
        !read_number(message.substr(colon + 1), redirect.port))
        return std::nullopt;
    redirect.host = message.substr(space + 1, colon - space - 1);
    return redirect;
}

}  // namespace keyshift::drivers
