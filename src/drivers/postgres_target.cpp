// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres_target.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include <libpq-fe.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Secret;

Error bad(std::string what) {
    return {Errc::config, "database_url " + std::move(what),
            "write postgresql://user:password@host:port/database with special characters of the password "
            "percent-encoded (@ is %40, / is %2F, : is %3A, ? is %3F, # is %23)"};
}

/// Parameters that are younger than libpq 15, and the release that brought each.
constexpr std::pair<std::string_view, int> kYoungParameters[] = {
    {"require_auth", 16},         {"sslcertmode", 16},    {"gssdelegation", 16},
    {"load_balance_hosts", 16},   {"sslnegotiation", 17}, {"min_protocol_version", 18},
    {"max_protocol_version", 18}, {"sslkeylogfile", 18},  {"servicefile", 18},
};

/// `message` is libpq's, which may quote the password: no more is taken of it than a name from the list.
Error refused(std::string_view message) {
    const int own = PQlibVersion() / 10000;
    for (const auto& [name, release] : kYoungParameters) {
        if (own >= release || message.find("\"" + std::string(name) + "\"") == std::string_view::npos)
            continue;
        return {Errc::config,
                "database_url has " + std::string(name) + ", which libpq has from " +
                    std::to_string(release) + " on, and keyshift uses libpq " + std::to_string(own),
                "use keyshift with a newer libpq5, or take it out of database_url"};
    }
    return bad("is not a connection string that libpq accepts");
}

bool is_url(std::string_view text) {
    return text.substr(0, 13) == "postgresql://" || text.substr(0, 11) == "postgres://";
}

/// An unescaped special character moves the rest of a password into host, port or database, which are
/// printable.
bool looks_mistyped(std::string_view url) {
    const std::string_view rest = url.substr(url.find("://") + 3);
    const std::string_view before_query = rest.substr(0, rest.find('?'));
    const std::string_view authority = before_query.substr(0, before_query.find('/'));
    const auto ats = std::count(authority.begin(), authority.end(), '@');
    return ats > 1 || (ats == 0 && rest.find('@') != std::string_view::npos);
}

const std::string* find(const PostgresParameters& parameters, std::string_view keyword) {
    for (const auto& [name, value] : parameters)
        if (name == keyword) return &value.reveal();
    return nullptr;
}

std::string value_or(const PostgresParameters& parameters, std::string_view keyword,
                     std::string_view otherwise) {
    const std::string* const value = find(parameters, keyword);
    return value != nullptr && !value->empty() ? *value : std::string(otherwise);
}

void set_default(PostgresParameters& parameters, std::string_view keyword, std::string_view value) {
    if (find(parameters, keyword) == nullptr) parameters.emplace_back(keyword, Secret(std::string(value)));
}

/// What belongs to the session leaves the parameters; of it, the operator's settings are kept.
Result<void> take_session(PostgresParameters& parameters, PostgresSettings& settings) {
    if (!value_or(parameters, "replication", "").empty()) {
        return Error{Errc::config, "database_url asks for replication, which keyshift does not speak",
                     "take replication out of it"};
    }
    auto parsed = parse_postgres_options(value_or(parameters, "options", ""));
    if (!parsed) return parsed.error();
    settings = *std::move(parsed);
    parameters.erase(std::remove_if(parameters.begin(), parameters.end(),
                                    [](const auto& parameter) { return is_of_the_session(parameter.first); }),
                     parameters.end());
    return {};
}

std::vector<std::string> split_list(const std::string& list) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (std::size_t comma = list.find(','); comma != std::string::npos; comma = list.find(',', begin)) {
        parts.push_back(list.substr(begin, comma - begin));
        begin = comma + 1;
    }
    parts.push_back(list.substr(begin));
    return parts;
}

std::string printable_target(const PostgresParameters& parameters, const PostgresTarget& target) {
    std::string host = value_or(parameters, "host", value_or(parameters, "hostaddr", ""));
    std::string port = value_or(parameters, "port", "");
    if (port.empty() && host.find(',') == std::string::npos) port = "5432";
    if (host.empty()) host = "local socket";
    return host + (port.empty() ? "" : ":" + port) + "/" + target.database + " as " + target.user;
}

