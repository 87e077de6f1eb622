// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/parameters.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <libpq-fe.h>

#include "base/ascii.hpp"
#include "drivers/dsn/names.hpp"
#include "drivers/dsn/protection.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using Form = ConnectionString::Form;

/// Parameters that are younger than libpq 15, and the release that brought each.
constexpr std::pair<std::string_view, int> kYoungParameters[] = {
    {"require_auth", 16},         {"sslcertmode", 16},         {"gssdelegation", 16},
    {"load_balance_hosts", 16},   {"sslnegotiation", 17},      {"min_protocol_version", 18},
    {"max_protocol_version", 18}, {"sslkeylogfile", 18},       {"servicefile", 18},
    {"scram_client_key", 18},     {"scram_server_key", 18},    {"oauth_issuer", 18},
    {"oauth_client_id", 18},      {"oauth_client_secret", 18}, {"oauth_scope", 18},
};

/// Java's servers as libpq calls them; empty: none.
std::string_view session_attrs(std::string_view server_type) {
    constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
        {"any", "any"},
        {"primary", "primary"},
        {"master", "primary"},
        {"secondary", "standby"},
        {"slave", "standby"},
        {"prefersecondary", "prefer-standby"},
        {"preferslave", "prefer-standby"},
        {"preferprimary", "any"},
    };
    const std::string plain = plain_name(server_type);
    for (const auto& [word, attrs] : kTypes)
        if (plain == word) return attrs;
    return {};
}

/// A schema's name as it stands in a search path.
std::string path_of(const std::string& schema) {
    const auto is_plain = [](char c) { return base::is_digit(c) || (c >= 'a' && c <= 'z') || c == '_'; };
    if (std::all_of(schema.begin(), schema.end(), is_plain) && !base::is_digit(schema.front())) return schema;
    std::string out = "\"";
    for (const char c : schema) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + '"';
}

/// "options[search_path]" is of search_path; empty: it is no such name.
std::string_view bracketed(std::string_view name) {
    for (const std::string_view list : {"options[", "variables[", "server_settings["})
        if (name.size() > list.size() + 1 && name.substr(0, list.size()) == list && name.back() == ']')
            return name.substr(list.size(), name.size() - list.size() - 1);
    return {};
}

class Sorter {
 public:
    Sorter(const ConnectionString& string, const std::vector<std::string>& keywords)
        : string_(string), keywords_(keywords), protection_(string.form) {}

    Result<SortedParameters> sort() {
        if (string_.was_quoted) out_.skipped.emplace_back(kQuotes);
        for (index_ = 0; index_ < string_.parameters.size(); ++index_)
            if (auto applied = apply(string_.parameters[index_]); !applied) return applied.error();
        if (auto settled = protection_.settle(out_.libpq); !settled) return settled.error();
        return std::move(out_);
    }

 private:
    bool is_keyword(std::string_view name) const {
        return std::find(keywords_.begin(), keywords_.end(), name) != keywords_.end();
    }

    bool has(std::string_view keyword) const {
        return std::any_of(out_.libpq.begin(), out_.libpq.end(),
                           [&](const UrlParameter& one) { return one.name == keyword; });
    }

    Result<void> apply(const UrlParameter& parameter) {
        const std::string& name = parameter.name;
        if (const std::string_view setting = bracketed(name); !setting.empty())
            return apply_setting(setting, parameter);
        const std::string plain = plain_name(name);
        const ConnectionName meaning = meaning_of(plain);
        if (is_keyword(name) && meaning != ConnectionName::tls_mode) return give(name, parameter.value);
        if (auto young = of_a_later_libpq(name); !young) return young.error();
        if (meaning == ConnectionName::of_client || name.substr(0, 2) == "x-") {  // golang-migrate's
            out_.skipped.push_back(meaning == ConnectionName::of_client ? name : shown_name(string_, index_));
            return {};
        }
        if (meaning != ConnectionName::unknown) return apply_meaning(meaning, parameter);
        for (const std::string& keyword : keywords_)
            if (plain_name(keyword) == plain) return give(keyword, parameter.value);
        return refused_parameter(shown_name(string_, index_),
                                 "which neither libpq nor another client that is known here has",
                                 "correct its name, or take it out; & and = in a password are %26 and %3D");
    }

