// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/redis_parameters.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "drivers/dsn/names.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Secret;

enum class Meaning { unknown, of_client, database, user, password, verification, tls, topology };

constexpr std::pair<std::string_view, Meaning> kOfRedis[] = {
    {"db", Meaning::database},
    {"database", Meaning::database},
    {"user", Meaning::user},
    {"username", Meaning::user},
    {"pass", Meaning::password},
    {"password", Meaning::password},
    {"sslcertreqs", Meaning::verification},  // redis-py, Celery
    {"ssl", Meaning::tls},
    {"tls", Meaning::tls},
    {"sslcacerts", Meaning::tls},
    {"sslcafile", Meaning::tls},
    {"sslcertfile", Meaning::tls},
    {"sslcert", Meaning::tls},
    {"sslkeyfile", Meaning::tls},
    {"sslkey", Meaning::tls},
    {"sslcheckhostname", Meaning::tls},
    {"skipverify", Meaning::tls},
    {"verifypeer", Meaning::tls},
    {"insecure", Meaning::tls},
    {"tlsinsecure", Meaning::tls},
    {"starttls", Meaning::tls},
    {"addr", Meaning::topology},
    {"node", Meaning::topology},
    {"sentinel", Meaning::topology},
    {"sentinelmasterid", Meaning::topology},
    {"mastername", Meaning::topology},
    {"servicename", Meaning::topology},
    {"sentinelservicename", Meaning::topology},
    {"masterset", Meaning::topology},
};

constexpr std::string_view kOfRedisClients[] = {
    // redis-rs, redis-py, Celery
    "protocol",
    "maxconnections",
    "sockettimeout",
    "socketconnecttimeout",
    "socketkeepalive",
    "retryontimeout",
    "retryonerror",
    "healthcheckinterval",
    "clientname",
    "libname",
    "libversion",
    "encoding",
    "encodingerrors",
    "decoderesponses",
    "virtualhost",
    "visibilitytimeout",
    "timeout",
    // go-redis
    "network",
    "dialtimeout",
    "readtimeout",
    "writetimeout",
    "poolsize",
    "poolfifo",
    "pooltimeout",
    "minidleconns",
    "maxidleconns",
    "maxactiveconns",
    "connmaxidletime",
    "connmaxlifetime",
    "maxretries",
    "minretrybackoff",
    "maxretrybackoff",
    "contexttimeoutenabled",
    // ioredis, node-redis
    "family",
    "keepalive",
    "nodelay",
    "connecttimeout",
    "commandtimeout",
    "lazyconnect",
    "maxretriesperrequest",
    "enablereadycheck",
    "enableofflinequeue",
    "allowusernameinuri",
    "connectionname",
    "keyprefix",
    "noready",
    "readonly",
    "pinginterval",
    // Lettuce, Jedis, Symfony, Laravel
    "libraryname",
    "libraryversion",
    "verifyname",
    "lazy",
    "persistent",
    "persistentid",
    "retryinterval",
    "tcpkeepalive",
    "compression",
    "prefix",
    "serializer",
};

Meaning meaning_of_redis(std::string_view plain) {
    const auto* const applied = std::find_if(std::begin(kOfRedis), std::end(kOfRedis),
                                             [&](const auto& one) { return one.first == plain; });
    if (applied != std::end(kOfRedis)) return applied->second;
    const bool known =
        std::find(std::begin(kOfRedisClients), std::end(kOfRedisClients), plain) != std::end(kOfRedisClients);
    return known ? Meaning::of_client : Meaning::unknown;
}

Error refused(const std::string& name, const std::string& what, std::string hint) {
    return {Errc::config, "the redis url has " + name + ", " + what, std::move(hint)};
}

Result<void> apply_database(const UrlParameter& parameter, RedisTarget& target) {
    const auto database = parse_redis_database(parameter.value);
    if (!database) return database.error();
    if (target.database != 0 && target.database != *database)
        return refused(parameter.name + "=", "and names another database before it", "give one of them");
    target.database = *database;
    return {};
}

Result<void> apply_login(Meaning meaning, const UrlParameter& parameter, RedisTarget& target) {
    RedisLogin login = target.login.value_or(RedisLogin{});
    const bool given = meaning == Meaning::user ? !login.user.empty() : !login.password.empty();
    if (given) return refused(parameter.name, "and names another one before it", "give one of them");
    if (meaning == Meaning::user) {
        login.user = parameter.value;
    } else {
        login.password = Secret(parameter.value);
    }
    target.login = std::move(login);
    return {};
}

Result<void> apply_parameter(const UrlParameters& parameters, std::size_t index, RedisTarget& target) {
    const UrlParameter& parameter = parameters[index];
    const std::string plain = plain_name(parameter.name);
    const Meaning meaning = meaning_of_redis(plain);
    switch (meaning) {
        case Meaning::of_client:
            target.skipped.push_back(parameter.name);
            return {};
        case Meaning::database:
            return apply_database(parameter, target);
        case Meaning::user:
        case Meaning::password:
            return apply_login(meaning, parameter, target);
        case Meaning::verification:
            if (const std::string value = plain_name(parameter.value);
                target.tls && (value == "required" || value == "certrequired"))
                return {};
            return refused(parameter.name, "which switches verification off, and keyshift always verifies",
                           "take it out, begin with rediss://, and name the authority of the server's "
                           "certificate in collectors[redis].tls.ca_file");
        case Meaning::tls:
            return refused(parameter.name, "which the configuration says here",
                           "begin with rediss:// for TLS; files are given in collectors[redis].tls");
        case Meaning::topology:
            return refused(parameter.name, "which the configuration says here",
                           "set mode: sentinel with sentinel.master, or mode: cluster, and addresses");
        case Meaning::unknown:
            break;
    }
    return refused(shown_name(parameters, index), "which is no parameter that is known here",
                   "correct its name, or take it out; ? and & in a password are %3F and %26");
}

}  // namespace

Result<void> apply_redis_parameters(const UrlParameters& parameters, RedisTarget& target) {
    for (std::size_t index = 0; index < parameters.size(); ++index)
        if (auto applied = apply_parameter(parameters, index, target); !applied) return applied;
    // A user alone logs in nowhere.
    if (target.login && !target.login->user.empty() && target.login->password.empty() && !parameters.empty())
        return bad_redis_url("has a user without a password");
    return {};
}

}  // namespace keyshift::drivers
