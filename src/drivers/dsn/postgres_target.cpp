// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/postgres_target.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include <libpq-fe.h>

#include "drivers/dsn/connection_string.hpp"
#include "drivers/dsn/parameters.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Secret;

bool is_url(std::string_view text) {
    return text.substr(0, 13) == "postgresql://" || text.substr(0, 11) == "postgres://";
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

/// What belongs to the session leaves the parameters; of it, the operator's settings are kept. `chosen` are
/// those that other names than `options` gave.
Result<void> move_session(PostgresParameters& parameters, PostgresSettings chosen,
                          PostgresSettings& settings) {
    if (!value_or(parameters, "replication", "").empty()) {
        return Error{Errc::config, "database_url asks for replication, which keyshift does not speak",
                     "take replication out of it"};
    }
    auto parsed = parse_postgres_options(value_or(parameters, "options", ""));
    if (!parsed) return parsed.error();
    settings = *std::move(parsed);
    for (auto& setting : chosen) {
        const auto same = [&](const auto& other) { return other.first == setting.first; };
        const auto beside = std::find_if(settings.begin(), settings.end(), same);
        if (beside != settings.end() && beside->second != setting.second) {
            return Error{Errc::config, "database_url has two values of " + setting.first + ", one in options",
                         "give one of them; or name the schema in gateway.table"};
        }
        settings.push_back(std::move(setting));
    }
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
    if (port.find_first_not_of(',') == std::string::npos) port.clear();
    if (port.empty() && host.find(',') == std::string::npos) port = "5432";
    if (host.empty()) host = "local socket";
    return host + (port.empty() ? "" : ":" + port) + "/" + target.database + " as " + target.user;
}

using ConninfoOptions = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// What libpq finds in `text`, and its keywords. Its complaint may quote the password.
ConninfoOptions read_by_libpq(const std::string& text) {
    return {PQconninfoParse(text.c_str(), nullptr), &PQconninfoFree};
}

struct Apart {
    PostgresParameters parameters;
    PostgresSettings settings;
    std::string search_path_by;
    bool is_of_java = false;
    std::vector<std::string> skipped;
};

Result<Apart> read_parts(const Secret& connection_string) {
    const auto string = read_connection_string(connection_string.reveal());
    if (!string) return string.error();
    const ConninfoOptions options = read_by_libpq(string->address);
    if (!options) return bad_database_url("is not a connection string that libpq accepts");
    Apart apart;
    std::vector<std::string> keywords;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        keywords.emplace_back(option->keyword);
        if (option->val != nullptr) apart.parameters.emplace_back(option->keyword, Secret(option->val));
    }
    auto sorted = sort_parameters(*string, keywords);
    if (!sorted) return sorted.error();
    for (UrlParameter& parameter : sorted->libpq) {
        const auto same = [&](const auto& other) { return other.first == parameter.name; };
        apart.parameters.erase(std::remove_if(apart.parameters.begin(), apart.parameters.end(), same),
                               apart.parameters.end());
        apart.parameters.emplace_back(std::move(parameter.name), Secret(std::move(parameter.value)));
    }
    apart.settings = std::move(sorted->settings);
    apart.search_path_by = std::move(sorted->search_path_by);
    apart.is_of_java = string->form == ConnectionString::Form::jdbc;
    apart.skipped = std::move(sorted->skipped);
    return apart;
}

/// The server's user and database when the string names none, by libpq's own rules.
std::string default_user() {
    const ConninfoOptions options(PQconndefaults(), &PQconninfoFree);
    for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
         ++option)
        if (std::string_view(option->keyword) == "user" && option->val != nullptr) return option->val;
    return "";
}

}  // namespace

Result<PostgresTarget> PostgresTarget::parse(const Secret& connection_string) {
    auto apart = read_parts(connection_string);
    if (!apart) return apart.error();
    PostgresParameters& parameters = apart->parameters;
    const std::string port = value_or(parameters, "port", "");
    if (port.find_first_not_of("0123456789,") != std::string::npos)
        return bad_database_url("has a port that is not a number");
    PostgresTarget target;
    target.user = value_or(parameters, "user", default_user());
    target.database = value_or(parameters, "dbname", target.user);
    if (target.database.find_first_of("@:") != std::string::npos &&
        connection_string.reveal().find("://") != std::string::npos)
        return bad_database_url("has an unescaped / in its password");
    if (is_url(target.database)) return bad_database_url("has a URL for a database name");
    target.password = Secret(value_or(parameters, "password", ""));
    target.search_path_by = std::move(apart->search_path_by);
    target.is_of_java = apart->is_of_java;
    target.skipped = std::move(apart->skipped);
    if (auto moved = move_session(parameters, std::move(apart->settings), target.settings); !moved)
        return moved.error();
    set_default(parameters, "keepalives_idle", "30");
    set_default(parameters, "keepalives_interval", "10");
    set_default(parameters, "keepalives_count", "3");
    set_default(parameters, "tcp_user_timeout", "15000");
    // Looking for Kerberos tickets before every connection costs memory and can wait for a KDC; who wants it
    // says so.
    set_default(parameters, "gssencmode", "disable");
    const auto is_path = [](const auto& setting) { return setting.first == "search_path"; };
    if (target.search_path_by.empty() && std::any_of(target.settings.begin(), target.settings.end(), is_path))
        target.search_path_by = "options";
    target.printable = printable_target(parameters, target);
    target.parameters = std::move(parameters);
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
