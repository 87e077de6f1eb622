// SPDX-License-Identifier: Apache-2.0
#include "drivers/connection_parameters.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <libpq-fe.h>

#include "base/ascii.hpp"
#include "drivers/connection_names.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using Form = ConnectionString::Form;

constexpr const char* kModes = "disable, allow, prefer, require, verify-ca or verify-full";

/// Of libpq's sslmode, the weakest first.
constexpr std::array<std::string_view, 6> kStrength{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};

/// Parameters that are younger than libpq 15, and the release that brought each.
constexpr std::pair<std::string_view, int> kYoungParameters[] = {
    {"require_auth", 16},         {"sslcertmode", 16},         {"gssdelegation", 16},
    {"load_balance_hosts", 16},   {"sslnegotiation", 17},      {"min_protocol_version", 18},
    {"max_protocol_version", 18}, {"sslkeylogfile", 18},       {"servicefile", 18},
    {"scram_client_key", 18},     {"scram_server_key", 18},    {"oauth_issuer", 18},
    {"oauth_client_id", 18},      {"oauth_client_secret", 18}, {"oauth_scope", 18},
};

Error refused(const std::string& name, const std::string& what, std::string hint) {
    return {Errc::config, "database_url has " + name + ", " + what, std::move(hint)};
}

/// The mode of libpq that a client's own word means; empty: none.
std::string_view mode_of(std::string_view value) {
    const std::string plain = plain_name(value);
    for (const std::string_view mode : kStrength)
        if (plain == plain_name(mode)) return mode;
    constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
        {"disabled", "disable"},           {"preferred", "prefer"}, {"required", "require"},
        {"noverify", "require"},  // node-postgres: TLS without verification
        {"verifyidentity", "verify-full"},
    };
    for (const auto& [word, mode] : kOthers)
        if (plain == word) return mode;
    return {};
}

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
        : string_(string), keywords_(keywords) {}

    Result<SortedParameters> sort() {
        if (string_.was_quoted) out_.skipped.emplace_back(kQuotes);
        for (index_ = 0; index_ < string_.parameters.size(); ++index_)
            if (auto taken = take(string_.parameters[index_]); !taken) return taken.error();
        if (auto protected_ = settle_protection(); !protected_) return protected_.error();
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

    void rename(std::string_view from, std::string_view to) {
        for (UrlParameter& one : out_.libpq)
            if (one.name == from) one.name = to;
    }

    Result<void> take(const UrlParameter& parameter) {
        const std::string& name = parameter.name;
        if (const std::string_view setting = bracketed(name); !setting.empty())
            return take_setting(setting, parameter);
        const std::string plain = plain_name(name);
        const ConnectionName meaning = meaning_of(plain);
        if (is_keyword(name) && meaning != ConnectionName::tls_mode) return give(name, parameter.value);
        if (auto young = of_a_later_libpq(name); !young) return young.error();
        if (meaning == ConnectionName::of_client || name.substr(0, 2) == "x-") {  // golang-migrate's
            out_.skipped.push_back(meaning == ConnectionName::of_client ? name : shown_name(string_, index_));
            return {};
        }
        if (meaning != ConnectionName::unknown) return apply(meaning, parameter);
        for (const std::string& keyword : keywords_)
            if (plain_name(keyword) == plain) return give(keyword, parameter.value);
        return refused(shown_name(string_, index_),
                       "which neither libpq nor another client that is known here has",
                       "correct its name, or take it out; & and = in a password are %26 and %3D");
    }

    /// Two hosts or two users mean something else to each client.
    Result<void> give(const std::string& keyword, const std::string& value) {
        constexpr std::array<std::string_view, 6> kWhere{"host", "hostaddr", "port",
                                                         "user", "password", "dbname"};
        const bool where = std::find(kWhere.begin(), kWhere.end(), keyword) != kWhere.end();
        if (where && has(keyword) && string_.form != Form::keywords)
            return refused(keyword, "twice", "give several hosts in one: host=a,b");
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

    Result<void> take_setting(std::string_view setting, const UrlParameter& parameter) {
        if (plain_name(setting) == "searchpath") return search(parameter.name, parameter.value);
        for (const char c : setting) {
            if (!base::is_alphanumeric(c) && c != '_' && c != '-' && c != '.')
                return refused("options[...]", "with something else than a setting's name in it",
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
                return refused(name, "which names another schema than " + out_.search_path_by,
                               "give one of them; or name the schema in gateway.table");
            }
        }
        out_.settings.assign(1, {"search_path", path});
        out_.search_path_by = name;
        return {};
    }

    Result<void> apply(ConnectionName meaning, const UrlParameter& parameter) {
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
                return take_mode(parameter);
            case ConnectionName::tls:
                return take_tls(parameter);
            case ConnectionName::tls_verification:
                return take_verification(parameter);
            case ConnectionName::tls_factory:
                return take_factory(parameter);
            case ConnectionName::server_type:
                return take_server_type(parameter);
            default:
                return refused(
                    parameter.name,
                    "which changes how the server is reached or verified in a way that libpq cannot",
                    "use sslmode, sslrootcert, sslcert and sslkey (PEM files), and host");
        }
    }

    Result<void> take_mode(const UrlParameter& parameter) {
        const std::string_view mode = mode_of(parameter.value);
        if (mode.empty())
            return refused(parameter.name, "with a value that is no mode of libpq's",
                           std::string("write sslmode= with ") + kModes);
        raise(mode_, mode);
        return {};
    }

    Result<void> take_tls(const UrlParameter& parameter) {
        const std::string value = base::lower(parameter.value);
        if (value == "true" || value == "1" || value == "on" || value == "yes") {
            // Java's driver verifies; libpq reads it as sslmode=require.
            raise(tls_, string_.form == Form::jdbc ? "verify-full" : "require");
            return {};
        }
        // No more than nothing said: TLS where the server has it.
        if (value == "false" || value == "0" || value == "off" || value == "no") return {};
        return take_mode(parameter);
    }

    Result<void> take_verification(const UrlParameter& parameter) {
        const std::string plain = plain_name(parameter.value);
        if (plain != "strict" && plain != "acceptinvalidcerts")
            return refused(parameter.name, "with a value that Prisma does not know",
                           "write strict or accept_invalid_certs, or sslmode in its place");
        verified_ = plain == "strict";
        return {};
    }

    Result<void> take_factory(const UrlParameter& parameter) {
        if (parameter.value != "org.postgresql.ssl.NonValidatingFactory")
            return refused(parameter.name, "which is a class of Java's that verifies in its own way",
                           "use sslmode and sslrootcert in its place");
        raise(mode_, "require");
        return {};
    }

    Result<void> take_server_type(const UrlParameter& parameter) {
        const std::string_view attrs = session_attrs(parameter.value);
        if (attrs.empty())
            return refused(parameter.name, "with a value that has no counterpart in libpq",
                           "write target_session_attrs=primary, standby, prefer-standby or any");
        return give("target_session_attrs", std::string(attrs));
    }

    static void raise(std::optional<std::string_view>& mode, std::string_view to) {
        const auto strength = [](std::string_view of) {
            return std::find(kStrength.begin(), kStrength.end(), of) - kStrength.begin();
        };
        if (!mode || strength(*mode) < strength(to)) mode = to;
    }

    /// Said in several ways, the strictest counts; sslmode goes before ssl, as in Java's driver and node's.
    Result<void> settle_protection() {
        auto mode = mode_ ? mode_ : tls_;
        if (verified_) {
            const bool verifies = mode == "verify-ca" || mode == "verify-full";
            if (*verified_ ? mode == "disable" : verifies) {
                return refused("sslaccept", "which contradicts its sslmode",
                               "take sslaccept out; sslmode=verify-full verifies, sslmode=require does not");
            }
            if (*verified_) mode = "verify-full";
            settle_prismas_certificate();
        }
        if (mode) out_.libpq.push_back({"sslmode", std::string(*mode)});
        return {};
    }

    /// Prisma's sslcert is the server's authority. Without one, those of the system count.
    void settle_prismas_certificate() {
        if (has("sslcert") && !has("sslkey")) rename("sslcert", *verified_ ? "sslrootcert" : "");
        out_.libpq.erase(std::remove_if(out_.libpq.begin(), out_.libpq.end(),
                                        [](const UrlParameter& one) { return one.name.empty(); }),
                         out_.libpq.end());
        if (*verified_ && !has("sslrootcert")) {
            constexpr int kKnowsSystem = 160000;
            out_.libpq.push_back({"sslrootcert", PQlibVersion() >= kKnowsSystem
                                                     ? "system"
                                                     : "/etc/ssl/certs/ca-certificates.crt"});
        }
    }

    const ConnectionString& string_;
    const std::vector<std::string>& keywords_;
    std::size_t index_ = 0;
    SortedParameters out_;
    std::optional<std::string_view> mode_;  // by its own name
    std::optional<std::string_view> tls_;   // by ssl=true
    std::optional<bool> verified_;
};

}  // namespace

Result<SortedParameters> sort_parameters(const ConnectionString& string,
                                         const std::vector<std::string>& keywords) {
    return Sorter(string, keywords).sort();
}

}  // namespace keyshift::drivers
