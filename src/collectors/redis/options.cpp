// SPDX-License-Identifier: Apache-2.0
#include "collectors/redis/options.hpp"

#include <utility>

#include "collectors/shared/http_options.hpp"
#include "collectors/shared/skipped_parameters.hpp"
#include "config/presets/preset.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using drivers::RedisAddress;
using drivers::RedisMode;
using drivers::RedisTarget;

/// "auth:key:*" without the star.
Result<std::string> parse_prefix(std::string_view pattern) {
    const std::string_view prefix = pattern.substr(0, pattern.size() - 1);
    if (prefix.empty() || pattern.back() != '*' || prefix.find_first_of("*?[]\\") != std::string_view::npos) {
        return Error{Errc::config, "is not the beginning of a key with a * after it",
                     "write it like auth:verified:*"};
    }
    return std::string(prefix);
}

Result<RedisAddress> parse_address(std::string_view text) {
    const auto target = RedisTarget::parse(base::Secret("redis://" + std::string(text)));
    // Also says that there is a port, and neither a login nor a database.
    if (!target || target->address() != text) {
        return Error{Errc::config, "is not an address",
                     "write host:port, without a password; it is that of the url"};
    }
    return RedisAddress{target->host, target->port};
}

void read_sentinel(config::OptionsReader options, RedisCollectorOptions& out) {
    out.master = options.optional_text("master");
    out.user = options.optional_text("username");
    out.password = options.optional_secret("password");
    if (out.mode != RedisMode::sentinel) {
        for (const char* const key : {"master", "username", "password"}) {
            const bool given = key == std::string_view("master")     ? !out.master.empty()
                               : key == std::string_view("username") ? !out.user.empty()
                                                                     : out.password.given();
            if (given) options.problem(key, "is of no use here", "set mode: sentinel, or remove it");
        }
        return;
    }
    if (out.master.empty())
        options.problem("master", "is not given", "give the name that the Sentinels know the master by");
    if (!out.user.empty() && !out.password.given())
        options.problem("username", "is of no use alone", "give password_file too, or neither");
}

/// What can be said of the URL before anybody is connected to. It may be another one by then.
void check_url(config::OptionsReader& reader, const RedisCollectorOptions& options) {
    const auto url = options.url.read();
    if (!url) return;  // said already
    const auto target = RedisTarget::parse(*url);
    if (!target) return reader.problem("url", target.error().what, target.error().hint);
    warn_of_skipped(reader, "url", target->skipped);
    if (!target->tls && options.tls != drivers::TlsOptions{})
        reader.problem("tls", "is of no use with this url", "begin the url with rediss://, or remove it");
    if (target->database != 0 && options.mode == RedisMode::cluster)
        reader.problem("url", "names a database, and a cluster has but one", "leave it out");
    if (!target->socket.empty() && options.mode != RedisMode::standalone)
        reader.problem("url", "names a socket", "give host and port, as mode is not standalone");
}

/// "patterns": those of the preset where they are not given.
std::map<std::string, std::string> read_patterns(config::OptionsReader reader, config::Preset preset) {
    std::map<std::string, std::string> prefixes;
    const auto& known = config::facts_of(preset).caches;
    for (const char* const cache : {"auth_key", "auth_verified"}) {
        const auto presumed = known.find(cache);
        const auto prefix = reader.parsed_or_null<std::string>(
            cache, presumed == known.end() ? std::nullopt : std::optional(presumed->second),
            presumed == known.end() ? "" : presumed->second + "*", parse_prefix);
        if (prefix) prefixes[cache] = *prefix;
    }
    return prefixes;
}

}  // namespace

RedisCollectorOptions read_redis_options(config::OptionsReader& reader, const config::Gateway& gateway) {
    RedisCollectorOptions options;
    options.url = reader.secret("url", kRedisUrl);
    options.mode = reader.choice<RedisMode>("mode",
                                            {{"standalone", RedisMode::standalone},
                                             {"sentinel", RedisMode::sentinel},
                                             {"cluster", RedisMode::cluster}},
                                            RedisMode::standalone);
    options.addresses = reader.parsed_list_or_null<RedisAddress>("addresses", parse_address)
                            .value_or(std::vector<RedisAddress>());
    if (!options.addresses.empty() && options.mode == RedisMode::standalone)
        reader.problem("addresses", "is of no use here", "set mode: sentinel or cluster, or remove it");
    read_sentinel(reader.section("sentinel"), options);
    options.tls = read_tls_options(reader.section("tls"));
    options.prefixes = read_patterns(reader.section("patterns"), gateway.preset);
    options.scan_budget = reader.integer("scan_budget", 100'000, {.min = 1000, .max = 100'000'000});
    options.scan_ceiling = reader.integer("scan_ceiling", 20'000'000, {.min = 0, .max = 1'000'000'000'000});
    check_url(reader, options);
    return options;
}

Result<drivers::RedisOptions> RedisCollectorOptions::servers() const {
    const auto secret = url.read();
    if (!secret) return secret.error();
    const auto target = RedisTarget::parse(*secret);
    if (!target) return target.error();
    drivers::RedisOptions out;
    out.mode = mode;
    out.tls = tls;
    out.seeds.push_back(*target);
    for (const RedisAddress& address : addresses) out.seeds.push_back(target->at(address.host, address.port));
    if (mode != RedisMode::sentinel) return out;
    out.sentinel_master = master;
    out.sentinel_database = target->database;
    if (!password.given()) return out;
    const auto word = password.read();
    if (!word) return word.error();
    out.node_login = drivers::RedisLogin{user, *word};
    return out;
}

}  // namespace keyshift::collectors