Result<PostgresParameters> take_apart(const Secret& connection_string) {
    const std::string& text = connection_string.reveal();
    if (text.empty()) return bad("is empty");
    if (text.find('\0') != std::string::npos) return bad("contains a NUL byte");
    if (is_url(text) && looks_mistyped(text)) return bad("has an unescaped @, / or ? in its password");
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(text.c_str(), &message), &PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> complaint(message, &PQfreemem);
    if (!options) return refused(message != nullptr ? message : "");
    PostgresParameters parameters;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr) parameters.emplace_back(option->keyword, Secret(option->val));
    return parameters;
}

/// The server's user and database when the string names none, by libpq's own rules.
std::string default_user() {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconndefaults(),
                                                                               &PQconninfoFree);
    for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
         ++option)
        if (std::string_view(option->keyword) == "user" && option->val != nullptr) return option->val;
    return "";
}

}  // namespace

Result<PostgresTarget> PostgresTarget::parse(const Secret& connection_string) {
    auto parameters = take_apart(connection_string);
    if (!parameters) return parameters.error();
    const std::string port = value_or(*parameters, "port", "");
    if (port.find_first_not_of("0123456789,") != std::string::npos)
        return bad("has a port that is not a number");
    PostgresTarget target;
    target.user = value_or(*parameters, "user", default_user());
    target.database = value_or(*parameters, "dbname", target.user);
    if (target.database.find_first_of("@:") != std::string::npos && is_url(connection_string.reveal()))
        return bad("has an unescaped / in its password");
    if (is_url(target.database)) return bad("has a URL for a database name");
    target.password = Secret(value_or(*parameters, "password", ""));
    if (auto taken = take_session(*parameters, target.settings); !taken) return taken.error();
    set_default(*parameters, "keepalives_idle", "30");
    set_default(*parameters, "keepalives_interval", "10");
    set_default(*parameters, "keepalives_count", "3");
    set_default(*parameters, "tcp_user_timeout", "15000");
    // Looking for Kerberos tickets before every connection costs memory and can wait for a KDC; who wants it
    // says so.
    set_default(*parameters, "gssencmode", "disable");
    target.printable = printable_target(*parameters, target);
    target.parameters = std::move(*parameters);
    return target;
}

bool is_of_the_session(std::string_view keyword) {
    return keyword == "options" || keyword == "application_name" || keyword == "fallback_application_name" ||
           keyword == "client_encoding" || keyword == "replication";
}

void ignore_session_environment() {
    for (const char* const name :
         {"PGOPTIONS", "PGAPPNAME", "PGCLIENTENCODING", "PGTZ", "PGDATESTYLE", "PGGEQO"})
        ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): the only thread
}

std::size_t host_count(const PostgresParameters& parameters) {
    std::size_t count = 1;
    for (const char* const keyword : {"host", "hostaddr"}) {
        if (const std::string* const list = find(parameters, keyword); list != nullptr)
            count = std::max(count, split_list(*list).size());
    }
    return count;
}

std::size_t host_index(const PostgresParameters& parameters, const std::string& host) {
    for (const char* const keyword : {"host", "hostaddr"}) {
        const std::string* const list = find(parameters, keyword);
        if (list == nullptr) continue;
        const auto parts = split_list(*list);
        const auto at = std::find(parts.begin(), parts.end(), host);
        if (at != parts.end()) return static_cast<std::size_t>(at - parts.begin());
    }
    return 0;
}

PostgresParameters without_host(const PostgresParameters& parameters, std::size_t index) {
    PostgresParameters rest = parameters;
    for (auto& [name, value] : rest) {
        if (name != "host" && name != "hostaddr" && name != "port") continue;
        auto parts = split_list(value.reveal());
        if (parts.size() < 2 || index >= parts.size()) continue;  // one port for all hosts
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(index));
        std::string joined;
        for (const std::string& part : parts) joined += (&part == &parts.front() ? "" : ",") + part;
        value = Secret(joined);
    }
    return rest;
}

}  // namespace keyshift::drivers