    /// Two hosts or two users mean something else to each client.
    Result<void> give(const std::string& keyword, const std::string& value) {
        constexpr std::array<std::string_view, 6> kWhere{"host", "hostaddr", "port",
                                                         "user", "password", "dbname"};
        const bool where = std::find(kWhere.begin(), kWhere.end(), keyword) != kWhere.end();
        if (where && has(keyword) && string_.form != Form::keywords)
            return refused_parameter(keyword, "twice", "give several hosts in one: host=a,b");
        if (keyword == "options" && has(keyword)) {
            for (UrlParameter& one : out_.libpq)
                if (one.name == keyword) one.value += " " + value;
            return {};
        }
        out_.libpq.push_back({keyword, value});
        return {};
    }

    static Result<void> of_a_later_libpq(const std::string& name) {
        const int own = PQlibVersion() / 10000;
        for (const auto& [young, release] : kYoungParameters) {
            if (own >= release || young != name) continue;
            return Error{Errc::config,
                         "database_url has " + name + ", which libpq has from " + std::to_string(release) +
                             " on, and keyshift uses libpq " + std::to_string(own),
                         "use keyshift with a newer libpq5, or take it out of database_url"};
        }
        return {};
    }

    Result<void> apply_setting(std::string_view setting, const UrlParameter& parameter) {
        if (plain_name(setting) == "searchpath") return search(parameter.name, parameter.value);
        for (const char c : setting) {
            if (!base::is_alphanumeric(c) && c != '_' && c != '-' && c != '.')
                return refused_parameter("options[...]", "with something else than a setting's name in it",
                                         "write options[name]=value");
        }
        std::string word = std::string(setting) + "=";
        for (const char c : parameter.value)
            word += (c == ' ' || c == '\\') ? std::string{'\\', c} : std::string{c};
        return give("options", "-c " + word);
    }

    Result<void> search(const std::string& name, const std::string& path) {
        if (path.empty()) return {};
        for (const auto& [setting, value] : out_.settings) {
            if (value != path) {
                return refused_parameter(name, "which names another schema than " + out_.search_path_by,
                                         "give one of them; or name the schema in gateway.table");
            }
        }
        out_.settings.assign(1, {"search_path", path});
        out_.search_path_by = name;
        return {};
    }

    Result<void> apply_meaning(ConnectionName meaning, const UrlParameter& parameter) {
        switch (meaning) {
            case ConnectionName::schema:
                return search(parameter.name,
                              parameter.value.empty() ? std::string() : path_of(parameter.value));
            case ConnectionName::schemas:
                return search(parameter.name, parameter.value);
            case ConnectionName::user:
                return give("user", parameter.value);
            case ConnectionName::database:
                return give("dbname", parameter.value);
            case ConnectionName::tls_authority:
                return give("sslrootcert", parameter.value);
            case ConnectionName::tls_mode:
            case ConnectionName::tls:
            case ConnectionName::tls_verification:
            case ConnectionName::tls_factory:
                return protection_.apply(meaning, parameter);
            case ConnectionName::server_type:
                return apply_server_type(parameter);
            default:
                return refused_parameter(
                    parameter.name,
                    "which changes how the server is reached or verified in a way that libpq cannot",
                    "use sslmode, sslrootcert, sslcert and sslkey (PEM files), and host");
        }
    }

    Result<void> apply_server_type(const UrlParameter& parameter) {
        const std::string_view attrs = session_attrs(parameter.value);
        if (attrs.empty())
            return refused_parameter(parameter.name, "with a value that has no counterpart in libpq",
                                     "write target_session_attrs=primary, standby, prefer-standby or any");
        return give("target_session_attrs", std::string(attrs));
    }

    const ConnectionString& string_;
    const std::vector<std::string>& keywords_;
    ConnectionProtection protection_;
    std::size_t index_ = 0;
    SortedParameters out_;
};

}  // namespace

Result<SortedParameters> sort_parameters(const ConnectionString& string,
                                         const std::vector<std::string>& keywords) {
    return Sorter(string, keywords).sort();
}

}  // namespace keyshift::drivers
